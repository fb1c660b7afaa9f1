// The cookies that the page may read.

import { attempt } from "./attempt.mjs";
import { data } from "./data.mjs";

/**
 * Returns nothing also where cookies are refused.
 *
 * @param {string} name
 */
export function readCookie(name) {
  return attempt(() => document.cookie)?.match(`(^|; )${name}=([^;]*)`)?.[2];
}

/** Returns the session that the browser has. */
export function readMarker() {
  return readCookie(data.cookies.marker) || null;
}

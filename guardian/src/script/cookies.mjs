// The cookies that the page may read.

import { attempt } from "./attempt.mjs";

/**
 * Returns nothing also where cookies are refused.
 *
 * @param {string} name
 */
export function readCookie(name) {
  return attempt(() => document.cookie)?.match(`(^|; )${name}=([^;]*)`)?.[2];
}

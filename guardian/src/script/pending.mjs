// The pending sign-out: one that could not reach the server. Its cookie does two things: the server shows
// nobody signed in from the browser's next request on, and the next page that runs sends it.
//
// Over http, a page on another port or a neighbouring host can set the cookie, too. So the cookie alone asks
// for no more than a sign-out of this browser. Wider options wait in the storage of this origin, which no
// other origin can write.

import { attempt } from "./attempt.mjs";
import { readCookie } from "./cookies.mjs";
import { data } from "./data.mjs";
import { readPending, toFields } from "./options.mjs";

const STORAGE_KEY = "leptos-guardian.pending_sign_out";

/** Returns the pending sign-out, if the browser has its cookie. */
export function readKept() {
  const isKept = readCookie(data.cookies.pending.split("=")[0]) !== undefined;
  return isKept ? readPending(attempt(() => localStorage.getItem(STORAGE_KEY)) ?? "") : null;
}

/**
 * Keeps a sign-out until the server can be reached.
 *
 * @param {import("./types.d.ts").Options} options
 */
export function remember({ scope, session }) {
  // An older one must not take its place.
  forget();
  attempt(() => (document.cookie = data.cookies.pending));
  // Where cookies are refused, this page alone forgets. The page that sends it goes nowhere.
  if (readKept()) attempt(() => localStorage.setItem(STORAGE_KEY, String(toFields({ scope, session }))));
}

/** The server knows now. */
export function forget() {
  attempt(() => (document.cookie = data.cookies.pending.replace(/Max-Age=\d+/, "Max-Age=0")));
  attempt(() => localStorage.removeItem(STORAGE_KEY));
}

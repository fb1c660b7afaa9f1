// The pending sign-out: one that could not reach the server. Its cookie does two things: the server shows
// nobody signed in from the browser's next request on, and the next page that runs sends it.
//
// Over http, a page on another port or a neighbouring host can set the cookie, too. So the cookie alone asks
// for no more than a sign-out of this browser. Wider options wait in the storage of this origin, which no
// other origin can write.
//
// Some browsers forget a script's cookies after seven days, and the server's own cookies live longer. So the
// storage also names the session that the browser had: while it still has it, the sign-out is pending.

import { attempt } from "./attempt.mjs";
import { readCookie, readMarker } from "./cookies.mjs";
import { data } from "./data.mjs";
import { readPending, toFields } from "./options.mjs";

const STORAGE_KEY = "leptos-guardian.pending_sign_out";

/** Returns the pending sign-out, if the browser has its cookie or still its session. */
export function readKept() {
  const [fields, session] = (attempt(() => localStorage.getItem(STORAGE_KEY)) ?? "").split(" ");
  const isKept = readCookie(data.cookies.pending.split("=")[0]) !== undefined || session === readMarker();
  return isKept ? readPending(fields) : null;
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
  if (readKept()) attempt(() => localStorage.setItem(STORAGE_KEY, `${toFields({ scope, session })} ${readMarker()}`));
}

/** The server knows now. */
export function forget() {
  // A page that does not know the cookie's name yet does not know either what an earlier page has left.
  if (!data.cookies.pending) return;
  attempt(() => (document.cookie = data.cookies.pending.replace(/Max-Age=\d+/, "Max-Age=0")));
  attempt(() => localStorage.removeItem(STORAGE_KEY));
}

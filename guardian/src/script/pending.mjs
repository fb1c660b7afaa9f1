// The pending sign-out: one that could not reach the server. Its cookie does two things: the server shows
// nobody signed in from the browser's next request on, and the next page that runs sends it.
//
// Over http, a page on another port or a neighbouring host can set the cookie, too. So the cookie alone asks
// for no more than a sign-out of this browser. Wider options wait in the storage of this origin, which no
// other origin can write.

import { attempt } from "./attempt.mjs";
import { readPending, toFields } from "./options.mjs";

// As long as browsers keep any cookie: 400 days.
const MAX_AGE_SECONDS = 400 * 24 * 60 * 60;

const STORAGE_KEY = "leptos-guardian.pending_sign_out";

const IS_SECURE = location.protocol === "https:";

// Over https, the prefix keeps other hosts and plain http from setting it. Browsers send cookies to all ports
// of a host: the port keeps two apps on one machine apart.
const COOKIE = `${IS_SECURE ? "__Host-" : ""}pending_sign_out${location.port && `-${location.port}`}`;

/** Returns the pending sign-out, if the browser has its cookie. */
export function readKept() {
  return hasCookie() ? readPending(attempt(() => localStorage.getItem(STORAGE_KEY)) ?? "") : null;
}

/**
 * Keeps a sign-out until the server can be reached.
 *
 * @param {{ options: import("./types.d.ts").Options }} effect
 * @param {import("./types.d.ts").Dispatch} dispatch
 */
export function remember({ options }, dispatch) {
  // An older one must not take its place.
  forget();
  setCookie("1", MAX_AGE_SECONDS);
  // The callback URL could make the request too large, and the page that sends it goes nowhere.
  const fields = toFields({ ...options, callbackUrl: null });
  // Where cookies are refused, this page alone forgets.
  if (hasCookie()) attempt(() => localStorage.setItem(STORAGE_KEY, String(fields)));
  dispatch({ type: "changed" });
}

/** The server knows now. */
export function forget() {
  setCookie("", 0);
  attempt(() => localStorage.removeItem(STORAGE_KEY));
}

function hasCookie() {
  const cookies = attempt(() => document.cookie) ?? "";
  return cookies.split("; ").some((cookie) => cookie.startsWith(`${COOKIE}=`));
}

/**
 * @param {string} value
 * @param {number} maxAge
 */
function setCookie(value, maxAge) {
  const secure = IS_SECURE ? "; Secure" : "";
  const cookie = `${COOKIE}=${value}; Path=/; SameSite=Lax; Max-Age=${maxAge}${secure}`;
  attempt(() => (document.cookie = cookie));
}

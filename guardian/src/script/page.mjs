// The page in the browser: what it lives through, and where it goes.

import { attempt } from "./attempt.mjs";
import { NEEDS_USER } from "./elements.mjs";

/** Returns the path of the sign-in page, if the page needs a user. */
export function readSignInUrl() {
  const urls = [...document.querySelectorAll(`[${NEEDS_USER}]`)].map((element) => element.getAttribute(NEEDS_USER));
  // Only on this site: an element may be somebody else's.
  return urls.find((url) => /^\/([^/\\\s]|$)/.test(url ?? "")) ?? null;
}

/**
 * Loads a page as a new document, even when it is the one that is shown.
 *
 * @param {string} [url]
 */
export function loadPage(url) {
  if (!url) return location.reload();
  const { href } = new URL(url, location.href);
  location.href = url;
  // A URL that differs in its fragment alone is the page's at once, without loading anything.
  if (location.href === href) location.reload();
}

/**
 * Calls back when the page's program has failed: it stops for good where somebody else, such as a translator, has
 * changed what it is to hydrate.
 *
 * @param {() => void} work
 */
export function listenToFailure(work) {
  const hear = (/** @type {any} */ { error, reason }) =>
    /^(Runtime|Compile|Link)Error$/.test((error ?? reason)?.name) && work();
  addEventListener("error", hear);
  addEventListener("unhandledrejection", hear);
}

/** @param {import("./types.d.ts").Dispatch} dispatch */
export function listenToPage(dispatch) {
  const look = () => document.hidden || dispatch("looked");
  document.addEventListener("visibilitychange", look);
  // A window beside another one stays visible.
  addEventListener("focus", look);
  addEventListener("online", () => dispatch("online"));
  addEventListener("pagehide", () => dispatch("hidden"));
  addEventListener("pageshow", ({ persisted }) => persisted && dispatch("restored"));
  // However somebody signs in or out, the cookie changes with it. Not every browser tells of that, but of
  // the request that did it.
  const change = () => dispatch("changed");
  attempt(() => cookieStore.addEventListener("change", change));
  attempt(() => new PerformanceObserver(change).observe({ type: "resource" }));
}

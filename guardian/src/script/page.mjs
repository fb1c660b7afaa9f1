// The page in the browser: what the server has written into it, what it lives through, where it goes.

import { attempt } from "./attempt.mjs";
import { NEEDS_USER, each } from "./elements.mjs";
import { readAccounts } from "./messages.mjs";
import { setTexts } from "./texts.mjs";

/** Reads what the server has written into the page. Without anything readable, the page asks. */
export function readPage() {
  const data = String(document.querySelector("script#guardian-page")?.textContent);
  const { state, texts } = attempt(() => JSON.parse(data)) ?? {};
  setTexts(texts);
  return attempt(() => state && readAccounts({ ...state.active, others: state.others }));
}

/** @returns {boolean} */
export function isFromHistory() {
  return performance.getEntriesByType("navigation").some((loaded) => Object(loaded).type === "back_forward");
}

/** Returns the address of the sign-in page, if the page needs a user. */
export function readSignInUrl() {
  /** @type {string | null} */
  let found = null;
  each(NEEDS_USER, (element) => {
    const url = new URL(element.getAttribute(NEEDS_USER) ?? "", document.baseURI);
    // Only on this site: the element may be somebody else's.
    if (url.origin === location.origin) found ??= url.href;
  });
  return found;
}

/**
 * Loads a page as a new document, even when it is the one that is shown.
 *
 * @param {{ url: string }} effect
 */
export function loadPage({ url }) {
  const { href } = location;
  location.href = url;
  const target = new URL(url, href).href;
  // A URL that differs in its fragment alone scrolls instead of loading.
  if (target.includes("#") && target.split("#")[0] === href.split("#")[0]) reloadPage();
}

export function reloadPage() {
  location.reload();
}

/** @param {import("./types.d.ts").Dispatch} dispatch */
export function listenToPage(dispatch) {
  const look = () => {
    if (document.visibilityState === "visible") dispatch({ type: "looked" });
  };
  document.addEventListener("visibilitychange", look);
  // A window beside another one stays visible.
  addEventListener("focus", look);
  addEventListener("online", () => dispatch({ type: "online" }));
  addEventListener("pagehide", () => dispatch({ type: "hidden" }));
  addEventListener("pageshow", ({ persisted }) => persisted && dispatch({ type: "restored" }));
}

// What the tests of whole pages share: the users, and a browser with a user's page.

import assert from "node:assert/strict";
import { Browser, element, pageData } from "./fake_browser.mjs";

/** @typedef {import("./fake_dom.mjs").Element} Element */

export const ADA = { id: "ada", profile: { name: "Ada Lovelace" }, session: "ada-session" };
export const GRACE = { id: "grace", profile: { name: "Grace Hopper" }, session: "grace-session" };
export const SIGNED_OUT = { scope: "local", ended: ["ada-session"], events: ["event-1"], url: null };
export const SITE = "http://127.0.0.1:3000/page?x=1";
export const STORAGE_KEY = "leptos-guardian.pending_sign_out";
export const MARKER = "session_marker-3000";

export const TEXTS = {
  progress: "Signing out…",
  done: "Signed out.",
  done_others: "Signed out everywhere else.",
  try_again: "Try again",
  pending: "This browser has forgotten you.",
  not_loaded: "This could not be loaded.",
  ended: "The session has ended.",
  ended_others: "You are signed out everywhere else.",
  session_unreachable: "The server did not answer.",
  sign_out_unreachable: "The server did not answer, so the sessions may still be there.",
  switch_account_unreachable: "The server did not answer.",
};
export const FORGOTTEN = /This browser has forgotten you/;

export const COOKIES = {
  marker: MARKER,
  pending: "pending_sign_out-3000=1; Path=/; SameSite=Lax; Max-Age=34560000",
};

/** The data of a page. @param {object} [some] */
export const data = (some) => ({ texts: TEXTS, cookies: COOKIES, hydrates: false, ...some });

/** A page of the server's. @param {...(Element | string)} content */
export const page = (...content) => element("main", {}, ...content);

export const shownTo = (/** @type {string} */ who) => element("p", { [`data-guardian-signed-${who}`]: "" });

/** A browser with a page that the server has rendered for somebody. @param {any} state @param {...Element} content */
export function visit(state, ...content) {
  const browser = new Browser(SITE, ...content);
  browser.document.head.append(pageData(data({ state })));
  if (state) browser.cookies.set(MARKER, state.active.session);
  browser.responses["/api/session"] = state && { ...state.active, others: state.others };
  return browser;
}

/** A browser with Ada's page. Later the server says that nobody is signed in. @param {...Element} content */
export function adas(...content) {
  const browser = visit({ active: ADA, others: [] }, ...content);
  browser.responses["/api/session"] = null;
  return browser;
}

/** The failure of a promise. @param {Promise<unknown>} promise @returns {Promise<any>} */
export const failure = (promise) =>
  promise.then(
    () => assert.fail("it succeeded"),
    (error) => error,
  );

/** The events that the page dispatches from now on. @param {Browser} browser @param {string} name */
export function record(browser, name) {
  /** @type {any[]} */
  const details = [];
  browser.window.document.addEventListener(`guardian:${name}`, (/** @type {any} */ event) =>
    details.push(structuredClone(event.detail)),
  );
  return details;
}

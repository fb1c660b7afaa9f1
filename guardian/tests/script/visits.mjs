// What the tests of whole pages share: the users, and a browser with a user's page.

import assert from "node:assert/strict";
import { Browser, element, pageData } from "./fake_browser.mjs";

/** @typedef {import("./fake_browser.mjs").Element} Element */

export const ADA = { id: "ada", profile: { name: "Ada Lovelace" }, session: "ada-session" };
export const GRACE = { id: "grace", profile: { name: "Grace Hopper" }, session: "grace-session" };
export const SIGNED_OUT = { scope: "local", ended: ["ada-session"], events: ["event-1"], url: null };
export const SITE = "http://127.0.0.1:3000/page?x=1";
export const FORGOTTEN = /This browser has forgotten you/;
export const STORAGE_KEY = "leptos-guardian.pending_sign_out";

export const shownTo = (/** @type {string} */ who) => element("p", { [`data-guardian-signed-${who}`]: "" });

/** A browser with Ada's page. @param {...Element} content */
export function adas(...content) {
  return new Browser(SITE, pageData({ state: { active: ADA, others: [] } }), ...content);
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

// What the server says of the page: its texts, in its language, and its cookies, whose names depend on the site's
// address.

import { attempt } from "./attempt.mjs";

/** @typedef {import("./guardian.d.ts").PageData} PageData */

/** @type {PageData & Required<Pick<PageData, "texts" | "cookies">>} */
export const data = { texts: {}, cookies: { marker: "", pending: "" } };

/**
 * Takes what the server has written into a page: nothing from one without anything readable. It has the user's
 * name, which is not to stay in the page when they have left.
 *
 * @param {ParentNode | void} page
 * @returns {PageData}
 */
export function readPage(page) {
  const element = page?.querySelector("script#guardian-page");
  element?.remove();
  return Object(attempt(() => JSON.parse(/** @type {any} */ (element).textContent)));
}

/** @param {string} key */
export function text(key) {
  return data.texts[key] ?? "";
}

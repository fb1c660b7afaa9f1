// The elements of the page.

import { attempt } from "./attempt.mjs";

export const NEEDS_USER = "data-guardian-requires-user";

/**
 * Does something with every element that has an attribute. One that refuses does not stop the others.
 *
 * @param {string} attribute
 * @param {(element: Element) => void} work
 */
export function each(attribute, work) {
  for (const element of document.querySelectorAll(`[${attribute}]`)) attempt(() => work(element));
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string>} [attributes]
 * @param {string} [text]
 */
export function newElement(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

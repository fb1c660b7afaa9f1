// What the page shows.

import { API } from "./api.mjs";
import { NEEDS_USER, each, newElement } from "./elements.mjs";
import { sayFailure } from "./forms.mjs";
import { toFields } from "./options.mjs";
import { text } from "./texts.mjs";

/** @typedef {import("./types.d.ts").State} State */

/** @type {Element | undefined} */
let notice;

/**
 * Shows who is signed in. What is not known stays as the server has rendered it.
 *
 * @param {State["active"]} active
 */
export function showUser(active) {
  if (active === undefined) return;
  each("data-guardian-signed-in", (element) => element.toggleAttribute("hidden", !active));
  each("data-guardian-signed-out", (element) => element.toggleAttribute("hidden", !!active));
  const name = active ? active.profile.name : "";
  each("data-guardian-name", (element) => {
    // Written again, it would call the observer again.
    if (element.textContent !== name) element.textContent = name;
  });
}

/**
 * Says that the server has not ended the session yet, and offers to send the sign-out again. The form that
 * began it may be hidden with the signed-in state.
 *
 * @param {State["pending"]} pending
 */
export function showNotice(pending) {
  notice?.remove();
  if (!pending) return;
  notice = newElement("div", { class: "guardian-notice" });
  const form = newElement("form", { class: "guardian-form", method: "post", action: `${API}sign_out` });
  for (const [name, value] of toFields(pending.options)) {
    form.append(newElement("input", { type: "hidden", name, value }));
  }
  sayFailure(form, text(`${pending.error}_here`));
  notice.append(form);
  document.body.append(notice);
}

/** Removes what only a user may see. */
export function removePrivate() {
  each(NEEDS_USER, (element) => {
    const { body } = document;
    (body.contains(element) ? element : body).replaceChildren();
  });
}

/** @param {{ isHidden: boolean }} effect */
export function hidePage({ isHidden }) {
  document.documentElement.toggleAttribute("hidden", isHidden);
}

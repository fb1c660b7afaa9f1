// What the page shows.

import { ORIGIN } from "./api.mjs";
import { attempt } from "./attempt.mjs";
import { data, text } from "./data.mjs";
import { NEEDS_USER, each, newElement } from "./elements.mjs";
import { sayFailure } from "./forms.mjs";
import { toFields } from "./options.mjs";

/** @type {HTMLFormElement | undefined} */
let notice;

/**
 * Says that the server has not ended the session yet, and offers to send the sign-out again. The form that
 * began it may be hidden with the signed-in state.
 *
 * @param {import("./guardian.d.ts").PendingSignOut | null} pending
 */
export function showNotice(pending) {
  notice?.remove();
  if (!pending) return;
  notice = newElement("form", { class: "guardian-notice", method: "post", action: `${ORIGIN}/api/sign_out` });
  for (const [name, value] of toFields(pending.options)) {
    notice.append(newElement("input", { type: "hidden", name, value }));
  }
  sayFailure(notice, pending.message);
  document.body.append(notice);
}

/**
 * Hides what only a user may see. A page that nobody else changes loses it, and shows it again only when the
 * server sends it.
 *
 * @param {boolean} isHidden
 */
export function hidePrivate(isHidden) {
  each(NEEDS_USER, (element) => {
    if (data.hydrates) element.toggleAttribute("hidden", isHidden);
    // The whole document may be private. It still has to say that the sign-out is pending.
    else if (isHidden) (element.querySelector("body") ?? element).replaceChildren();
  });
}

/**
 * Says in the lists of sessions which of them have ended. The focus in such a list goes there, because the button
 * that had it goes with its line.
 *
 * @param {string} scope
 */
export function showEnded(scope) {
  each("data-guardian-ended", (/** @type {any} */ element) => {
    element.textContent = text(scope === "others" ? "ended_others" : "ended");
    if (element.parentNode.contains(document.activeElement)) element.focus();
  });
}

/**
 * Says when something was, in the viewer's language and time zone, which the server does not know.
 */
export function showTime(/** @type {any} */ { target }) {
  attempt(() => target.matches("[data-guardian] time") && (target.title = new Date(target.dateTime).toLocaleString()));
}

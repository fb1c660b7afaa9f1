// Forms that sign out or switch accounts. Each works without this script. With it, the page sends the form's
// fields itself, and the form says how that goes.

import { API } from "./api.mjs";
import { newElement } from "./elements.mjs";
import { readOptions } from "./options.mjs";
import { text } from "./texts.mjs";

/** @typedef {import("./guardian.d.ts").Guardian} Guardian */
/** @typedef {import("./guardian.d.ts").GuardianError} GuardianError */

/** @type {WeakSet<HTMLFormElement>} */
const busyForms = new WeakSet();

/** @param {Guardian} guardian */
export function listenToForms(guardian) {
  // On the document, for forms that come later, too.
  document.addEventListener("submit", (event) => submit(event, guardian).catch(console.debug));
}

/**
 * Whatever fails before `preventDefault` leaves the form to the browser, which sends it as it stands.
 *
 * @param {any} event a SubmitEvent
 * @param {Guardian} guardian
 */
async function submit(event, { signOut, switchAccount }) {
  /** @type {{ target: HTMLFormElement, submitter: HTMLButtonElement | null }} */
  const { target: form, submitter } = event;
  /** @type {HTMLButtonElement | null} */
  const button = submitter ?? form.querySelector("button:not([type=button])");
  const action = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
  const { origin, pathname } = new URL(action, document.baseURI);
  // The app may have asked the person, or sent it by itself.
  if (event.defaultPrevented || origin !== location.origin) return;

  const fields = new FormData(form);
  if (submitter?.name) fields.set(submitter.name, submitter.value);
  const options = pathname === `${API}sign_out` ? readOptions(fields) : null;
  // The server checks where a form leads. So a switch that leads elsewhere is the browser's to send.
  if (!options && (pathname !== `${API}switch_account` || fields.get("callback_url"))) return;
  if (busyForms.has(form)) return event.preventDefault();

  setBusy(form, button, true);
  if (options) say(form, text("progress"));
  event.preventDefault();
  try {
    await (options ? signOut(options) : switchAccount(String(fields.get("session"))));
    // Busy until the next page is there.
    if (!options || options.redirect) return;
    say(form, text(options.scope === "others" ? "done_others" : "done"));
    form.querySelector("[role=alert]")?.replaceChildren();
  } catch (cause) {
    if (options) say(form, "");
    /** @type {GuardianError} */
    const { signedOutHere, message } = Object(cause);
    // Where nobody is signed in any more, the page says so: the form may be gone with the user.
    if (!signedOutHere) sayFailure(form, message, button);
  }
  setBusy(form, button, false);
}

/**
 * @param {HTMLFormElement} form
 * @param {Element | null} button
 * @param {boolean} isBusy
 */
function setBusy(form, button, isBusy) {
  busyForms[isBusy ? "add" : "delete"](form);
  for (const name of ["aria-busy", "aria-disabled"]) button?.setAttribute(name, String(isBusy));
}

/**
 * @param {HTMLFormElement} form
 * @param {string} message
 */
function say(form, message) {
  region(form, "status", "guardian-message").textContent = message;
}

/**
 * Says why a form failed, with a button that sends it again. That button stays while the next try is under
 * way, because it may have the focus.
 *
 * @param {HTMLFormElement} form
 * @param {string} message
 * @param {HTMLButtonElement | null} [button] the one that was pressed: its field is sent again
 */
export function sayFailure(form, message, button) {
  const alert = region(form, "alert", "guardian-message guardian-failure");
  const before = alert.querySelector(".guardian-reason");
  if (before) {
    before.textContent = message;
    return;
  }
  const { name = "", value = "" } = button ?? {};
  alert.replaceChildren(
    newElement("span", { class: "guardian-reason" }, message),
    newElement("button", { class: "guardian-link", name, value }, text("try_again")),
  );
}

/**
 * The form's place for what it says.
 *
 * @param {HTMLFormElement} form
 * @param {string} role
 * @param {string} classes
 */
function region(form, role, classes) {
  const found = form.querySelector(`[role=${role}]`);
  if (found) return found;
  const made = newElement("div", { class: classes, role });
  form.append(made);
  return made;
}

// Forms that sign out or switch accounts. Each works without this script. With it, the page sends the form's
// fields itself, and the form says how that goes. A form of the app's with `data-guardian-once` is the browser's to
// send, but not twice.

import { ORIGIN } from "./api.mjs";
import { text } from "./data.mjs";
import { newElement } from "./elements.mjs";
import { addFragment } from "./fragment.mjs";
import { readOptions, stays } from "./options.mjs";

// How long a second press on a button is probably a slip. After that, the person has probably stopped the page and
// tries again.
const DOUBLE_SUBMIT_MS = 5_000;

/** @type {WeakSet<HTMLFormElement>} */
const busyForms = new WeakSet();

/** What makes each form that the browser is sending ready again. @type {Set<() => void>} */
const sent = new Set();

export function listenToForms() {
  // On the document, for forms that come later, too.
  document.addEventListener("submit", prepare, true);
  document.addEventListener("submit", (event) => submit(event).catch(console.debug));
  // From the back/forward cache, with the form as it was when it was sent.
  addEventListener("pageshow", ({ persisted }) => persisted && sent.forEach((finish) => finish()));
}

/**
 * Before any listener of the form's own reads its fields.
 *
 * @param {any} event a SubmitEvent
 */
function prepare(event) {
  const { target: form } = event;
  if (busyForms.has(form)) event.preventDefault();
  const field = form.querySelector("[name=callback_url]");
  if (field) field.value = addFragment(field.value);
}

/**
 * Whatever fails before `preventDefault` leaves the form to the browser, which sends it as it stands.
 *
 * @param {any} event a SubmitEvent
 */
async function submit(event) {
  /** @type {{ target: HTMLFormElement, submitter: HTMLButtonElement | null }} */
  const { target: form, submitter: button } = event;
  const action = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
  const { href } = new URL(action, form.closest("[data-guardian]") ? ORIGIN : document.baseURI);
  // The app may have asked the person, or sent it by itself.
  if (event.defaultPrevented) return;

  /** @type {any} */
  const { shown_user: _, ...fields } = Object.fromEntries(new FormData(form));
  // Older browsers leave it out.
  if (button?.name) fields[button.name] = button.value;
  const options = href === `${ORIGIN}/api/sign_out` && readOptions(fields);
  // The server checks where a form leads. So a switch that leads elsewhere is the browser's to send.
  if (!options && (href !== `${ORIGIN}/api/switch_account` || fields.callback_url)) return sendOnce(event);

  const say = (/** @type {string} */ key) => options && (region(form, "status").textContent = text(key));
  setBusy(form, button, true);
  say("progress");
  event.preventDefault();
  try {
    const { guardian } = window;
    await (options ? guardian.signOut(/** @type {any} */ (options)) : guardian.switchAccount(fields.session));
    // Busy until the next page is there.
    if (!options || !stays(options)) return;
    say(options.scope === "others" ? "done_others" : "done");
    region(form, "alert").replaceChildren();
  } catch (/** @type {any} */ { signedOutHere, message }) {
    say("");
    // Where nobody is signed in any more, the page says so: the form may be gone with the user.
    if (!signedOutHere) sayFailure(form, message, button);
  }
  setBusy(form, button, false);
}

/**
 * The browser sends a form of the app's: not again at a double click.
 *
 * @param {any} event a SubmitEvent
 */
function sendOnce(event) {
  const { target: form, submitter: button } = event;
  const method = button?.getAttribute("formmethod") ?? form.getAttribute("method");
  if (!form.hasAttribute("data-guardian-once") || !/^post$/i.test(method)) return;
  const finish = () => {
    sent.delete(finish);
    clearTimeout(timer);
    busyForms.delete(form);
    button?.removeAttribute("aria-busy");
  };
  const timer = setTimeout(finish, DOUBLE_SUBMIT_MS);
  sent.add(finish);
  busyForms.add(form);
  button?.setAttribute("aria-busy", "true");
  // A later listener may send it by itself.
  setTimeout(() => event.defaultPrevented && finish());
}

/**
 * @param {HTMLFormElement} form
 * @param {Element | null} button
 * @param {boolean} isBusy
 */
function setBusy(form, button, isBusy) {
  busyForms[isBusy ? "add" : "delete"](form);
  // Then as the server renders it: a list that is shown again keeps the button, and the focus.
  const change = isBusy ? "setAttribute" : "removeAttribute";
  for (const name of ["aria-busy", "aria-disabled"]) button?.[change](name, "true");
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
  const alert = region(form, "alert");
  const reason = alert.querySelector("span") ?? newElement("span");
  reason.textContent = message;
  if (reason.parentNode) return;
  const { name = "", value = "" } = button ?? {};
  alert.replaceChildren(reason, newElement("button", { class: "guardian-link", name, value }, text("try_again")));
}

/**
 * The form's place for what it says.
 *
 * @param {HTMLFormElement} form
 * @param {string} role
 */
function region(form, role) {
  const region = form.querySelector(`[role=${role}]`);
  return region ?? form.appendChild(newElement("div", { class: "guardian-message", role }));
}

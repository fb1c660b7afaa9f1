// The components: elements whose inside the server renders, `data-guardian="user-button?show_name=true"`. The
// server fills them with the page. The script fills those that come later, and all of them when somebody else
// is signed in.

import { requestPage } from "./api.mjs";
import { text } from "./data.mjs";
import { each, newElement } from "./elements.mjs";
import { toFields } from "./options.mjs";
import { update } from "./update.mjs";

const COMPONENT = "data-guardian";
const PART = "data-guardian-part";

/** The session for which the server has filled a component with the page. */
const FILLED = "data-guardian-filled";

/**
 * What a component holds, or is about to hold: whose it is, and of which version. After a failure the version
 * is the number of the check that has failed.
 *
 * @typedef {{ owner: string, version: string | number }} Content
 */

/** @type {WeakMap<Element, Content>} */
const contents = new WeakMap();

let lastMenu = 0;

/**
 * Lets plain pages write `<guardian-user-button show-name>`. Returns a function that makes any other element such
 * a component, and returns a function that takes it back.
 *
 * @param {string} kind
 */
export function defineElement(kind) {
  const mount = (/** @type {Element} */ element, options = {}) => {
    const fields = toFields({ menuId: `guardian-menu-${++lastMenu}`, ...options });
    // A list leads to its next page by the query of the page that it is on.
    element.setAttribute(COMPONENT, `${kind}?${kind === "session-list" ? location.search.slice(1) : fields}`);
    return () => {
      element.removeAttribute(COMPONENT);
      element.replaceChildren();
      contents.delete(element);
    };
  };
  customElements.define(`guardian-${kind}`, class extends HTMLElement {
    connectedCallback() {
      // Not again when it is moved.
      if (this.hasAttribute(COMPONENT)) return;
      mount(this, Object.fromEntries([...this.attributes].map(({ name, value }) => [name, value || "true"])));
    }
  });
  return mount;
}

/**
 * Fills the components that are not filled yet, or for somebody else.
 *
 * @param {import("./types.d.ts").State} state
 * @param {number} checks grows with everything that lists of sessions depend on
 */
export function fillComponents({ active, others, calls }, checks) {
  each(COMPONENT, (element) => {
    const address = element.getAttribute(COMPONENT) ?? "";
    // A button that signs out is the same for everybody, and says how that has gone.
    const user = address.startsWith("sign-out-button") ? null : active;
    const version = JSON.stringify([address, user, others, address.startsWith("session-list") && checks]);
    const content = { owner: user?.id ?? "", version };
    if (element.getAttribute(FILLED) === (user?.session ?? "")) contents.set(element, content);
    element.removeAttribute(FILLED);
    // The others have nothing to show to nobody. A page that is still on its way may add it again.
    if (!active && !address.startsWith("sign-out")) return clear(element);
    const before = contents.get(element);
    // At once: the server may be slow, or out of reach.
    if (before?.owner !== content.owner) clear(element);
    // A form that is being sent stays until that is done.
    else if (calls.length > 0 || [version, checks].includes(before.version)) return;
    fill(element, address, content, checks);
  });
}

/** @param {Element} element */
function partsOf(element) {
  const parts = element.querySelectorAll(`[${PART}]`);
  return parts.length > 0 ? [...parts] : [element];
}

/** @param {Element} element */
function clear(element) {
  for (const part of partsOf(element)) part.replaceChildren();
  contents.delete(element);
}

/**
 * @param {Element} element
 * @param {string} address
 * @param {Content} content
 * @param {number} checks
 */
async function fill(element, address, content, checks) {
  contents.set(element, content);
  const fresh = (await requestPage(`/guardian/fragment/${address}`))?.querySelector(`[${COMPONENT}]`);
  // It comes too late: another user's, or nobody's.
  if (contents.get(element) !== content) return;
  if (fresh) {
    element.classList.add(...fresh.classList);
    for (const part of partsOf(element)) {
      update(part, fresh.querySelector(`[${PART}="${part.getAttribute(PART)}"]`) ?? fresh);
    }
  } else {
    clear(element);
    contents.set(element, { ...content, version: checks });
    partsOf(element)[0].append(
      newElement("p", { class: "guardian-failure", role: "alert" }, text("not_loaded")),
      newElement("a", { class: "guardian-link", href: "", rel: "external" }, text("try_again")),
    );
  }
}

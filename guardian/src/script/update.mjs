// Changes a part of the page into another version of it.

import { attempt } from "./attempt.mjs";

/** What the script says belongs to what has happened on this page. The inside of an island is Leptos's. */
const SAID = "form [role], [data-guardian-ended], [data-guardian-keep], .guardian-notice";

/**
 * What an element may have from somebody else: an extension, the app's script, the person who has opened it. That
 * stays if the other version lacks it. All other attributes become those of the other version.
 */
const FOREIGN = /^(style|spellcheck|open|aria-expanded|data-(?!guardian).*)$/;

/** What tells an element from others of its kind: a row, a field or a form never becomes another one. */
const NAMES = ["id", "name", "type", "role", "src", "action", "formaction", "data-guardian"];

/** Here each value is another one. Elsewhere it is what a field begins with. */
const CHOICE = "option, button, [type=radio], [type=checkbox]";

/** What nothing tells from others, and components that the script fills. */
const UNSURE =
  "input:not([name]):not([id]), select:not([name]):not([id]), textarea:not([name]):not([id]), " +
  "[data-guardian]:not([data-guardian-filled])";

/**
 * Ways to find the element that another version changes, the surest first: an equal one, one whose content has
 * changed, one to which somebody else has added something, and one that has other attributes now.
 *
 * @type {((old: any, made: Element) => boolean)[]}
 */
const LIKENESSES = [
  (old, made) => old.isEqualNode(made),
  (old, made) => old.cloneNode().isEqualNode(made.cloneNode()),
  (old, made) => agree(old, made, namesOf(old, made)),
  (old, made) =>
    agree(old, made, made.matches(CHOICE) ? [...NAMES, "value"] : NAMES) &&
    old.matches(SAID) === made.matches(SAID) &&
    // A custom element has a program of its own.
    !made.localName.includes("-") &&
    !made.matches(UNSURE),
];

/**
 * Makes an element's content equal to another's. What both have stays as it is: the focus, an open menu, typed
 * text.
 *
 * @param {Element} element
 * @param {Element} fresh loses its content
 */
export function update(element, fresh) {
  if (element.isEqualNode(fresh) || element.matches(`${SAID}, leptos-island`)) return;
  /** @type {Set<any>} */
  const rest = new Set(element.childNodes);
  const kept = new Map();
  for (const isAlike of LIKENESSES) {
    for (const made of fresh.children) {
      const find = (/** @type {any} */ old) => sessionOf(old) === sessionOf(made) && isAlike(old, made);
      const old = kept.get(made) ?? [...rest].find(find);
      if (rest.delete(old)) kept.set(made, old);
    }
  }
  for (const old of rest) if (!old.matches?.(SAID)) old.remove();
  /** @type {any} */
  let place = element.firstChild;
  for (const made of /** @type {Element[]} */ ([...fresh.childNodes])) {
    const node = kept.get(made) ?? made;
    if (node !== made && !node.matches(SAID)) setAttributes(node, made);
    update(node, made);
    // What is kept would lose the focus if it moved.
    let next = place;
    while (rest.has(next)) next = next.nextSibling;
    if (node === next) place = node.nextSibling;
    else element.insertBefore(node, place);
  }
}

/**
 * The session that a form is about. What it says of one must not be read as of another.
 *
 * @param {any} node
 */
function sessionOf(node) {
  return node.elements?.session?.value;
}

/**
 * The attributes in which an element should be like another version of it.
 *
 * @param {Element} old
 * @param {Element} made
 */
function namesOf(old, made) {
  return [...(old.getAttributeNames?.() ?? []).filter((name) => !FOREIGN.test(name)), ...made.getAttributeNames()];
}

/**
 * @param {Element} old
 * @param {Element} made
 * @param {string[]} names
 */
function agree(old, made, names) {
  return old.localName === made.localName && names.every((name) => old.getAttribute(name) === made.getAttribute(name));
}

/**
 * @param {Element} old
 * @param {Element} made
 */
function setAttributes(old, made) {
  for (const name of namesOf(old, made)) {
    const value = made.getAttribute(name);
    if (value === null) old.removeAttribute(name);
    // A browser may refuse a name that its parser takes.
    else if (value !== old.getAttribute(name)) attempt(() => old.setAttribute(name, value));
  }
}

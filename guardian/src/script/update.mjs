// Changes a part of the page into another version of it.

/** What the script says belongs to what has happened on this page. The inside of an island is Leptos's. */
const SAID = "form [role], [data-guardian-ended], [data-guardian-keep], .guardian-notice";

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
  // An equal element is not changed into one that is only alike.
  for (const copy of [(/** @type {Node} */ node) => node, (/** @type {Node} */ node) => node.cloneNode()]) {
    for (const made of fresh.children) {
      const old = kept.get(made) ?? [...rest].find((old) => copy(old).isEqualNode(copy(made)));
      if (rest.delete(old)) kept.set(made, old);
    }
  }
  for (const old of rest) if (!old.matches?.(SAID)) old.remove();
  let place = element.firstChild;
  for (const made of /** @type {Element[]} */ ([...fresh.childNodes])) {
    const node = kept.get(made) ?? made;
    update(node, made);
    if (node === place) place = node.nextSibling;
    else element.insertBefore(node, place);
  }
}

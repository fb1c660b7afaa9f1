// As much of a document as the script uses. A document tells its observers of changes, upgrades custom elements,
// and has a focus.

const PART =
  /^(\w[\w-]*)?(?:#([\w-]+))?(?:\.([\w-]+))?(?:\[([\w-]+)(?:="?([\w-]*)"?)?\])?(:popover-open)?((?::not\(\[[\w-]+\]\))*)$/;

export class Node {
  /** @type {Node[]} */
  childNodes = [];
  /** @type {Node | null} */
  parentNode = null;

  get firstChild() {
    return this.childNodes[0] ?? null;
  }

  /** @returns {Node | null} */
  get nextSibling() {
    const siblings = this.parentNode?.childNodes ?? [];
    return siblings[siblings.indexOf(this) + 1] ?? null;
  }

  /** @returns {Document | null} */
  get ownerDocument() {
    return this.parentNode?.ownerDocument ?? null;
  }

  /** @returns {Element[]} */
  get children() {
    return this.childNodes.filter((node) => node instanceof Element);
  }

  get textContent() {
    return this.childNodes.map(({ textContent }) => textContent).join("");
  }

  set textContent(/** @type {string} */ text) {
    this.replaceChildren(...(text ? [text] : []));
  }

  /** @param {...(Node | string)} added */
  append(...added) {
    for (const node of added) this.insertBefore(typeof node === "string" ? new Text(node) : node, null);
  }

  /** @template {Node} T @param {T} node */
  appendChild(node) {
    return this.insertBefore(node, null);
  }

  /** @template {Node} T @param {T} node @param {Node | null} place */
  insertBefore(node, place) {
    const before = place === node ? node.nextSibling : place;
    node.remove();
    const index = before ? this.childNodes.indexOf(before) : this.childNodes.length;
    if (index < 0) throw new DOMException("not a child", "NotFoundError");
    this.childNodes.splice(index, 0, node);
    node.parentNode = this;
    this.ownerDocument?.inserted(node);
    return node;
  }

  /** @param {...(Node | string)} added */
  replaceChildren(...added) {
    for (const child of [...this.childNodes]) child.remove();
    this.append(...added);
  }

  remove() {
    const { ownerDocument, parentNode } = this;
    if (!parentNode) return;
    if (this.contains(ownerDocument?.focused ?? null) && ownerDocument) ownerDocument.focused = null;
    parentNode.childNodes = parentNode.childNodes.filter((child) => child !== this);
    this.parentNode = null;
    ownerDocument?.changed();
  }

  /** @param {Node | null} node @returns {boolean} */
  contains(node) {
    return node !== null && (node === this || this.contains(node.parentNode));
  }

  /** @param {string} selector @returns {Element[]} */
  querySelectorAll(selector) {
    return this.children.flatMap((child) => [
      ...(child.matches(selector) ? [child] : []),
      ...child.querySelectorAll(selector),
    ]);
  }

  /** @param {string} selector */
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  /** @param {boolean} [isDeep] @returns {this} */
  cloneNode(isDeep) {
    const copy = /** @type {this} */ (this.copy());
    if (isDeep) copy.append(...this.childNodes.map((child) => child.cloneNode(true)));
    return copy;
  }

  /** @returns {Node} */
  copy() {
    throw new TypeError("an abstract node");
  }

  /** What tells it from other nodes, without its content. */
  get identity() {
    return "";
  }

  /** @param {Node} other @returns {boolean} */
  isEqualNode(other) {
    const { childNodes } = other;
    return (
      this.identity === other.identity &&
      this.childNodes.length === childNodes.length &&
      this.childNodes.every((child, index) => child.isEqualNode(childNodes[index]))
    );
  }
}

export class Text extends Node {
  /** @param {string} data */
  constructor(data) {
    super();
    this.data = data;
  }

  get textContent() {
    return this.data;
  }

  get identity() {
    return JSON.stringify(this.data);
  }

  copy() {
    return new Text(this.data);
  }
}

export class Element extends Node {
  /** @type {Map<string, string>} */
  #attributes = new Map();
  /** @type {Map<string, (event: Event) => void>} */
  listeners = new Map();
  /** Whether it is an open popover. */
  isOpen = false;
  /** What a person has typed into it. */
  typed = "";

  /** @param {string} name @param {Record<string, string>} [attributes] @param {...(Node | string)} content */
  constructor(name, attributes = {}, ...content) {
    super();
    this.tag = name;
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value);
    this.append(...content);
  }

  get localName() {
    return this.tag;
  }

  /** A form's fields by their names. @returns {Record<string, Element> | undefined} */
  get elements() {
    return this.tag === "form"
      ? Object.fromEntries(this.querySelectorAll("[name]").map((field) => [field.name, field]))
      : undefined;
  }

  /** The query of a link. */
  get search() {
    return new URL(this.getAttribute("href") ?? "", "http://127.0.0.1:3000").search;
  }

  set search(/** @type {unknown} */ query) {
    const [path] = (this.getAttribute("href") ?? "").split("?");
    this.setAttribute("href", `${path}?${query}`);
  }

  getAttributeNames() {
    return [...this.#attributes.keys()];
  }

  /** @param {string} type @param {(event: Event) => void} listener */
  addEventListener(type, listener) {
    this.listeners.set(type, listener);
  }

  get attributes() {
    return [...this.#attributes].map(([name, value]) => ({ name, value }));
  }

  get id() {
    return this.getAttribute("id") ?? "";
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  get value() {
    return this.getAttribute("value") ?? "";
  }

  set value(/** @type {string} */ value) {
    this.setAttribute("value", value);
  }

  /** The properties that a script has set. @type {Map<string, string>} */
  properties = new Map();
  style = { setProperty: this.properties.set.bind(this.properties) };
  /** Where it is on the screen. */
  place = { right: 0, bottom: 0 };

  getBoundingClientRect() {
    return this.place;
  }

  get dateTime() {
    return this.getAttribute("datetime") ?? "";
  }

  set title(/** @type {string} */ title) {
    this.setAttribute("title", title);
  }

  get classList() {
    const read = () => (this.getAttribute("class") ?? "").split(" ").filter(Boolean);
    return {
      [Symbol.iterator]: () => read().values(),
      add: (/** @type {string[]} */ ...names) =>
        this.setAttribute("class", [...new Set([...read(), ...names])].join(" ")),
    };
  }

  /** @returns {Element | null} */
  get popoverTargetElement() {
    return this.ownerDocument?.querySelector(`#${this.getAttribute("popovertarget")}`) ?? null;
  }

  hidePopover() {
    this.isOpen = false;
  }

  focus() {
    if (this.ownerDocument) this.ownerDocument.focused = this;
  }

  /** @param {string} name */
  getAttribute(name) {
    return this.#attributes.get(name) ?? null;
  }

  /** @param {string} name */
  hasAttribute(name) {
    return this.#attributes.has(name);
  }

  /** @param {string} name @param {unknown} value */
  setAttribute(name, value) {
    this.#attributes.set(name, String(value));
    this.ownerDocument?.changed(name);
  }

  /** @param {string} name */
  removeAttribute(name) {
    if (this.#attributes.delete(name)) this.ownerDocument?.changed(name);
  }

  /** @param {string} name @param {boolean} isThere */
  toggleAttribute(name, isThere) {
    if (isThere) this.setAttribute(name, "");
    else this.removeAttribute(name);
  }

  /** @param {string} selector @returns {boolean} */
  matches(selector) {
    return selector.split(", ").some((alternative) => {
      const parts = alternative.split(" ");
      const last = parts.pop() ?? "";
      const outer = this.parentNode;
      return (
        this.#is(last) && (parts.length === 0 || (outer instanceof Element && outer.closest(parts.join(" ")) !== null))
      );
    });
  }

  #is(/** @type {string} */ selector) {
    const parsed = PART.exec(selector);
    if (!parsed) throw new DOMException(`this selector is not faked: ${selector}`, "SyntaxError");
    const [, tag, id, className, attribute, value, isOpen, excluded] = parsed;
    return (
      (!tag || this.tag === tag) &&
      (!id || this.id === id) &&
      (!className || [...this.classList].includes(className)) &&
      (!attribute || this.hasAttribute(attribute)) &&
      (value === undefined || this.getAttribute(attribute) === value) &&
      (!isOpen || this.isOpen) &&
      [...excluded.matchAll(/\[(.*?)\]/g)].every(([, name]) => !this.hasAttribute(name))
    );
  }

  /** @param {string} selector @returns {Element | null} */
  closest(selector) {
    if (this.matches(selector)) return this;
    return this.parentNode instanceof Element ? this.parentNode.closest(selector) : null;
  }

  get identity() {
    return JSON.stringify([this.tag, ...[...this.#attributes].sort()]);
  }

  copy() {
    return new Element(this.tag, Object.fromEntries(this.#attributes));
  }
}

export class Document extends Node {
  /** @type {Element | null} */
  focused = null;
  head = new Element("head");
  body = new Element("body");
  documentElement = new Element("html", {}, this.head, this.body);
  /** @type {{ notify: () => void, attributes: string[] }[]} */
  observers = [];
  /** @type {Map<string, { prototype: any }>} */
  definitions = new Map();

  /** @param {...(Node | string)} content */
  constructor(...content) {
    super();
    this.append(this.documentElement);
    this.body.append(...content);
  }

  get ownerDocument() {
    return this;
  }

  get activeElement() {
    return this.focused ?? this.body;
  }

  /** @param {string} [attribute] the one that has changed, if nothing else */
  changed(attribute) {
    for (const { notify, attributes } of this.observers) {
      if (attribute === undefined || attributes.includes(attribute)) notify();
    }
  }

  /** @param {Node} node */
  inserted(node) {
    this.changed();
    if (node instanceof Element) this.upgrade(node);
    for (const child of node.childNodes) this.inserted(child);
  }

  /** @param {Element} element */
  upgrade(element) {
    const definition = this.definitions.get(element.tag);
    if (!definition) return;
    Object.setPrototypeOf(element, definition.prototype);
    /** @type {any} */ (element).connectedCallback();
  }

  /** @param {string} name @param {{ prototype: any }} definition */
  define(name, definition) {
    this.definitions.set(name, definition);
    for (const element of this.querySelectorAll(name)) this.upgrade(element);
  }
}

/** @param {string} name @param {Record<string, string>} [attributes] @param {...(Node | string)} content */
export const element = (name, attributes, ...content) => new Element(name, attributes, ...content);

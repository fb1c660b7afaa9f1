// As much of a browser as the script uses. Tests change it to one that refuses something.

import vm from "node:vm";
import { join } from "./joined.mjs";

const SELECTOR = /^(\w+)?(?:#([\w-]+))?(?:\.([\w-]+))?(?:\[([\w-]+)(?:=([\w-]+))?\])?(?::not\(\[([\w-]+)=([\w-]+)\]\))?$/;

export class Element {
  /** @type {Map<string, string>} */
  attributes = new Map();
  /** @type {Element[]} */
  children = [];
  /** @type {Element | null} */
  parent = null;
  text = "";

  /** @param {string} name @param {Record<string, string>} [attributes] @param {...(Element | string)} content */
  constructor(name, attributes = {}, ...content) {
    this.tag = name;
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value);
    for (const part of content) {
      if (typeof part === "string") this.text = part;
      else this.append(part);
    }
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  get value() {
    return this.getAttribute("value") ?? "";
  }

  /** @param {string} name */
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  /** @param {string} name */
  hasAttribute(name) {
    return this.attributes.has(name);
  }

  /** @param {string} name @param {string} value */
  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  /** @param {string} name @param {boolean} isThere */
  toggleAttribute(name, isThere) {
    if (isThere) this.setAttribute(name, "");
    else this.attributes.delete(name);
  }

  get textContent() {
    return [this.text, ...this.children.map(({ textContent }) => textContent)].join("");
  }

  set textContent(/** @type {string} */ text) {
    this.replaceChildren();
    this.text = text;
  }

  /** @param {...Element} added */
  append(...added) {
    for (const element of added) {
      element.remove();
      element.parent = this;
      this.children.push(element);
    }
  }

  /** @param {...Element} added */
  replaceChildren(...added) {
    for (const child of [...this.children]) child.remove();
    this.text = "";
    this.append(...added);
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = null;
  }

  /** @param {Element | null} element @returns {boolean} */
  contains(element) {
    return element !== null && (element === this || this.contains(element.parent));
  }

  /** @param {string} selector */
  matches(selector) {
    const [, tag, id, className, attribute, value, notAttribute, notValue] = SELECTOR.exec(selector) ?? [];
    return (
      (!tag || this.tag === tag) &&
      (!id || this.getAttribute("id") === id) &&
      (!className || (this.getAttribute("class") ?? "").split(" ").includes(className)) &&
      (!attribute || this.hasAttribute(attribute)) &&
      (!value || this.getAttribute(attribute) === value) &&
      (!notAttribute || this.getAttribute(notAttribute) !== notValue)
    );
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
}

/** @param {string} name @param {Record<string, string>} [attributes] @param {...(Element | string)} content */
export const element = (name, attributes, ...content) => new Element(name, attributes, ...content);

/** The data that a server writes into a page. @param {unknown} data */
export const pageData = (data) =>
  element("script", { type: "application/json", id: "guardian-page" }, JSON.stringify(data));

/** A sign-out form. @param {Record<string, string>} [fields] */
export const signOutForm = (fields = {}, path = "/api/sign_out") =>
  element(
    "form",
    { method: "post", action: path },
    ...Object.entries(fields).map(([name, value]) => element("input", { name, value })),
    element("button", {}, "Sign out"),
  );

/** Lets everything happen that waits for nothing but its turn. */
export const settled = () => new Promise((resolve) => setTimeout(resolve));

export class Browser {
  /** What the page has sent: path and fields. @type {[string, string][]} */
  requests = [];
  /** What the server says: JSON, or an Error when it cannot be reached. @type {Record<string, any>} */
  responses = { "/api/session": null };
  /** @type {Map<string, string>} */
  cookies = new Map();
  /** The cookies as the page has set them. @type {string[]} */
  cookiesSet = [];
  /** @type {Map<string, string>} */
  stored = new Map();
  /** @type {{ run: () => void, ms: number }[]} */
  timers = [];
  /** @type {string[]} */
  loaded = [];
  reloads = 0;
  /** @type {any[]} */
  streams = [];
  /** @type {any[]} */
  errors = [];
  body = element("body");
  /** The page's global object. @type {any} */
  window;

  /** @param {string} url @param {...Element} content */
  constructor(url, ...content) {
    this.body.append(...content);
    this.window = this.#makeWindow(new URL(url));
    vm.createContext(this.window);
  }

  /** Loads the script, and lets it settle. */
  async run() {
    vm.runInContext(`"use strict";\n{${join()}}`, this.window);
    await settled();
    return this.window.guardian;
  }

  /** Runs the timers of a duration. @param {number} duration */
  async pass(duration) {
    const due = this.timers.filter(({ ms }) => ms === duration);
    this.timers = this.timers.filter(({ ms }) => ms !== duration);
    for (const { run } of due) run();
    await settled();
  }

  /** Submits a form. Returns whether the browser is left to send it. @param {Element} form */
  async submit(form, submitter = form.querySelector("button")) {
    const event = Object.assign(new Event("submit", { cancelable: true }), { submitter });
    Object.defineProperty(event, "target", { value: form });
    this.window.document.dispatchEvent(event);
    const isLeft = !event.defaultPrevented;
    await settled();
    return isLeft;
  }

  /** Dispatches an event on the window. @param {string} type @param {object} [more] */
  async happens(type, more = {}) {
    this.window.dispatchEvent(Object.assign(new Event(type), more));
    await settled();
  }

  #makeWindow(/** @type {URL} */ url) {
    const browser = this;
    const root = element("html", {}, this.body);
    const document = Object.assign(new EventTarget(), {
      documentElement: root,
      body: this.body,
      baseURI: url.href,
      readyState: "interactive",
      visibilityState: "visible",
      createElement: element,
      querySelector: (/** @type {string} */ selector) => root.querySelector(selector),
      querySelectorAll: (/** @type {string} */ selector) => root.querySelectorAll(selector),
    });
    Object.defineProperty(document, "cookie", {
      configurable: true,
      get: () => [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
      set(/** @type {string} */ cookie) {
        browser.cookiesSet.push(cookie);
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (/Max-Age=0(;|$)/.test(cookie)) browser.cookies.delete(name);
        else browser.cookies.set(name, value);
      },
    });
    const location = {
      origin: url.origin,
      protocol: url.protocol,
      port: url.port,
      pathname: url.pathname,
      search: url.search,
      get href() {
        return url.href;
      },
      set href(target) {
        browser.loaded.push(target);
      },
      reload: () => void browser.reloads++,
    };
    const localStorage = {
      getItem: (/** @type {string} */ key) => browser.stored.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => void browser.stored.set(key, value),
      removeItem: (/** @type {string} */ key) => void browser.stored.delete(key),
    };
    const window = new EventTarget();
    // A listener that throws is the window's error, and stops nobody.
    const report = (/** @type {unknown} */ cause) => browser.errors.push(cause);
    document.dispatchEvent = dispatchAll(document, report);
    return Object.assign(window, {
      window,
      document,
      location,
      localStorage,
      addEventListener: window.addEventListener.bind(window),
      dispatchEvent: window.dispatchEvent.bind(window),
      navigator: { locks: { request: async (/** @type {string} */ _, /** @type {() => unknown} */ granted) => granted() } },
      performance: { getEntriesByType: () => [] },
      BroadcastChannel: class extends EventTarget {
        postMessage() {}
      },
      EventSource: class extends EventTarget {
        CLOSED = 2;
        readyState = 1;
        close = () => void (this.readyState = 2);

        constructor() {
          super();
          browser.streams.push(this);
        }
      },
      MutationObserver: class {
        observe() {}
      },
      FormData: class extends URLSearchParams {
        constructor(/** @type {Element} */ form) {
          super(form.querySelectorAll("input").map(({ name, value }) => [name, value]));
        }
      },
      CustomEvent,
      URL,
      URLSearchParams,
      structuredClone,
      console: { debug() {} },
      setTimeout(/** @type {(argument: unknown) => void} */ work, ms = 0, /** @type {unknown} */ argument) {
        browser.timers.push({ ms, run: () => work(argument) });
      },
      fetch: async (/** @type {string} */ path, /** @type {{ body: URLSearchParams }} */ { body }) => {
        browser.requests.push([path, String(body)]);
        const response = await browser.responses[path];
        if (response instanceof Error) throw response;
        const { status = 200, json = response } = Object(response);
        return { ok: status < 400, json: async () => json };
      },
    });
  }
}

/**
 * Calls every listener, even after one that throws, as browsers do.
 *
 * @param {EventTarget} target
 * @param {(cause: unknown) => void} report
 */
function dispatchAll(target, report) {
  const add = target.addEventListener.bind(target);
  const remove = target.removeEventListener.bind(target);
  const guarded = new Map();
  Object.assign(target, {
    addEventListener(/** @type {string} */ type, /** @type {(event: Event) => unknown} */ listener) {
      const guard = (/** @type {Event} */ event) => {
        try {
          listener(event);
        } catch (cause) {
          report(cause);
        }
      };
      guarded.set(listener, guard);
      add(type, guard);
    },
    removeEventListener(/** @type {string} */ type, /** @type {(event: Event) => unknown} */ listener) {
      remove(type, guarded.get(listener));
    },
  });
  return target.dispatchEvent.bind(target);
}

// As much of a browser as the script uses. Tests change it to one that refuses something.

import vm from "node:vm";
import { Document, Element, element } from "./fake_dom.mjs";
import { pack } from "./packed.mjs";

export { element };

const MODULE = pack();

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
export async function settled() {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve));
}

/** What the tabs of one browser have in common. */
export class Shared {
  /** @type {Map<string, string>} */
  cookies = new Map();
  /** @type {Map<string, string>} */
  stored = new Map();
  /** @type {Set<EventTarget>} */
  channels = new Set();
  /** Who waits for the lock. The first one has it. @type {{ take: () => void, lose: (cause: unknown) => void }[]} */
  lock = [];

  /** @param {{ signal?: AbortSignal, steal?: boolean }} options @param {() => unknown} granted */
  async requestLock({ signal, steal }, granted) {
    if (signal && steal) throw new DOMException("not both", "NotSupportedError");
    /** @type {any} */
    const mine = {};
    const lost = new Promise((_, reject) => (mine.lose = reject));
    const isMine = new Promise((take) => (mine.take = take));
    signal?.addEventListener("abort", () => {
      // One that is granted is not taken back.
      if (this.lock.indexOf(mine) <= 0) return;
      this.lock.splice(this.lock.indexOf(mine), 1);
      mine.lose(signal.reason);
    });
    if (steal) this.lock.shift()?.lose(new DOMException("stolen", "AbortError"));
    this.lock[steal ? "unshift" : "push"](mine);
    if (this.lock[0] === mine) mine.take();
    await Promise.race([isMine, lost]);
    await Promise.race([granted(), lost]);
    if (this.lock[0] !== mine) return;
    this.lock.shift();
    this.lock[0]?.take();
  }
}

export class Browser {
  /** What the page has sent: path and fields. @type {[string, string][]} */
  requests = [];
  /** What the server says: JSON, HTML as a node, or an Error when it cannot be reached. @type {Record<string, any>} */
  responses = { "/api/session": null };
  /** The cookies as the page has set them. @type {string[]} */
  cookiesSet = [];
  /** @type {{ run: () => void, ms: number, repeats?: boolean }[]} */
  timers = [];
  /** @type {string[]} */
  loaded = [];
  reloads = 0;
  /** @type {any[]} */
  streams = [];
  /** @type {any[]} */
  errors = [];
  /** What it has said in the console. @type {string[]} */
  warnings = [];
  /** The time since the page began, in milliseconds. */
  now = 1_000;
  /** How often the page has heard of changed elements. */
  mutations = 0;
  /** @type {(() => void)[]} */
  resourceObservers = [];
  /** Those of the document's listeners that hear an event before its target does. */
  capturing = new EventTarget();
  document = new Document();
  body = this.document.body;
  /** The page's global object. @type {any} */
  window;

  /** @param {string} url @param {...(Element | string)} content */
  constructor(url, ...content) {
    this.url = new URL(url);
    // Where the module comes from.
    this.origin = this.url.origin;
    this.body.append(...content);
    this.shared = new Shared();
    this.window = this.#makeWindow(this.url);
    vm.createContext(this.window);
  }

  get cookies() {
    return this.shared.cookies;
  }

  get stored() {
    return this.shared.stored;
  }

  /** Loads the script, and lets it settle. */
  async run() {
    const module = MODULE.replaceAll("import.meta.url", JSON.stringify(`${this.origin}/guardian/guardian.js`));
    vm.runInContext(`"use strict";\n(() => {${module}})()`, this.window);
    await settled();
    return this.window.guardian;
  }

  /** Runs the timers of a duration. @param {number} duration */
  async pass(duration) {
    const due = this.timers.filter(({ ms }) => ms === duration);
    this.timers = this.timers.filter(({ ms, repeats }) => ms !== duration || repeats);
    for (const { run } of due) run();
    await settled();
  }

  /** Submits a form. Returns whether the browser is left to send it. @param {Element} form */
  async submit(form, submitter = form.querySelector("button")) {
    const event = this.#dispatch("submit", form, { submitter });
    await settled();
    return !event.defaultPrevented;
  }

  /** Dispatches an event on the window. @param {string} type @param {object} [more] */
  async happens(type, more = {}) {
    this.window.dispatchEvent(Object.assign(new Event(type), more));
    await settled();
  }

  /** A pointer or a menu does something to an element. @param {string} type @param {Element} target */
  async happensTo(type, target) {
    this.#dispatch(type, target, {});
    await settled();
  }

  /** Another request of the page brings a cookie. @param {string} name @param {string} value */
  async receiveCookie(name, value) {
    if (value) this.cookies.set(name, value);
    else this.cookies.delete(name);
    for (const tell of this.resourceObservers) tell();
    await settled();
  }

  /** The requests to one path. @param {string} path */
  requestsTo(path) {
    return this.requests.filter(([sent]) => sent === path);
  }

  #dispatch(/** @type {string} */ type, /** @type {Element} */ target, /** @type {object} */ more) {
    const event = Object.assign(new Event(type, { cancelable: true }), more);
    Object.defineProperty(event, "target", { value: target });
    this.capturing.dispatchEvent(event);
    target.listeners.get(type)?.(event);
    this.window.document.dispatchEvent(event);
    return event;
  }

  #makeWindow(/** @type {URL} */ url) {
    const browser = this;
    const document = Object.assign(this.document, { baseURI: url.href, hidden: false });
    const events = new EventTarget();
    // A listener that throws is the window's error, and stops nobody.
    const report = (/** @type {unknown} */ cause) => browser.errors.push(cause);
    Object.assign(document, {
      addEventListener: events.addEventListener.bind(events),
      removeEventListener: events.removeEventListener.bind(events),
      dispatchEvent: events.dispatchEvent.bind(events),
      createElement: element,
    });
    guardListeners(document, report, this.capturing);
    Object.defineProperty(document, "cookie", {
      configurable: true,
      get: () => [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
      set(/** @type {string} */ cookie) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (name === undefined) return;
        browser.cookiesSet.push(cookie);
        if (/Max-Age=0(;|$)/.test(cookie)) browser.cookies.delete(name);
        else browser.cookies.set(name, value);
      },
    });
    const location = {
      origin: url.origin,
      pathname: url.pathname,
      search: url.search,
      hash: url.hash,
      get href() {
        return url.href;
      },
      set href(target) {
        browser.loaded.push(target);
        const { href, hash } = new URL(target, url);
        // Another place on this page.
        if (hash && href.split("#")[0] === url.href.split("#")[0]) url.hash = hash;
      },
      reload: () => void browser.reloads++,
    };
    const localStorage = {
      getItem: (/** @type {string} */ key) => browser.stored.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => void browser.stored.set(key, value),
      removeItem: (/** @type {string} */ key) => void browser.stored.delete(key),
    };
    const window = new EventTarget();
    return Object.assign(window, {
      window,
      document,
      location,
      localStorage,
      addEventListener: window.addEventListener.bind(window),
      dispatchEvent: window.dispatchEvent.bind(window),
      navigator: {
        locks: {
          request: (/** @type {string} */ _, /** @type {any} */ options, /** @type {() => unknown} */ granted) =>
            browser.shared.requestLock(options, granted),
        },
      },
      BroadcastChannel: class extends EventTarget {
        constructor() {
          super();
          browser.shared.channels.add(this);
        }

        postMessage(/** @type {unknown} */ data) {
          const message = structuredClone(data);
          for (const other of browser.shared.channels) {
            if (other !== this) other.dispatchEvent(Object.assign(new Event("message"), { data: message }));
          }
        }
      },
      EventSource: class extends EventTarget {
        CLOSED = 2;
        readyState = 1;
        close = () => void (this.readyState = 2);

        constructor(/** @type {string} */ address, /** @type {unknown} */ options) {
          super();
          browser.streams.push(Object.assign(this, { address, options }));
        }
      },
      MutationObserver: class {
        isDue = false;

        constructor(/** @type {() => void} */ callback) {
          this.callback = callback;
        }

        observe(/** @type {Document} */ target, /** @type {{ attributeFilter: string[] }} */ { attributeFilter }) {
          target.observers.push({ notify: () => this.#notify(), attributes: attributeFilter });
        }

        #notify() {
          if (this.isDue) return;
          this.isDue = true;
          queueMicrotask(() => {
            this.isDue = false;
            if (++browser.mutations > 1_000) throw new Error("the page changes itself without end");
            this.callback();
          });
        }
      },
      PerformanceObserver: class {
        constructor(/** @type {() => void} */ callback) {
          this.callback = callback;
        }

        observe() {
          browser.resourceObservers.push(this.callback);
        }
      },
      FormData: class extends URLSearchParams {
        constructor(/** @type {Element} */ form) {
          super(form.querySelectorAll("input").filter(({ name }) => name).map(({ name, value }) => [name, value]));
        }
      },
      DOMParser: class {
        parseFromString(/** @type {any} */ html) {
          return html instanceof Document ? html : new Document();
        }
      },
      customElements: { define: this.document.define.bind(this.document) },
      Element,
      HTMLElement: Element,
      AbortController,
      CustomEvent,
      URL,
      URLSearchParams,
      structuredClone,
      performance: { now: () => browser.now },
      console: { debug() {}, warn: (/** @type {string} */ message) => void browser.warnings.push(message) },
      setTimeout(/** @type {(...details: unknown[]) => void} */ work, ms = 0, /** @type {unknown[]} */ ...details) {
        const timer = { ms, run: () => work(...details) };
        browser.timers.push(timer);
        return timer;
      },
      clearTimeout(/** @type {unknown} */ timer) {
        browser.timers = browser.timers.filter((other) => other !== timer);
      },
      Math: Object.assign(Object.create(Math), { random: () => 0 }),
      setInterval(/** @type {() => void} */ run, /** @type {number} */ ms) {
        browser.timers.push({ ms, run, repeats: true });
      },
      fetch: async (/** @type {string} */ address, /** @type {any} */ { body = "", credentials } = {}) => {
        const { origin, pathname, search } = new URL(address, url);
        const path = (origin === browser.url.origin ? "" : origin) + pathname + search;
        browser.requests.push([path, String(body)]);
        try {
          const response = await browser.responses[path];
          if (response instanceof Error) throw response;
          if (credentials !== "include") throw new Error("without cookies");
          return respond(response);
        } finally {
          setTimeout(() => browser.resourceObservers.forEach((tell) => tell()));
        }
      },
    });
  }
}

/** @param {any} response */
function respond(response) {
  const { status = 200, json = response, redirected = false } = Object(response);
  // In place of its text.
  const html = json instanceof Element ? new Document(json.cloneNode(true)) : json;
  return { ok: status < 400, redirected, json: async () => json, text: async () => html };
}

/**
 * Calls every listener, even after one that throws, as browsers do.
 *
 * @param {any} target
 * @param {(cause: unknown) => void} report
 * @param {EventTarget} capturing has the listeners that capture
 */
function guardListeners(target, report, capturing) {
  const { addEventListener: add, removeEventListener: remove } = target;
  const guarded = new Map();
  Object.assign(target, {
    addEventListener(
      /** @type {string} */ type,
      /** @type {(event: Event) => unknown} */ listener,
      /** @type {boolean | undefined} */ captures,
    ) {
      const guard = (/** @type {Event} */ event) => {
        try {
          listener(event);
        } catch (cause) {
          report(cause);
        }
      };
      guarded.set(listener, guard);
      if (captures) capturing.addEventListener(type, guard);
      else add(type, guard);
    },
    removeEventListener(/** @type {string} */ type, /** @type {(event: Event) => unknown} */ listener) {
      remove(type, guarded.get(listener));
    },
  });
}

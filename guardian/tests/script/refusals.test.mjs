// Browsers that refuse part of what the script uses.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { element } from "./fake_browser.mjs";
import { FORGOTTEN, SIGNED_OUT, adas, failure, shownTo } from "./visits.mjs";

describe("a browser that refuses", () => {
  const refuse = () => {
    throw new DOMException("refused", "SecurityError");
  };
  /** @param {object} target @param {string} name @param {() => unknown} get */
  const replace = (target, name, get, set = get) =>
    Object.defineProperty(target, name, { configurable: true, get, set });

  /** An older one does not know the selector. @param {Element} menu */
  const refusePopovers = (menu) => {
    const { matches } = menu;
    menu.matches = (selector) => (selector === ":popover-open" ? refuse() : matches.call(menu, selector));
  };

  for (const [what, change] of /** @type {[string, (window: any) => void][]} */ ([
    ["nothing", () => {}],
    ["storage, by throwing", (window) => replace(window, "localStorage", refuse)],
    ["storage, by having none", (window) => replace(window, "localStorage", () => null)],
    ["to store more", (window) => (window.localStorage.setItem = refuse)],
    ["cookies", (window) => replace(window.document, "cookie", () => "")],
    ["cookies, by throwing", (window) => replace(window.document, "cookie", refuse)],
    ["channels between tabs", (window) => delete window.BroadcastChannel],
    ["locks", (window) => delete window.navigator.locks],
    ["locks, by throwing", (window) => (window.navigator.locks.request = refuse)],
    ["locks, in the end", (window) => (window.navigator.locks.request = async () => refuse())],
    ["event streams", (window) => delete window.EventSource],
    ["to open event streams", (window) => (window.EventSource = class { constructor() { refuse(); } })],
    ["to observe cookies", (window) => (window.cookieStore = { addEventListener: refuse })],
    ["to observe requests", (window) => delete window.PerformanceObserver],
    ["to read a page that was fetched", (window) => (window.DOMParser = refuse)],
    ["popovers", (window) => refusePopovers(window.document.querySelector(".guardian-menu"))],
    ["an element's attribute", (window) => (window.document.body.children[0].toggleAttribute = refuse)],
    ["a callback", (window) => window.document.addEventListener("guardian:change", refuse)],
  ])) {
    test(`${what} still signs out, now or later`, async () => {
      const [first, inside] = [shownTo("in"), shownTo("in")];
      const trigger = element("button", { popovertarget: "menu" });
      const browser = adas(first, inside, trigger, element("div", { id: "menu", class: "guardian-menu" }));
      change(browser.window);
      const guardian = await browser.run();
      browser.responses["/api/sign_out"] = new Error("offline");
      assert.equal((await failure(guardian.signOut({ redirect: false }))).error, "pending");
      assert.equal(inside.hasAttribute("hidden"), true);
      assert.match(browser.body.textContent, FORGOTTEN);
      browser.responses["/api/sign_out"] = SIGNED_OUT;
      await browser.pass(2_000);
      assert.equal(browser.requests.filter(([path]) => path === "/api/sign_out").length, 2);
      assert.doesNotMatch(browser.body.textContent, FORGOTTEN);
      assert.equal(await guardian.session(), null);
    });
  }
});

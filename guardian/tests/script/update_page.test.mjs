// Pages that the server renders for the user, and that nobody else changes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Browser, element, pageData, settled, signOutForm } from "./fake_browser.mjs";
import { ADA, FORGOTTEN, GRACE, MARKER, SIGNED_OUT, SITE, TEXTS, adas, data, failure, page, visit } from "./visits.mjs";

const HERE = "/page?x=1";

const own = pageData(data({ state: null }));
const greeting = (/** @type {string} */ text) => element("h1", {}, text);

/** What the server renders for somebody else. @param {...(import("./fake_dom.mjs").Element | string)} content */
const rendered = (...content) => element("main", {}, own.cloneNode(true), greeting("Hello, stranger"), ...content);

/** A page with Ada's name and a field. */
function adasPage() {
  const [note, form] = [element("input", { name: "note" }), signOutForm({ redirect: "false" })];
  const browser = adas(element("main", {}, greeting("Hello, Ada"), note, form));
  browser.responses["/api/sign_out"] = SIGNED_OUT;
  browser.responses[HERE] = rendered(note.cloneNode(), form.cloneNode(true));
  return { browser, note, form };
}

describe("a page that the server has rendered", () => {
  test("changes when the user does, and keeps what has been typed and what its form says", async () => {
    const { browser, note, form } = adasPage();
    await browser.run();
    assert.deepEqual(browser.requestsTo(HERE), []);
    note.typed = "half a sentence";
    await browser.submit(form);
    assert.equal(browser.body.querySelector("h1")?.textContent, "Hello, stranger");
    assert.equal(browser.body.querySelector("input"), note);
    assert.equal(form.querySelector("[role=status]")?.textContent, TEXTS.done);
    assert.equal(browser.body.contains(form), true);
    assert.equal(browser.requestsTo(HERE).length, 1);
  });

  test("keeps its components, with what the server has rendered into them now", async () => {
    const userButton = (/** @type {typeof ADA} */ { session, profile }) =>
      element("div", { "data-guardian": "user-button?", "data-guardian-filled": session }, profile.name);
    const button = userButton(ADA);
    const browser = adas(element("main", { style: "color: red" }, greeting("Hello, Ada"), button));
    await browser.run();
    const graces = pageData(data({ state: { active: GRACE, others: [] } }));
    browser.responses[HERE] = element("main", {}, graces, greeting("Hello, Grace"), userButton(GRACE));
    browser.responses["/guardian/fragment/user-button?"] = new Promise(() => {});
    browser.responses["/api/session"] = { ...GRACE, others: [] };
    await browser.receiveCookie(MARKER, "grace-session");
    assert.equal(browser.body.querySelector("[data-guardian]"), button);
    assert.equal(button.textContent, "Grace Hopper");
    assert.equal(button.hasAttribute("data-guardian-filled"), false);
  });

  test("keeps the notice of a pending sign-out", async () => {
    const { browser } = adasPage();
    browser.responses["/api/sign_out"] = new Error("offline");
    const guardian = await browser.run();
    await failure(guardian.signOut({ redirect: false }));
    await settled();
    assert.equal(browser.body.querySelector("h1")?.textContent, "Hello, stranger");
    assert.match(browser.body.textContent, FORGOTTEN);
    assert.equal(browser.body.querySelectorAll(".guardian-notice").length, 1);
  });

  test("stays as it is if the server cannot be reached, or sends another kind of page", async () => {
    for (const response of [new Error("offline"), "a gateway's page", page(greeting("Sorry"))]) {
      const { browser } = adasPage();
      browser.responses[HERE] = response;
      const guardian = await browser.run();
      await guardian.signOut({ redirect: false });
      await settled();
      assert.equal(browser.body.querySelector("h1")?.textContent, "Hello, Ada");
    }
  });

  test("is loaded again if it leads elsewhere now", async () => {
    const { browser } = adasPage();
    browser.responses[HERE] = { json: rendered(), redirected: true };
    const guardian = await browser.run();
    await guardian.signOut({ redirect: false });
    await settled();
    assert.equal(browser.body.querySelector("h1")?.textContent, "Hello, Ada");
    assert.equal(browser.reloads, 1);
  });

  test("drops what was rendered for a user who is not here any more", async () => {
    const { browser } = adasPage();
    let respond = (/** @type {unknown} */ _) => {};
    browser.responses[HERE] = new Promise((resolve) => (respond = resolve));
    await browser.run();
    browser.responses["/api/session"] = { ...GRACE, others: [] };
    await browser.receiveCookie(MARKER, "grace-session");
    browser.responses[HERE] = rendered();
    browser.responses["/api/session"] = null;
    await browser.receiveCookie(MARKER, "");
    respond(element("main", {}, own.cloneNode(true), greeting("Hello, Grace")));
    await settled();
    assert.equal(browser.body.querySelector("h1")?.textContent, "Hello, stranger");
  });

  test("drops a page that the server has rendered for a user whom this page does not show", async () => {
    const { browser } = adasPage();
    const adas = pageData(data({ state: { active: ADA, others: [] } }));
    browser.responses[HERE] = element("main", {}, adas, "Ada's secret");
    const guardian = await browser.run();
    await guardian.signOut({ redirect: false });
    await settled();
    assert.doesNotMatch(browser.body.textContent, /secret/);
  });

  test("does not go back to where it is while it is left", async () => {
    const { browser } = adasPage();
    let respond = (/** @type {unknown} */ _) => {};
    browser.responses[HERE] = new Promise((resolve) => (respond = resolve));
    browser.body.querySelector("main")?.setAttribute("data-guardian-requires-user", "/sign-in");
    const guardian = await browser.run();
    await guardian.signOut({ redirect: false });
    respond({ json: rendered(), redirected: true });
    await settled();
    assert.deepEqual(browser.loaded, ["/sign-in?callback_url=%2Fpage%3Fx%3D1"]);
    assert.equal(browser.reloads, 0);
  });

  test("does not change while it is left", async () => {
    const { browser } = adasPage();
    let respond = (/** @type {unknown} */ _) => {};
    browser.responses[HERE] = new Promise((resolve) => (respond = resolve));
    const guardian = await browser.run();
    await guardian.signOut({ redirect: false });
    browser.responses["/api/sign_out"] = { ...SIGNED_OUT, url: "/bye" };
    await guardian.signOut();
    respond(rendered());
    await settled();
    assert.deepEqual(browser.loaded, ["/bye"]);
    assert.equal(browser.body.querySelector("h1")?.textContent, "Hello, Ada");
  });
});

describe("a page that Leptos hydrates", () => {
  const crash = { error: Object.assign(new Error("unreachable"), { name: "RuntimeError" }) };

  function hydratedPage() {
    const browser = new Browser(SITE, greeting("Hello, Ada"));
    browser.document.head.append(pageData(data({ state: { active: ADA, others: [] }, hydrates: true })));
    browser.cookies.set(MARKER, "ada-session");
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    browser.responses[HERE] = rendered();
    return browser;
  }

  for (const [what, event] of /** @type {[string, [string, object]][]} */ ([
    ["fails", ["error", crash]],
    ["fails to begin", ["unhandledrejection", { reason: crash.error }]],
  ])) {
    test(`is changed by the script if its program ${what}, which is said once`, async () => {
      const browser = hydratedPage();
      const guardian = await browser.run();
      for (let count = 0; count < 3; count++) await browser.happens(...event);
      assert.equal(browser.warnings.length, 1);
      assert.deepEqual(browser.requestsTo(HERE), [], "there is nothing to change yet");
      await guardian.signOut({ redirect: false });
      await settled();
      assert.equal(browser.body.querySelector("h1")?.textContent, "Hello, stranger");
    });
  }

  test("shows what has happened before its program failed", async () => {
    const browser = hydratedPage();
    const guardian = await browser.run();
    await guardian.signOut({ redirect: false });
    await settled();
    assert.deepEqual(browser.requestsTo(HERE), []);
    await browser.happens("error", crash);
    assert.equal(browser.body.querySelector("h1")?.textContent, "Hello, stranger");
  });

  test("is left to its program if another script fails", async () => {
    const browser = hydratedPage();
    const guardian = await browser.run();
    await browser.happens("error", { error: new TypeError("x is not a function") });
    await browser.happens("error", { error: null });
    await browser.happens("unhandledrejection", { reason: undefined });
    await guardian.signOut({ redirect: false });
    await settled();
    assert.deepEqual([browser.warnings, browser.requestsTo(HERE), browser.errors], [[], [], []]);
  });

  for (const [what, hydrates, requests] of /** @type {[string, boolean, number][]} */ ([
    ["is changed by the script if its program does not come", false, 1],
    ["is left to its program that has come, however long ago", true, 0],
  ])) {
    test(what, async () => {
      const browser = hydratedPage();
      if (hydrates) {
        browser.window.document.addEventListener("guardian:change", (/** @type {Event} */ event) => event.preventDefault());
      }
      const guardian = await browser.run();
      browser.now = 16_000;
      await guardian.signOut({ redirect: false });
      await settled();
      assert.equal(browser.requestsTo(HERE).length, requests);
    });
  }
});

describe("a page that is not fetched again", () => {
  /** Signs out on a page. Returns the requests for the page. @param {Browser} browser */
  async function signOut(browser) {
    browser.cookies.set(MARKER, "ada-session");
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    browser.responses[HERE] = rendered();
    const guardian = await browser.run();
    await guardian.signOut({ redirect: false });
    await settled();
    return browser.requestsTo(HERE);
  }

  test("is one that Leptos hydrates", async () => {
    const browser = new Browser(SITE, greeting("Hello, Ada"));
    browser.document.head.append(pageData(data({ state: { active: ADA, others: [] }, hydrates: true })));
    assert.deepEqual(await signOut(browser), []);
  });

  test("is a static one, also on another origin, whose paths are not the app's", async () => {
    for (const origin of ["http://127.0.0.1:3000", "https://app.test"]) {
      const browser = new Browser(SITE, greeting("Hello"));
      browser.origin = origin;
      const prefix = browser.url.origin === origin ? "" : origin;
      const fragment = page(pageData(data({ state: { active: ADA, others: [] } })));
      browser.responses[`${prefix}/guardian/fragment/page`] = fragment;
      browser.responses[`${prefix}/api/sign_out`] = SIGNED_OUT;
      browser.responses[prefix + HERE] = rendered();
      assert.deepEqual(await signOut(browser), []);
      assert.deepEqual(browser.requestsTo(prefix + HERE), []);
    }
  });

  test("is one whose user has not changed", async () => {
    const browser = visit({ active: ADA, others: [] }, greeting("Hello, Ada"));
    await browser.run();
    await browser.happens("focus");
    assert.deepEqual(browser.requestsTo(HERE), []);
  });
});

describe("a page of another origin", () => {
  test("sends everything to the app, with its cookies", async () => {
    const elsewhere = signOutForm({ redirect: "false" });
    const button = element("div", { "data-guardian": "sign-out-button?" }, signOutForm({ redirect: "false" }));
    const browser = new Browser("https://docs.test/", button, elsewhere);
    browser.origin = "https://app.test";
    const fragment = page(pageData(data({ state: { active: ADA, others: [] } })));
    browser.responses["https://app.test/guardian/fragment/page"] = fragment;
    browser.responses["https://app.test/guardian/fragment/sign-out-button"] = button.cloneNode(true);
    browser.responses["https://app.test/api/session"] = { ...ADA, others: [] };
    browser.responses["https://app.test/api/sign_out"] = SIGNED_OUT;
    await browser.run();
    const form = button.querySelector("form");
    assert.ok(form);
    const [{ address, options }] = browser.streams;
    assert.deepEqual([address, { ...options }], ["https://app.test/guardian/events", { withCredentials: true }]);
    assert.equal(await browser.submit(elsewhere), true, "its own forms are not the app's");
    assert.equal(await browser.submit(form), false);
    assert.equal(browser.requestsTo("https://app.test/api/sign_out").length, 1);
  });
});

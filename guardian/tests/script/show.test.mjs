// What the page shows by itself: menus, what has ended, times, and private content.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Browser, element, pageData, settled, signOutForm } from "./fake_browser.mjs";
import { ADA, MARKER, SIGNED_OUT, SITE, TEXTS, adas, data, failure, page, record } from "./visits.mjs";

describe("a user's menu", () => {
  /** A page with a menu and its button, and a popover of the app's. */
  function withMenu() {
    const link = element("a", { href: "/account" }, element("b", {}, "Manage account"));
    const menu = element("div", { id: "menu", class: "guardian-menu" }, link, element("a", { href: "/x" }));
    const trigger = element("button", { popovertarget: "menu" });
    const others = [element("button", { popovertarget: "other" }), element("button", { popovertarget: "nothing" })];
    const browser = adas(trigger, ...others, menu, element("div", { id: "other" }));
    return { browser, menu, trigger, others, link };
  }

  test("tells assistive technology whether it is open", async () => {
    const { browser, menu, trigger, others } = withMenu();
    await browser.run();
    assert.equal(trigger.getAttribute("aria-expanded"), "false");
    menu.isOpen = true;
    await browser.happensTo("toggle", menu);
    assert.equal(trigger.getAttribute("aria-expanded"), "true");
    for (const other of others) assert.equal(other.hasAttribute("aria-expanded"), false);
  });

  test("tells it also for a button that comes later", async () => {
    const { browser } = withMenu();
    await browser.run();
    const late = element("button", { popovertarget: "menu" });
    browser.body.append(late);
    await settled();
    assert.equal(late.getAttribute("aria-expanded"), "false");
  });

  test("tells the stylesheet where its button is before it opens", async () => {
    const { browser, menu } = withMenu();
    await browser.run();
    browser.body.place = { right: 300, bottom: 48 };
    await browser.happensTo("beforetoggle", menu);
    const { properties } = browser.document.documentElement;
    assert.deepEqual([...properties], [["--guardian-menu-x", "300px"], ["--guardian-menu-y", "48px"]]);
  });

  test("has its place only from its own button, not from a popover of the app's", async () => {
    const { browser } = withMenu();
    await browser.run();
    const other = browser.document.querySelector("#other");
    assert.ok(other);
    await browser.happensTo("beforetoggle", other);
    assert.equal(browser.document.documentElement.properties.size, 0);
  });

  test("that the browser does not know leaves its links alone", async () => {
    const { browser, menu, link } = withMenu();
    Object.assign(menu, { hidePopover: undefined });
    await browser.run();
    await browser.happensTo("click", link);
    assert.deepEqual(browser.errors, []);
  });

  test("closes when one of its links is followed, because a router may stay on the page", async () => {
    const { browser, menu, trigger, link } = withMenu();
    await browser.run();
    menu.isOpen = true;
    await browser.happensTo("click", trigger);
    await browser.happensTo("click", menu);
    assert.equal(menu.isOpen, true);
    await browser.happensTo("click", link.children[0]);
    assert.equal(menu.isOpen, false);
    assert.deepEqual(browser.errors, []);
  });
});

describe("a session that ends", () => {
  const notice = { scope: "local", reason: "user", is_current: false, events: ["1"] };

  /** A page with a list of sessions, and a field beside it. */
  function withList() {
    const ended = element("div", { role: "status", tabindex: "-1", "data-guardian-ended": "" });
    const form = signOutForm({ session: "phone", redirect: "false" });
    const note = element("input", { name: "note" });
    const browser = adas(element("section", {}, ended, form), note);
    browser.responses["/api/session"] = { ...ADA, others: [] };
    browser.responses["/api/sign_out"] = { ...SIGNED_OUT, ended: ["phone"] };
    return { browser, ended, form, note };
  }

  /** @param {Browser} browser @param {object} some */
  async function hear(browser, some) {
    const data = JSON.stringify({ ...notice, ...some });
    browser.streams[0].dispatchEvent(Object.assign(new Event("signed_out"), { data }));
    await settled();
  }

  test("is named in the list, and the focus of the list goes there", async () => {
    const { browser, ended, form } = withList();
    await browser.run();
    form.querySelector("button")?.focus();
    await browser.submit(form);
    assert.equal(ended.textContent, TEXTS.ended);
    assert.equal(browser.document.activeElement, ended);
  });

  test("on another device is named, too, but takes no focus from elsewhere", async () => {
    const { browser, ended, note } = withList();
    await browser.run();
    note.focus();
    await hear(browser, { scope: "others" });
    assert.equal(ended.textContent, TEXTS.ended_others);
    assert.equal(browser.document.activeElement, note);
  });

  test("on this page is not named in the list, which goes with it", async () => {
    const { browser, ended } = withList();
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    const guardian = await browser.run();
    await guardian.signOut({ redirect: false });
    assert.equal(ended.textContent, "");
  });

  test("is not named if nobody chose that", async () => {
    const { browser, ended } = withList();
    const told = record(browser, "signed-out");
    await browser.run();
    await hear(browser, { reason: "expiry" });
    assert.equal(told.length, 1);
    assert.equal(ended.textContent, "");
  });
});

describe("a time", () => {
  test("in a component is told in the viewer's language and time zone", async () => {
    const time = element("time", { datetime: "2024-05-01T12:00:00Z", title: "1 May 2024, 12:00 UTC" });
    const browser = adas(element("div", { "data-guardian": "x", "data-guardian-filled": "ada-session" }, time));
    await browser.run();
    await browser.happensTo("pointerover", time);
    assert.equal(time.getAttribute("title"), new Date("2024-05-01T12:00:00Z").toLocaleString());
  });

  test("stays in UTC if the browser's language is none", async () => {
    const time = element("time", { datetime: "2024-05-01T12:00:00Z", title: "1 May 2024, 12:00 UTC" });
    const browser = adas(element("div", { "data-guardian": "x", "data-guardian-filled": "ada-session" }, time));
    await browser.run();
    browser.window.Date = class {
      toLocaleString() {
        throw new RangeError("Incorrect locale information provided");
      }
    };
    await browser.happensTo("pointerover", time);
    assert.equal(time.getAttribute("title"), "1 May 2024, 12:00 UTC");
    assert.deepEqual(browser.errors, []);
  });

  test("of the app's own is left alone", async () => {
    const time = element("time", { datetime: "PT2H", title: "the app's own" });
    const browser = adas(time);
    await browser.run();
    await browser.happensTo("pointerover", time);
    await browser.happensTo("pointerover", browser.body);
    assert.equal(time.getAttribute("title"), "the app's own");
  });
});

describe("what only a user may see", () => {
  const secret = () => element("main", { "data-guardian-requires-user": "/sign-in" }, "secret");

  test("is removed while a sign-out is pending", async () => {
    const main = secret();
    const browser = adas(main);
    browser.responses["/api/sign_out"] = new Error("offline");
    const guardian = await browser.run();
    await failure(guardian.signOut({ redirect: false }));
    assert.equal(main.textContent, "");
  });

  test("is removed with the rest of the page if the whole document is private", async () => {
    const browser = adas(element("p", {}, "secret"));
    browser.document.documentElement.setAttribute("data-guardian-requires-user", "/sign-in");
    browser.responses["/api/sign_out"] = new Error("offline");
    const guardian = await browser.run();
    await failure(guardian.signOut({ redirect: false }));
    assert.doesNotMatch(browser.body.textContent, /secret/);
    assert.ok(browser.document.querySelector(".guardian-notice"));
  });

  test("is hidden where Leptos changes the page: it must find what it has rendered", async () => {
    const main = secret();
    const browser = new Browser(SITE, main);
    browser.document.head.append(pageData(data({ state: { active: ADA, others: [] }, hydrates: true })));
    browser.cookies.set(MARKER, "ada-session");
    browser.responses["/api/sign_out"] = new Error("offline");
    const guardian = await browser.run();
    assert.equal(main.hasAttribute("hidden"), false);
    await failure(guardian.signOut({ redirect: false }));
    assert.deepEqual([main.hasAttribute("hidden"), main.textContent], [true, "secret"]);
  });
});

describe("the app", () => {
  test("is told of a pending sign-out, with a sentence", async () => {
    const browser = adas();
    browser.responses["/api/sign_out"] = new Error("offline");
    const changes = record(browser, "change");
    const guardian = await browser.run();
    await failure(guardian.signOut({ redirect: false }));
    const { state, pending } = changes.at(-1);
    assert.equal(state, null);
    assert.deepEqual([pending.error, pending.message], ["pending", TEXTS.pending]);
  });

  test("is told of a session that the server could not end, in the server's words", async () => {
    const browser = adas(page());
    const json = { error: "unavailable", message: "Sorry.", signed_out_here: true };
    browser.responses["/api/sign_out"] = { status: 503, json };
    const changes = record(browser, "change");
    const guardian = await browser.run();
    assert.equal((await failure(guardian.signOut({ redirect: false }))).message, "Sorry.");
    assert.equal(changes.at(-1).pending.message, "Sorry.");
    assert.match(String(browser.body.querySelector(".guardian-notice")?.textContent), /Sorry\./);
  });
});

// The script on a page: what it reads, shows and loads.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Browser, element, pageData, settled, signOutForm } from "./fake_browser.mjs";
import { ADA, GRACE, MARKER, SIGNED_OUT, SITE, STORAGE_KEY, adas, data, page, record, shownTo, visit } from "./visits.mjs";

const FRAGMENT = "/guardian/fragment/page";

describe("a page", () => {
  test("that knows its user shows them without asking", async () => {
    const [inside, outside] = [shownTo("in"), shownTo("out")];
    const browser = adas(inside, outside);
    const [ready, changes] = [record(browser, "ready"), record(browser, "change")];
    const guardian = await browser.run();
    assert.deepEqual([inside, outside].map((shown) => shown.hasAttribute("hidden")), [false, true]);
    assert.deepEqual(browser.requests, []);
    assert.equal(ready.length, 1);
    assert.deepEqual(changes, [{ state: ADA, others: [], pending: null }]);
    assert.deepEqual(structuredClone(await guardian.session()), { active: ADA, others: [] });
  });

  test("takes its data out of the document, and says for whom it was rendered", async () => {
    const browser = adas();
    const guardian = await browser.run();
    assert.equal(browser.document.querySelector("#guardian-page"), null);
    await guardian.refresh();
    assert.equal(await guardian.session(), null);
    assert.deepEqual(structuredClone(guardian.rendered), { active: ADA, others: [] });
    const unknown = new Browser(SITE);
    assert.equal((await unknown.run()).rendered, undefined);
  });

  test("shows elements that come later, too: it is live while the rest of it is still on its way", async () => {
    const browser = adas();
    await browser.run();
    const [inside, outside] = [shownTo("in"), shownTo("out")];
    browser.body.append(inside, outside);
    await settled();
    assert.deepEqual([inside, outside].map((shown) => shown.hasAttribute("hidden")), [false, true]);
  });

  test("without data asks for it, and shows nothing of its own until then", async () => {
    const inside = element("p", { "data-guardian-signed-in": "", hidden: "" });
    const form = signOutForm({ scope: "others", redirect: "false" });
    const browser = new Browser(SITE, inside, form);
    browser.responses[FRAGMENT] = page(pageData(data({ state: { active: ADA, others: [GRACE] } })));
    browser.responses["/api/sign_out"] = { ...SIGNED_OUT, scope: "others" };
    browser.cookies.set(MARKER, "ada-session");
    const guardian = await browser.run();
    assert.deepEqual(browser.requests, [[FRAGMENT, ""]]);
    assert.equal(inside.hasAttribute("hidden"), false);
    assert.deepEqual(structuredClone(await guardian.session()), { active: ADA, others: [GRACE] });
    await browser.submit(form);
    assert.equal(form.querySelector("[role=status]")?.textContent, "Signed out everywhere else.");
  });

  test("without data asks who is signed in if the data cannot be had", async () => {
    const inside = shownTo("in");
    const browser = new Browser(SITE, inside);
    browser.responses[FRAGMENT] = new Error("offline");
    browser.responses["/api/session"] = { ...ADA, others: [] };
    const guardian = await browser.run();
    assert.deepEqual(browser.requests, [[FRAGMENT, ""], ["/api/session", ""]]);
    assert.deepEqual(structuredClone(await guardian.session()), { active: ADA, others: [] });
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    await guardian.signOut({ redirect: false });
    assert.equal(inside.hasAttribute("hidden"), true);
    assert.deepEqual([...browser.cookies], []);
  });

  test("without data asks once who is signed in if the data do not say it", async () => {
    const browser = new Browser(SITE);
    browser.responses[FRAGMENT] = page(pageData(data()));
    await browser.run();
    assert.deepEqual(browser.requests, [[FRAGMENT, ""], ["/api/session", ""]]);
  });

  test("without data asks for it again, after growing pauses, and then is as any other", async () => {
    const form = signOutForm({ scope: "others", redirect: "false" });
    const browser = new Browser(SITE, form);
    browser.responses["/api/session"] = { ...ADA, others: [] };
    browser.responses["/api/sign_out"] = { ...SIGNED_OUT, scope: "others" };
    browser.cookies.set(MARKER, "ada-session");
    const failures = [{ status: 503, json: element("h1", {}, "Sorry") }, new Error("offline"), { redirected: true }];
    const asked = () => browser.requestsTo(FRAGMENT).length;
    for (const [tries, response] of failures.entries()) {
      browser.responses[FRAGMENT] = response;
      if (tries === 0) await browser.run();
      else await browser.pass(2_000 * 2 ** (tries - 1));
      assert.equal(asked(), tries + 1);
    }
    browser.responses[FRAGMENT] = page(pageData(data({ state: null })));
    await browser.pass(8_000);
    await browser.submit(form);
    assert.equal(form.querySelector("[role=status]")?.textContent, "Signed out everywhere else.");
    assert.equal((await browser.window.guardian.session()).active.id, "ada", "what it has heard is newer");
    browser.responses["/api/session"] = null;
    await browser.receiveCookie(MARKER, "");
    assert.equal(await browser.window.guardian.session(), null, "it knows the cookie");
    for (const pauseMs of [2_000, 4_000, 8_000, 16_000]) await browser.pass(pauseMs);
    assert.equal(asked(), 4);
  });

  test("without data shows who is signed in as soon as it has the data", async () => {
    const outside = shownTo("out");
    const browser = new Browser(SITE, outside);
    browser.responses[FRAGMENT] = browser.responses["/api/session"] = new Error("offline");
    await browser.run();
    browser.responses[FRAGMENT] = page(pageData(data({ state: { active: ADA, others: [] } })));
    browser.cookies.set(MARKER, "ada-session");
    await browser.pass(2_000);
    assert.equal(outside.hasAttribute("hidden"), true);
  });

  test("without data does not take back a sign-out that is still to be sent", async () => {
    const browser = new Browser(SITE);
    browser.responses[FRAGMENT] = new Error("offline");
    browser.cookies.set(MARKER, "ada-session");
    browser.stored.set(STORAGE_KEY, "scope=global&session=ada-session ada-session");
    browser.responses["/api/sign_out"] = { ...SIGNED_OUT, scope: "global" };
    await browser.run();
    browser.responses[FRAGMENT] = page(pageData(data({ state: null })));
    await browser.pass(2_000);
    assert.deepEqual(browser.requestsTo("/api/sign_out").map(([, fields]) => fields), [
      "scope=global&session=ada-session&redirect=false",
    ]);
    assert.equal(browser.stored.size, 0);
  });

  test("whose program fails before it has its data stays without the program", async () => {
    const browser = new Browser(SITE, pageData({ hydrates: true }));
    browser.responses[FRAGMENT] = new Error("offline");
    await browser.run();
    const crash = { error: Object.assign(new Error("unreachable"), { name: "RuntimeError" }) };
    await browser.happens("error", crash);
    browser.responses[FRAGMENT] = page(pageData(data({ state: null })));
    await browser.pass(2_000);
    await browser.happens("error", crash);
    assert.equal(browser.warnings.length, 1);
  });

  test("that does not know yet who is signed in stays as the server has rendered it", async () => {
    const browser = new Browser(SITE);
    browser.responses[FRAGMENT] = new Error("offline");
    browser.responses["/api/session"] = new Promise(() => {});
    await browser.run();
    const [inside, outside] = [shownTo("in"), shownTo("out")];
    browser.body.append(inside, outside);
    await settled();
    assert.deepEqual([inside, outside].map((shown) => shown.hasAttribute("hidden")), [false, false]);
  });

  test("that the server has rendered for nobody in particular asks for what is missing", async () => {
    const form = signOutForm({ redirect: "false" });
    const browser = new Browser(SITE, pageData({ hydrates: true, texts: { done: "Abgemeldet." } }), form);
    browser.cookies.set(MARKER, "ada-session");
    browser.responses[FRAGMENT] = page(pageData(data({ state: { active: ADA, others: [] } })));
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    const guardian = await browser.run();
    assert.deepEqual(structuredClone(await guardian.session()), { active: ADA, others: [] });
    await browser.submit(form);
    assert.equal(form.querySelector("[role=status]")?.textContent, "Abgemeldet.");
    assert.deepEqual(browser.requestsTo("/page?x=1"), [], "Leptos changes it");
  });

  test("with unreadable data asks for it", async () => {
    for (const text of ["{", "null", "[]", '"Ada"', "{}"]) {
      const browser = new Browser(SITE, element("script", { id: "guardian-page" }, text));
      browser.responses[FRAGMENT] = page(pageData(data({ state: null })));
      const guardian = await browser.run();
      assert.deepEqual(browser.requests, [[FRAGMENT, ""]], text);
      assert.equal(await guardian.session(), null);
    }
  });

  test("that loads the script twice has it once", async () => {
    const browser = new Browser(SITE, element("div", { id: "guardian" }));
    // As browsers do: an element's id is a global variable.
    browser.window.guardian = browser.body.children[0];
    const guardian = await browser.run();
    assert.equal(await browser.run(), guardian);
    const before = browser.requests.length;
    await browser.happens("focus");
    assert.equal(browser.requests.length, before + 1);
  });

  test("has its own sentences", async () => {
    const form = signOutForm({ redirect: "false" });
    const own = pageData(data({ state: { active: ADA, others: [] }, texts: { done: "Abgemeldet." } }));
    const browser = new Browser(SITE, form);
    browser.document.head.append(own);
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    await browser.run();
    await browser.submit(form);
    assert.equal(form.querySelector("[role=status]")?.textContent, "Abgemeldet.");
  });

  test("that needs a user leaves for the sign-in page of this site only", async () => {
    const foreign = [
      "https://evil.example/", "javascript:alert(1)", "https://", "//evil.example", "/\\evil.example",
      "/\t/evil.example", "sign-in", "",
    ].map((url) => element("b", { "data-guardian-requires-user": url }));
    const browser = new Browser(SITE, ...foreign);
    await browser.run();
    assert.deepEqual(browser.loaded, []);
    for (const url of ["/sign-in", "/вход", "/"]) {
      const needing = new Browser(SITE, ...foreign, element("main", { "data-guardian-requires-user": url }));
      await needing.run();
      assert.deepEqual(needing.loaded, [`${url}?callback_url=%2Fpage%3Fx%3D1`]);
    }
  });

  test("that needs a user is left also when a router has shown it", async () => {
    const browser = visit(null);
    await browser.run();
    browser.body.append(element("main", { "data-guardian-requires-user": "/sign-in" }));
    await settled();
    await browser.pass(0);
    assert.deepEqual(browser.loaded, ["/sign-in?callback_url=%2Fpage%3Fx%3D1"]);
  });

  test("that is left is hidden, and comes back when the server has confirmed it", async () => {
    const browser = adas();
    await browser.run();
    const html = browser.window.document.documentElement;
    assert.equal(browser.streams.length, 1);
    await browser.happens("pagehide");
    assert.deepEqual([html.hasAttribute("hidden"), browser.streams[0].readyState], [true, 2]);
    browser.responses["/api/session"] = { ...ADA, others: [] };
    await browser.happens("pageshow", { persisted: true });
    assert.equal(html.hasAttribute("hidden"), false);
    assert.equal(browser.streams.length, 2);
  });

  test("loads a URL also if it differs in its fragment alone, or not at all", async () => {
    for (const [url, reloads] of [["/page?x=1#top", 1], ["/page?x=1", 1], ["/other#top", 0]]) {
      const browser = adas();
      browser.responses["/api/sign_out"] = { ...SIGNED_OUT, url };
      const guardian = await browser.run();
      await guardian.signOut();
      assert.deepEqual(browser.loaded, [url]);
      assert.equal(browser.reloads, reloads, String(url));
    }
  });

  test("that was stopped on its way goes on when it is looked at, also if the device's clock is set back", async () => {
    const browser = adas();
    browser.responses["/api/sign_out"] = { ...SIGNED_OUT, url: "/bye" };
    const guardian = await browser.run();
    browser.window.Date = { now: () => 0 };
    await guardian.signOut();
    browser.now += 11_000;
    await browser.happens("focus");
    assert.deepEqual([browser.loaded, browser.reloads], [["/bye"], 1]);
  });

  test("leads back to the place that it is at", async () => {
    const main = element("main", { "data-guardian-requires-user": "/sign-in" });
    const browser = new Browser(`${SITE}#password`, main);
    browser.document.head.append(pageData(data({ state: null })));
    await browser.run();
    assert.deepEqual(browser.loaded, ["/sign-in?callback_url=%2Fpage%3Fx%3D1%23password"]);
  });

  test("hears of sign-outs by the stream, and acts on nothing unreadable", async () => {
    const browser = adas();
    const told = record(browser, "signed-out");
    await browser.run();
    const [stream] = browser.streams;
    const say = (/** @type {string} */ type, /** @type {string} */ data) =>
      stream.dispatchEvent(Object.assign(new Event(type), { data }));
    say("signed_out", "<html>");
    say("signed_out", "{}");
    say("signed_out", JSON.stringify({ scope: "local", reason: "expiry", is_current: true, events: [] }));
    await settled();
    assert.deepEqual(told, [{ scope: "local", reason: "expiry", isCurrent: true, events: [] }]);
  });
});

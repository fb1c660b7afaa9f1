// The script on a page: what it reads, shows and loads.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Browser, element, pageData, settled, signOutForm } from "./fake_browser.mjs";
import { ADA, GRACE, SIGNED_OUT, SITE, adas, record, shownTo } from "./visits.mjs";

describe("a page", () => {
  test("that knows its user shows them without asking", async () => {
    const [inside, outside, name] = [shownTo("in"), shownTo("out"), element("b", { "data-guardian-name": "" })];
    const browser = adas(inside, outside, name);
    const [ready, changes] = [record(browser, "ready"), record(browser, "change")];
    const guardian = await browser.run();
    assert.deepEqual([inside, outside].map((shown) => shown.hasAttribute("hidden")), [false, true]);
    assert.equal(name.textContent, "Ada Lovelace");
    assert.deepEqual(browser.requests, []);
    assert.equal(ready.length, 1);
    assert.deepEqual(changes, [{ state: ADA, others: [], pending: null }]);
    assert.deepEqual(structuredClone(await guardian.session()), { active: ADA, others: [] });
  });

  test("that knows nothing asks, and shows nothing of its own until then", async () => {
    const inside = element("p", { "data-guardian-signed-in": "", hidden: "" });
    const browser = new Browser(SITE, inside);
    browser.responses["/api/session"] = { ...ADA, others: [GRACE] };
    const guardian = await browser.run();
    assert.deepEqual(browser.requests, [["/api/session", ""]]);
    assert.equal(inside.hasAttribute("hidden"), false);
    assert.deepEqual(structuredClone(await guardian.session()), { active: ADA, others: [GRACE] });
  });

  test("with unreadable data asks", async () => {
    for (const data of ["{", '{"state":{"active":{"id":1}}}', '{"state":"Ada"}', "null", "[]"]) {
      const browser = new Browser(SITE, element("script", { id: "guardian-page" }, data));
      const guardian = await browser.run();
      assert.equal(browser.requests.length, 1, data);
      assert.equal(await guardian.session(), null);
    }
  });

  test("that loads the script twice has it once", async () => {
    const browser = new Browser(SITE, element("div", { id: "guardian" }));
    // As browsers do: an element's id is a global variable.
    browser.window.guardian = browser.body.children[0];
    const guardian = await browser.run();
    assert.equal(await browser.run(), guardian);
    assert.equal(browser.requests.length, 1);
    await browser.happens("focus");
    assert.equal(browser.requests.length, 2);
  });

  test("that is still loading is read when it is complete", async () => {
    const browser = adas();
    browser.window.document.readyState = "loading";
    const changes = record(browser, "change");
    await browser.run();
    assert.equal(changes.length, 0);
    await browser.happens("DOMContentLoaded");
    assert.equal(changes.length, 1);
  });

  test("has its own sentences", async () => {
    const form = signOutForm({ redirect: "false" });
    const data = pageData({ state: { active: ADA }, texts: { done: "Abgemeldet." } });
    const browser = new Browser(SITE, data, form);
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    await browser.run();
    await browser.submit(form);
    assert.equal(form.querySelector("[role=status]")?.textContent, "Abgemeldet.");
  });

  test("that needs a user leaves for the sign-in page of this site only", async () => {
    const foreign = ["https://evil.example/", "javascript:alert(1)", "https://", "//evil.example"].map((url) =>
      element("b", { "data-guardian-requires-user": url }),
    );
    const browser = new Browser(SITE, ...foreign);
    await browser.run();
    assert.deepEqual(browser.loaded, []);
    const needing = new Browser(SITE, ...foreign, element("main", { "data-guardian-requires-user": "/sign-in" }));
    await needing.run();
    assert.deepEqual(needing.loaded, ["http://127.0.0.1:3000/sign-in?callback_url=%2Fpage%3Fx%3D1"]);
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

  test("loads a URL that differs in its fragment alone", async () => {
    for (const [url, reloads] of [["/page?x=1#top", 1], ["/page?x=1", 0], ["/other#top", 0]]) {
      const browser = adas();
      browser.responses["/api/sign_out"] = { ...SIGNED_OUT, url };
      const guardian = await browser.run();
      await guardian.signOut();
      assert.deepEqual(browser.loaded, [url]);
      assert.equal(browser.reloads, reloads, String(url));
    }
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

// What the browser keeps of a pending sign-out.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Browser, pageData, settled } from "./fake_browser.mjs";
import { plain } from "./tab.mjs";
import { ADA, GRACE, MARKER, SIGNED_OUT, STORAGE_KEY, adas, data, failure, visit } from "./visits.mjs";

describe("a pending sign-out", () => {
  for (const [name, attributes] of [
    ["pending_sign_out-3000", "Path=/; SameSite=Lax; Max-Age=34560000"],
    ["__Host-pending_sign_out", "Path=/; SameSite=Lax; Max-Age=34560000; Secure"],
  ]) {
    test(`is kept in the cookie ${name}, as the server writes it, and its options in the storage`, async () => {
      const cookies = { marker: MARKER, pending: `${name}=1; ${attributes}` };
      const state = { active: ADA, others: [] };
      const browser = new Browser("https://site.test/", pageData(data({ state, cookies })));
      browser.cookies.set(MARKER, "ada-session");
      browser.responses["/api/sign_out"] = new Error("offline");
      const guardian = await browser.run();
      await failure(guardian.signOut({ scope: "global", callbackUrl: "/bye" }));
      assert.equal(browser.cookies.get(name), "1");
      assert.equal(browser.cookiesSet.at(-1), `${name}=1; ${attributes}`);
      assert.deepEqual([...browser.stored], [[STORAGE_KEY, "scope=global&session=ada-session ada-session"]]);
      browser.responses["/api/sign_out"] = { ...SIGNED_OUT, url: "/" };
      await browser.happens("online");
      assert.deepEqual([browser.cookies.has(name), browser.stored.size], [false, 0]);
      assert.equal(browser.cookiesSet.at(-1), `${name}=1; ${attributes.replace("34560000", "0")}`);
      assert.deepEqual(browser.loaded, ["/"]);
    });
  }

  for (const [what, stored, sent] of [
    ["a planted cookie", null, "scope=local&redirect=false"],
    ["an entry without a session", "scope=global", "scope=local&redirect=false"],
    ["an invalid entry", "scope=everything&session=x", "scope=local&redirect=false"],
    ["an entry for the other sessions", "scope=others&session=x", "scope=local&redirect=false"],
    ["an entry with a session", "scope=global&session=x", "scope=global&session=x&redirect=false"],
    ["an entry of the whole browser", "scope=browser", "scope=browser&redirect=false"],
  ]) {
    test(`of an earlier page with ${what} sends ${sent}`, async () => {
      const browser = visit(null);
      browser.responses["/api/sign_out"] = SIGNED_OUT;
      browser.cookies.set("pending_sign_out-3000", "scope=global");
      if (stored) browser.stored.set(STORAGE_KEY, stored);
      await browser.run();
      assert.deepEqual(browser.requests[0], ["/api/sign_out", sent]);
      assert.deepEqual([browser.cookies.size, browser.stored.size], [0, 0]);
    });
  }

  for (const [stored, marker, sent] of /** @type {[string, string, string?][]} */ ([
    ["scope=global&session=ada-session ada-session", "ada-session", "scope=global&session=ada-session&redirect=false"],
    ["scope=browser ada-session", "ada-session", "scope=browser&redirect=false"],
    ["scope=global&session=ada-session ada-session", "grace-session", undefined],
    ["scope=global&session=ada-session null", "", undefined],
    ["scope=global&session=ada-session", "ada-session", undefined],
  ])) {
    test(`whose cookie the browser has forgotten is ${sent ? "" : "not "}sent: "${stored}" with "${marker}"`, async () => {
      const active = marker === "grace-session" ? GRACE : ADA;
      const browser = visit(marker ? { active, others: [] } : null);
      browser.stored.set(STORAGE_KEY, stored);
      browser.responses["/api/sign_out"] = SIGNED_OUT;
      await browser.run();
      assert.equal(browser.requestsTo("/api/sign_out")[0]?.[1], sent);
      assert.equal(browser.stored.size, 0);
    });
  }

  test("is told to the other tabs, and one that was settled elsewhere asks", async () => {
    const browser = adas();
    /** @type {unknown[]} */
    const messages = [];
    const channel = new EventTarget();
    browser.window.BroadcastChannel = function () {
      return Object.assign(channel, { postMessage: (/** @type {unknown} */ message) => messages.push(message) });
    };
    browser.responses["/api/sign_out"] = new Error("offline");
    const guardian = await browser.run();
    await failure(guardian.signOut({ redirect: false }));
    assert.deepEqual(plain(messages), [
      ["session", "ada-session"],
      ["pending", { scope: "local", session: "ada-session", redirect: "false" }],
    ]);
    browser.cookies.clear();
    for (const data of [7, null, ["signed_out"], ["signed_out", {}], ["settled"]]) {
      channel.dispatchEvent(Object.assign(new Event("message"), { data }));
    }
    await settled();
    assert.equal(browser.requestsTo("/api/session").length, 1);
    assert.equal(browser.body.querySelector(".guardian-notice"), null);
  });
});

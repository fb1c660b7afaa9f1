// `window.guardian`, as a page's own scripts call it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settled } from "./fake_browser.mjs";
import { ADA, FORGOTTEN, SIGNED_OUT, adas, failure } from "./visits.mjs";

describe("window.guardian", () => {
  test("signs out, with everything that a sign-out can be told", async () => {
    const browser = adas();
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    const guardian = await browser.run();
    const done = await guardian.signOut({ scope: "global", session: "x", redirect: false, callbackUrl: "/bye" });
    assert.deepEqual(structuredClone(done), SIGNED_OUT);
    assert.equal(browser.requests[0][1], "scope=global&session=x&callback_url=%2Fbye&redirect=false");
  });

  test("says why it failed, in the server's word and in a sentence", async () => {
    const browser = adas();
    const guardian = await browser.run();
    for (const [response, error, signedOutHere, sentence] of /** @type {const} */ ([
      [{ status: 503, json: { error: "unavailable", signed_out_here: false } }, "unavailable", false, /^The server could/],
      [{ status: 413, json: { error: "too_large" } }, "too_large", false, /too large/],
      [{ status: 503, json: { error: "unavailable", signed_out_here: true } }, "unavailable", true, /^You are signed out/],
      [{ status: 502, json: { error: "a gateway's word" } }, "pending", true, FORGOTTEN],
      [{ json: "<html>" }, "pending", true, FORGOTTEN],
      [{ json: {} }, "pending", true, FORGOTTEN],
      [new Error("offline"), "pending", true, FORGOTTEN],
    ])) {
      browser.responses["/api/sign_out"] = response;
      const failed = await failure(guardian.signOut());
      assert.deepEqual([failed.name, failed.error, failed.signedOutHere], ["GuardianError", error, signedOutHere]);
      assert.match(failed.message, sentence);
    }
  });

  test("refuses options that it does not know", async () => {
    const browser = adas();
    const guardian = await browser.run();
    for (const misspelt of [{ scop: "others" }, { scope: "everything" }]) {
      assert.equal((await failure(guardian.signOut(misspelt))).name, "TypeError");
    }
    assert.deepEqual(browser.requests, []);
  });

  test("asks again, and says if it cannot", async () => {
    const browser = adas();
    const guardian = await browser.run();
    assert.equal(await guardian.refresh(), null);
    browser.responses["/api/session"] = new Error("offline");
    assert.equal((await failure(guardian.refresh())).error, "unreachable");
    assert.equal(await guardian.session(), null, "what is known stays");
  });

  test("asks once more for a caller who waits while the page signs out", async () => {
    const browser = adas();
    const guardian = await browser.run();
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    const [, session] = await Promise.all([guardian.signOut({ redirect: false }), guardian.refresh()]);
    assert.equal(session, null);
  });

  test("calls every callback, even after one that throws, until it is unsubscribed", async () => {
    const browser = adas();
    const guardian = await browser.run();
    /** @type {string[]} */
    const told = [];
    guardian.onSignedOut(() => {
      throw new Error("the app's own");
    });
    const stop = guardian.onSignedOut((/** @type {any} */ { reason }) => told.push(reason));
    await guardian.refresh();
    assert.deepEqual(told, ["unknown"]);
    assert.equal(browser.errors.length, 1);
    stop();
    browser.responses["/api/session"] = { ...ADA, session: "another-session", others: [] };
    await guardian.refresh();
    browser.responses["/api/session"] = null;
    await guardian.refresh();
    assert.deepEqual([told.length, browser.errors.length], [1, 2]);
  });

  test("may be called by a callback", async () => {
    const browser = adas();
    const guardian = await browser.run();
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    /** @type {unknown[]} */
    const seen = [];
    guardian.onSignedOut(() => void guardian.session().then((/** @type {unknown} */ found) => seen.push(found)));
    await guardian.signOut({ redirect: false });
    await settled();
    assert.deepEqual(seen, [null]);
  });
});

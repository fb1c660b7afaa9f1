// `window.guardian`, as a page's own scripts call it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settled } from "./fake_browser.mjs";
import { ADA, FORGOTTEN, SIGNED_OUT, adas, failure } from "./visits.mjs";

/** What the server says when it refuses a call. @param {number} status @param {object} body */
const refusal = (status, body) => ({ status, json: { ...body, message: "Sorry." } });

describe("window.guardian", () => {
  test("signs out, with everything that a sign-out can be told", async () => {
    const browser = adas();
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    const guardian = await browser.run();
    const done = await guardian.signOut({ scope: "global", session: "x", redirect: false, callbackUrl: "/bye" });
    assert.deepEqual(structuredClone(done), SIGNED_OUT);
    assert.equal(browser.requests[0][1], "scope=global&session=x&redirect=false&callback_url=%2Fbye");
  });

  test("says why it failed, in the server's word and in a sentence", async () => {
    const browser = adas();
    const guardian = await browser.run();
    for (const [response, error, signedOutHere, sentence] of /** @type {const} */ ([
      [refusal(503, { error: "unavailable", signed_out_here: false }), "unavailable", false, /^Sorry/],
      [refusal(413, { error: "too_large" }), "too_large", false, /^Sorry/],
      [refusal(503, { error: "unavailable", signed_out_here: true }), "unavailable", true, /^Sorry/],
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

  test("leads to where the user must first confirm who they are", async () => {
    const browser = adas();
    const guardian = await browser.run();
    const refused = refusal(403, { error: "confirmation_required", url: "/confirm" });
    browser.responses["/api/sign_out"] = refused;
    const failed = await failure(guardian.signOut({ scope: "global" }));
    assert.deepEqual([failed.error, failed.url, failed.signedOutHere], ["confirmation_required", "/confirm", false]);
    assert.deepEqual(browser.loaded, ["/confirm"]);
  });

  test("leaves the options that it does not know to the server, which refuses them", async () => {
    const browser = adas();
    const guardian = await browser.run();
    browser.responses["/api/sign_out"] = refusal(400, { error: "malformed" });
    for (const [misspelt, sent] of [
      [{ scop: "others" }, "scope=local&scop=others"],
      [{ scope: "everything" }, "scope=everything"],
      // As an event listener gets it.
      [{ isTrusted: true }, "scope=local&is_trusted=true"],
    ]) {
      assert.equal((await failure(guardian.signOut(misspelt))).error, "malformed");
      assert.equal(browser.requests.at(-1)?.[1], sent);
      assert.deepEqual(structuredClone(await guardian.session()), { active: ADA, others: [] });
    }
  });

  test("does not keep options that it does not know, which the server would refuse again and again", async () => {
    const browser = adas();
    const guardian = await browser.run();
    browser.responses["/api/sign_out"] = new Error("offline");
    await failure(guardian.signOut({ scop: "others", redirect: false }));
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    await browser.pass(2_000);
    assert.equal(browser.requestsTo("/api/sign_out").at(-1)?.[1], "scope=local&session=ada-session&redirect=false");
    assert.equal(browser.cookies.has("pending_sign_out-3000"), false);
  });

  test("asks again, and says if it cannot", async () => {
    const browser = adas();
    const guardian = await browser.run();
    assert.equal(await guardian.refresh(), null);
    browser.responses["/api/session"] = new Error("offline");
    assert.equal((await failure(guardian.refresh())).error, "unreachable");
    assert.equal(await guardian.session(), null, "what is known stays");
  });

  test("takes nothing for an answer that the server would not say", async () => {
    const browser = adas();
    const guardian = await browser.run();
    for (const body of [{}, "", 0, false, "<html>", [], { id: "ada" }]) {
      browser.responses["/api/session"] = { json: body };
      assert.equal((await failure(guardian.refresh())).error, "unreachable", JSON.stringify(body));
    }
    browser.responses["/api/session"] = { status: 500, json: null };
    assert.equal((await failure(guardian.refresh())).error, "unreachable");
    assert.deepEqual(structuredClone(await guardian.session()), { active: ADA, others: [] });
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

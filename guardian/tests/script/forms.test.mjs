// Forms that the script sends.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Browser, element, settled, signOutForm } from "./fake_browser.mjs";
import { ADA, FORGOTTEN, GRACE, SIGNED_OUT, adas } from "./visits.mjs";

describe("a form", () => {
  test("is sent by the page, says how it goes, and is not sent twice", async () => {
    const form = signOutForm({ scope: "others", redirect: "false" });
    const browser = adas(form);
    let respond = (/** @type {unknown} */ _) => {};
    browser.responses["/api/sign_out"] = new Promise((resolve) => (respond = resolve));
    await browser.run();
    const button = form.querySelector("button");
    assert.equal(await browser.submit(form), false);
    assert.equal(await browser.submit(form), false);
    assert.deepEqual(browser.requests, [["/api/sign_out", "scope=others&redirect=false"]]);
    const isBusy = () => ["aria-busy", "aria-disabled"].map((name) => button?.getAttribute(name));
    const status = () => form.querySelector("[role=status]")?.textContent;
    assert.deepEqual([isBusy(), status()], [["true", "true"], "Signing out…"]);
    respond({ ...SIGNED_OUT, scope: "others" });
    await settled();
    assert.deepEqual([isBusy(), status()], [[null, null], "Signed out everywhere else."]);
  });

  test("with a redirect stays busy until the next page is there", async () => {
    const form = signOutForm();
    const browser = adas(form);
    browser.responses["/api/sign_out"] = { ...SIGNED_OUT, url: "/" };
    await browser.run();
    await browser.submit(form);
    assert.deepEqual(browser.loaded, ["/"]);
    assert.equal(form.querySelector("button")?.getAttribute("aria-busy"), "true");
  });

  test("that fails says why, and offers to send the same again", async () => {
    const form = signOutForm({ redirect: "false" });
    form.append(element("div", { role: "alert" }), element("button", { name: "scope", value: "others" }));
    const browser = adas(form);
    browser.responses["/api/sign_out"] = new Error("offline");
    await browser.run();
    await browser.submit(form, form.children[3]);
    const alert = form.querySelector("[role=alert]");
    const retry = alert?.querySelector("button") ?? null;
    assert.match(String(alert?.textContent), /may still be there.*Try again/);
    await browser.submit(form, retry);
    assert.equal(alert?.querySelector("button"), retry, "it may have the focus");
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    await browser.submit(form, retry);
    assert.equal(alert?.textContent, "");
    const sent = new Set(browser.requests.map(([, fields]) => fields));
    assert.deepEqual([...sent], ["scope=others&redirect=false"]);
  });

  test("that leads back keeps the page's fragment, which only the browser knows", async () => {
    const back = () => element("input", { name: "callback_url", value: "/account?x=1" });
    const sites = [
      ["?callback_url=%2Faccount%3Fx%3D1#password", "/account?x=1#password"],
      ["?callback_url=%2Faccount%3Fx%3D1", "/account?x=1"],
      ["?callback_url=%2Felsewhere#password", "/account?x=1"],
      ["#password", "/account?x=1"],
    ];
    for (const [query, expected] of sites) {
      const field = back();
      const form = element("form", { method: "post", action: "/api/sign_in" }, field, element("button"));
      const browser = new Browser(`http://127.0.0.1:3000/sign-in${query}`, form);
      await browser.run();
      assert.equal(await browser.submit(form), true, "the browser sends it");
      assert.equal(field.value, expected, query);
    }
  });

  test("is left to the browser if the server must check where it leads, or if it is another one", async () => {
    for (const form of [
      signOutForm({ session: "x", callback_url: "/" }, "/api/switch_account"),
      signOutForm({}, "/api/sign_in"),
      signOutForm({}, "https://evil.example/api/sign_out"),
      signOutForm({}, "https://"),
      element("form", {}),
    ]) {
      const browser = adas(form);
      await browser.run();
      assert.equal(await browser.submit(form), true, form.getAttribute("action") ?? "");
      assert.deepEqual(browser.requests, []);
    }
  });

  test("for which the user must first confirm who they are leads the page there, and can be sent again", async () => {
    const form = signOutForm({ scope: "others", redirect: "false" });
    const browser = adas(form);
    const url = "/confirm?callback_url=%2Faccount";
    const json = { error: "confirmation_required", url, message: "Please confirm first." };
    browser.responses["/api/sign_out"] = { status: 403, json };
    await browser.run();
    await browser.submit(form);
    assert.deepEqual(browser.loaded, [url]);
    // The page may come back from the browser's memory.
    const button = form.querySelector("button");
    assert.equal(button?.getAttribute("aria-busy"), null);
    assert.match(String(form.querySelector("[role=alert]")?.textContent), /^Please confirm first/);
    browser.responses["/api/sign_out"] = { ...SIGNED_OUT, scope: "others" };
    await browser.submit(form);
    assert.equal(form.querySelector("[role=status]")?.textContent, "Signed out everywhere else.");
  });

  test("that the app has handled is not sent", async () => {
    const form = signOutForm();
    const browser = adas(form);
    browser.window.document.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    await browser.run();
    await browser.submit(form);
    assert.deepEqual(browser.requests, []);
  });

  test("switches accounts", async () => {
    const form = signOutForm({ session: "grace-session" }, "/api/switch_account");
    const browser = adas(form);
    const json = { error: "unknown_account", message: "This account is signed out." };
    browser.responses["/api/switch_account"] = { status: 404, json };
    await browser.run();
    await browser.submit(form);
    assert.match(String(form.querySelector("[role=alert]")?.textContent), /^This account is signed out/);
    browser.responses["/api/switch_account"] = { ...GRACE, others: [ADA] };
    await browser.submit(form);
    assert.equal(browser.reloads, 1);
    assert.deepEqual(browser.requests[1], ["/api/switch_account", "session=grace-session"]);
  });

  test("whose sign-out cannot be sent leaves the words to the page", async () => {
    const form = signOutForm({ redirect: "false" });
    const browser = adas(element("main", { "data-guardian-requires-user": "/sign-in" }, "secret", form));
    browser.responses["/api/sign_out"] = new Error("offline");
    await browser.run();
    await browser.submit(form);
    assert.equal(form.querySelector("[role=alert]"), null);
    assert.doesNotMatch(browser.body.textContent, /secret/);
    const notice = browser.body.querySelector(".guardian-notice");
    assert.match(String(notice?.textContent), FORGOTTEN);
    assert.ok(notice);
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    await browser.submit(notice);
    assert.equal(browser.requestsTo("/api/sign_out").at(-1)?.[1], "scope=local&session=ada-session&redirect=false");
    assert.equal(browser.body.querySelector(".guardian-notice"), null);
  });
});

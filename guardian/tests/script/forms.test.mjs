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

  // The page may show another account by now. It knows itself whom it signs out.
  test("is sent without the user whom its page has shown at first", async () => {
    const form = signOutForm({ scope: "global", shown_user: "bob" });
    const browser = adas(form);
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    await browser.run();
    await browser.submit(form);
    assert.deepEqual(browser.requests[0], ["/api/sign_out", "scope=global"]);
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

describe("a page that leads back", () => {
  const SIGN_IN = "http://127.0.0.1:3000/sign-in";
  const BACK = "callback_url=%2Faccount%3Fx%3D1";

  /** A page with a form and a link that lead back. @param {string} query @param {string} [value] */
  function leadingBack(query, value = "/account?x=1") {
    const field = element("input", { name: "callback_url", value });
    const form = element("form", { method: "post", action: "/api/sign_in" }, field, element("button"));
    const link = element("a", { href: `/sign-up?theme=dark&callback_url=${encodeURIComponent(value)}` }, element("b"));
    const skip = element("a", { href: "#main" });
    const browser = new Browser(SIGN_IN + query, skip, form, link, element("a"));
    const led = () => new URLSearchParams(String(link.search)).get("callback_url");
    return { browser, field, form, link, led, skip };
  }

  test("keeps its fragment, which only the browser knows, in forms and in links", async () => {
    for (const [query, expected, value] of [
      [`?${BACK}#password`, "/account?x=1#password"],
      [`?${BACK}`, "/account?x=1"],
      ["?callback_url=%2Felsewhere#password", "/account?x=1"],
      ["#password", "/account?x=1"],
      [`?${BACK}%23name#password`, "/account?x=1#name", "/account?x=1#name"],
      ["?callback_url=#password", "", ""],
    ]) {
      const { browser, field, form, link, led } = leadingBack(query, value);
      await browser.run();
      for (let count = 0; count < 2; count++) {
        assert.equal(await browser.submit(form), true, "the browser sends it");
        await browser.happensTo("click", link.children[0]);
        assert.deepEqual([field.value, led()], [expected, expected], query);
      }
      assert.match(String(link.search), /^\?theme=dark&/);
      await browser.happensTo("click", browser.body);
      assert.deepEqual(browser.errors, []);
    }
  });

  test("has done so when somebody else's listener reads it, such as an ActionForm's or a router's", async () => {
    const { browser, field, form, link, led } = leadingBack(`?${BACK}#password`);
    /** @type {unknown[]} */
    const read = [];
    form.addEventListener("submit", () => read.push(field.value));
    link.addEventListener("click", () => read.push(led()));
    await browser.run();
    await browser.submit(form);
    await browser.happensTo("click", link);
    assert.deepEqual(read, ["/account?x=1#password", "/account?x=1#password"]);
  });

  test("keeps the fragment with which the person came, whatever place they have gone to on it", async () => {
    for (const [before, expected, isLink] of /** @type {[string, string, boolean][]} */ ([
      ["#password", "/account?x=1#password", true],
      ["#password", "/account?x=1#password", false],
      ["", "/account?x=1", true],
    ])) {
      const { browser, field, form, link, led, skip } = leadingBack(`?${BACK}${before}`);
      await browser.run();
      if (isLink) await browser.happensTo("click", skip);
      browser.window.location.hash = "#main";
      await browser.submit(form);
      await browser.happensTo("click", link);
      assert.deepEqual([field.value, led()], [expected, expected]);
    }
  });

  test("and to which a router has come keeps the fragment that it has then", async () => {
    const { browser, field, form, skip } = leadingBack("#top");
    await browser.run();
    Object.assign(browser.window.location, { search: `?${BACK}`, hash: "#password" });
    await browser.happensTo("click", skip);
    browser.window.location.hash = "#main";
    await browser.submit(form);
    assert.equal(field.value, "/account?x=1#password");
  });
});

describe("a form of the app's that is sent once", () => {
  /** @param {Record<string, string>} [some] @param {Record<string, string>} [ofButton] */
  function onceForm(some, ofButton) {
    const button = element("button", ofButton);
    const form = element("form", { method: "POST", action: "/orders", "data-guardian-once": "", ...some }, button);
    const browser = adas(form);
    return { browser, form, button, isBusy: () => button.getAttribute("aria-busy") };
  }

  test("is not sent again at a double click, and is after five seconds", async () => {
    const { browser, form, isBusy } = onceForm();
    await browser.run();
    for (let count = 0; count < 2; count++) {
      assert.equal(isBusy(), null);
      assert.equal(await browser.submit(form), true);
      await browser.pass(0);
      assert.equal(isBusy(), "true");
      assert.equal(await browser.submit(form), false);
      await browser.pass(5_000);
    }
    assert.deepEqual(browser.requests, []);
  });

  test("is not sent by the app's program either, which arrives in between", async () => {
    const { browser, form } = onceForm();
    await browser.run();
    await browser.submit(form);
    let sent = 0;
    // As Leptos's ActionForm does.
    form.addEventListener("submit", (event) => event.defaultPrevented || sent++);
    await browser.submit(form);
    assert.equal(sent, 0);
  });

  test("can be sent again when the page comes back", async () => {
    const { browser, form, isBusy } = onceForm();
    browser.responses["/api/session"] = { ...ADA, others: [] };
    await browser.run();
    await browser.submit(form);
    await browser.happens("pageshow", { persisted: false });
    assert.equal(isBusy(), "true", "the page itself has been loaded only now");
    await browser.happens("pagehide");
    await browser.happens("pageshow", { persisted: true });
    assert.equal(isBusy(), null);
    assert.equal(await browser.submit(form), true);
    assert.equal(browser.timers.filter(({ ms }) => ms === 5_000).length, 1, "the first press counts no more");
  });

  test("is not counted as sent if the app has prevented it, also later than the script", async () => {
    for (const isLate of [false, true]) {
      const { browser, form, isBusy } = onceForm();
      const prevent = (/** @type {Event} */ event) => event.preventDefault();
      if (!isLate) form.addEventListener("submit", prevent);
      await browser.run();
      if (isLate) browser.window.document.addEventListener("submit", prevent);
      await browser.submit(form);
      await browser.pass(0);
      assert.equal(isBusy(), null);
      let isPrevented = true;
      form.addEventListener("submit", ({ defaultPrevented }) => void (isPrevented = defaultPrevented));
      await browser.submit(form);
      assert.equal(isPrevented, false, "the app gets the next one as well");
    }
  });

  test("is a POST that has the attribute", async () => {
    const { browser, form } = onceForm();
    form.removeAttribute("data-guardian-once");
    for (const each of [
      { browser, form },
      onceForm({ method: "get" }),
      onceForm({}, { formmethod: "dialog" }),
    ]) {
      await each.browser.run();
      for (let count = 0; count < 2; count++) assert.equal(await each.browser.submit(each.form), true);
    }
  });
});

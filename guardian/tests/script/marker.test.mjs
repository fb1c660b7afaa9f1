// The readable cookie that names the browser's session.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { element, settled } from "./fake_browser.mjs";
import { ADA, GRACE, SIGN_IN, Tab, accounts, adas, adasPrivate, options, pendingTab } from "./tab.mjs";
import { MARKER, adas as adasBrowser, shownTo, visit, ADA as ADA_HERE } from "./visits.mjs";

describe("the marker cookie", () => {
  test("shows a sign-in by a request that the script does not know", async () => {
    const inside = shownTo("in");
    const browser = visit(null, inside);
    await browser.run();
    browser.responses["/api/session"] = { ...ADA_HERE, others: [] };
    await browser.receiveCookie(MARKER, "ada-session");
    assert.equal(inside.hasAttribute("hidden"), false);
    assert.equal(browser.requestsTo("/api/session").length, 1);
  });

  test("shows a sign-out that the script does not know of, in a browser that tells of changed cookies", async () => {
    const inside = shownTo("in");
    const browser = adasBrowser(inside);
    const cookieStore = new EventTarget();
    Object.assign(browser.window, { cookieStore });
    await browser.run();
    browser.cookies.delete(MARKER);
    cookieStore.dispatchEvent(new Event("change"));
    await settled();
    assert.equal(inside.hasAttribute("hidden"), true);
  });

  test("is no question while it names the session that the page shows", () => {
    const tab = adas();
    tab.send("changed");
    assert.equal(tab.posts("session").length, 0);
  });

  test("is asked about once, also where it is wrong", async () => {
    const tab = Tab.open(null);
    tab.marker = "old-session";
    for (let count = 0; count < 3; count++) tab.send("changed");
    assert.equal(tab.posts("session").length, 1);
    tab.send("answered", tab.question, { value: null });
    tab.send("changed");
    assert.equal(tab.posts("session").length, 1);
    // The page's own requests are resources, too.
    const browser = visit(null);
    browser.cookies.set(MARKER, "old-session");
    await browser.run();
    await settled();
    assert.equal(browser.requestsTo("/api/session").length, 1);
  });

  test("is not asked about twice if something else has made the page ask", () => {
    const tab = adas();
    tab.marker = "grace-session";
    tab.send("hint", ["session", "grace-session"]);
    assert.equal(tab.posts("session").length, 1);
  });

  test("is asked about when the page's own sign-out is done, not before", () => {
    const tab = adas();
    const id = tab.signOut({ scope: "others", redirect: "false" });
    tab.marker = "grace-session";
    tab.send("changed");
    assert.equal(tab.posts("session").length, 0);
    tab.fail(id);
    assert.equal(tab.posts("session").length, 1);
  });

  test("is not asked about after the page's own sign-out, which changes it", () => {
    const tab = adas();
    const id = tab.signOut({ redirect: "false" });
    tab.marker = null;
    tab.send("changed");
    tab.succeed(id);
    tab.send("changed");
    assert.deepEqual([tab.state.active, tab.posts("session").length], [null, 0]);
  });

  test("is not asked about by a page that leads elsewhere", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.marker = null;
    tab.send("signedOut", id, { value: { scope: "local", ended: ["ada-session"], events: [], url: "/" } });
    tab.send("changed");
    assert.equal(tab.posts("session").length, 0);
  });
});

describe("a page that needs a user", () => {
  /** A page that nobody is signed in on, while the marker names a session. */
  function undecided() {
    const tab = new Tab();
    tab.signInUrl = SIGN_IN;
    tab.marker = "ada-session";
    tab.send("started", null);
    return tab;
  }

  test("does not leave while the marker names a session that the server has not denied", () => {
    const tab = undecided();
    assert.deepEqual(tab.loads, []);
    tab.answer(tab.question, accounts(ADA));
    assert.deepEqual(tab.loads, []);
    assert.deepEqual(tab.state.active, ADA);
  });

  test("leaves when the server has denied it, though the cookie is still there", () => {
    const tab = undecided();
    tab.send("answered", tab.question, { value: null });
    assert.deepEqual(tab.loads, [`${SIGN_IN}?callback_url=%2Faccount`]);
  });

  test("does not take a failure for a denial", () => {
    const tab = undecided();
    tab.failToAnswer(tab.question);
    assert.deepEqual(tab.loads, []);
    tab.send("online");
    tab.send("answered", tab.question, { value: null });
    assert.equal(tab.loads.length, 1);
  });

  test("does not take the answer to an older question for one about a session that has begun since", () => {
    const tab = adasPrivate();
    tab.send("looked");
    const early = tab.question;
    // A sign-in, whose event comes later than the answer.
    tab.marker = "another-session";
    tab.send("answered", early, { value: null });
    assert.deepEqual(tab.loads, []);
    tab.answer(tab.question, accounts({ ...ADA, session: "another-session" }));
    assert.deepEqual(tab.loads, []);
    assert.equal(tab.state.active?.session, "another-session");
  });

  test("leaves at once after its own sign-out, though the cookie goes a little later", () => {
    const tab = adasPrivate();
    const id = tab.signOut({ redirect: "false" });
    const value = { scope: /** @type {const} */ ("local"), ended: ["ada-session"], events: ["1"], url: null };
    tab.send("signedOut", id, { value });
    assert.equal(tab.loads.length, 1);
  });

  test("does not leave after its own sign-out if somebody has signed in meanwhile", () => {
    const tab = adasPrivate();
    const id = tab.signOut({ redirect: "false" });
    tab.marker = "grace-session";
    const value = { scope: /** @type {const} */ ("local"), ended: ["ada-session"], events: ["1"], url: null };
    tab.send("signedOut", id, { value });
    assert.deepEqual(tab.loads, []);
    tab.answer(tab.question, accounts(GRACE));
    assert.equal(tab.loads.length, 1, "what it holds was Ada's");
  });

  test("leaves at once while a sign-out of an earlier page is pending: the server knows nobody then", () => {
    const tab = new Tab();
    Object.assign(tab, { signInUrl: SIGN_IN, marker: "ada-session", kept: options({ session: "ada-session" }) });
    tab.send("started", accounts(ADA));
    assert.equal(tab.loads.length, 1);
  });

  test("leaves when its pending sign-out is over, though the cookie is still there", () => {
    const tab = pendingTab({ redirect: "false" }, adasPrivate());
    tab.kept = null;
    tab.send("hint", ["settled"]);
    tab.send("answered", tab.question, { value: null });
    assert.equal(tab.loads.length, 1);
  });

  test("is not left by a router's new page while somebody signs in", async () => {
    const browser = visit(null);
    await browser.run();
    let respond = (/** @type {unknown} */ _) => {};
    browser.responses["/api/session"] = new Promise((resolve) => (respond = resolve));
    // The response to the sign-in brings the cookie. Then the router shows the next page.
    browser.cookies.set(MARKER, "ada-session");
    browser.body.append(element("main", { "data-guardian-requires-user": "/sign-in" }));
    await settled();
    await browser.pass(0);
    respond({ ...ADA_HERE, others: [] });
    await settled();
    assert.deepEqual(browser.loaded, []);
  });
});

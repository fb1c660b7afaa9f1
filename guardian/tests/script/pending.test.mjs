// A sign-out that could not be sent.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COOKIE_ON_ITS_WAY_MS } from "../../src/script/auth_state.mjs";
import { LONGEST_PAUSE_MS } from "../../src/script/draft.mjs";
import { FIRST_RETRY_MS, PATIENCE_MS } from "../../src/script/sign_out.mjs";
import { ADA, GRACE, Tab, UNREACHABLE, accounts, adas, notice, options, pendingTab, signedOut } from "./tab.mjs";

describe("a pending sign-out", () => {
  test("begins when the server cannot be reached: nobody is shown, the browser remembers, the tabs are told", () => {
    const tab = pendingTab({ scope: "global", callbackUrl: "/bye" });
    const bound = options({ scope: "global", callbackUrl: "/bye", session: "ada-session" });
    assert.equal(tab.state.active, null);
    assert.deepEqual(tab.state.pending, { options: bound, error: "pending" });
    assert.deepEqual(tab.all("remember"), [{ type: "remember", options: bound }]);
    assert.deepEqual(tab.hints, [{ type: "pending", options: bound }]);
    assert.deepEqual(tab.outcomes.map(({ error }) => error), ["pending"]);
    assert.deepEqual(tab.notices, [notice({ scope: "global" })]);
    assert.deepEqual(tab.timers("retry").map(({ ms }) => ms), [FIRST_RETRY_MS]);
  });

  test("of the whole browser is bound to no session", () => {
    assert.equal(pendingTab({ scope: "browser" }).state.pending?.options.session, null);
  });

  test("begins when the server is late, and the late response still counts", () => {
    const tab = adas();
    const id = tab.signOut();
    assert.deepEqual(tab.timers("late").map(({ ms }) => ms), [PATIENCE_MS]);
    tab.send({ type: "late", id });
    assert.equal(tab.state.active, null);
    assert.ok(tab.kept);
    tab.take();
    tab.send({ type: "signedOut", id, value: signedOut({ url: "/" }) });
    assert.equal(tab.kept, null);
    assert.deepEqual(tab.hints, [{ type: "settled" }]);
    assert.deepEqual(tab.notices, [], "the app was told when the page dropped its state");
    assert.equal(tab.all("loadPage").length, 1);
  });

  test("does not begin for a late sign-out of other sessions, or after the response", () => {
    const tab = Tab.open(accounts(ADA, GRACE));
    tab.signOut({ scope: "others" });
    tab.signOut({ session: "phone" });
    assert.equal(tab.timers("late").length, 0);
    const id = tab.signOut({ redirect: false });
    tab.send({ type: "signedOut", id, value: signedOut() });
    tab.send({ type: "late", id });
    assert.equal(tab.state.pending, null);
  });

  test("is sent again after growing pauses", () => {
    const tab = pendingTab();
    const pauses = [];
    for (let count = 0; count < 8; count++) {
      pauses.push(...tab.timers("retry").map(({ ms }) => ms));
      tab.take();
      tab.send({ type: "retry" });
      assert.equal(tab.posts("sign_out").length, 1);
      tab.send({ type: "signedOut", id: tab.sent, failure: UNREACHABLE });
      assert.equal(tab.all("remember").length, 0, "it is remembered already");
      assert.deepEqual(tab.hints, []);
    }
    assert.deepEqual(pauses.slice(0, 4), [2_000, 4_000, 8_000, 16_000]);
    assert.equal(pauses.at(-1), LONGEST_PAUSE_MS);
  });

  test("is sent when the network is back, but not twice at once", () => {
    const tab = pendingTab();
    tab.take();
    tab.send({ type: "online" });
    tab.send({ type: "online" });
    tab.send({ type: "retry" });
    assert.equal(tab.posts("sign_out").length, 1);
    assert.equal(tab.posts("session").length, 0, "the question waits");
  });

  test("goes where it was to lead, on the page on which it was asked for", () => {
    const tab = pendingTab({ callbackUrl: "/bye" });
    tab.send({ type: "online" });
    assert.match(tab.posts("sign_out")[1].fields, /callback_url/);
    tab.send({ type: "signedOut", id: tab.sent, value: signedOut({ url: "/bye" }) });
    assert.deepEqual(tab.all("loadPage").map(({ url }) => url), ["/bye"]);
  });

  test("is over for the other tabs, too, if the response has removed the cookie", () => {
    const tab = pendingTab();
    tab.send({ type: "retry" });
    tab.take();
    tab.kept = null;
    tab.send({ type: "signedOut", id: tab.sent, value: signedOut({ url: "/" }) });
    assert.deepEqual(tab.hints, [{ type: "settled" }]);
  });

  test("that was sent at last leaves no pause for the next one", () => {
    for (const value of [signedOut(), undefined]) {
      const tab = pendingTab({ redirect: false });
      for (let count = 0; count < 3; count++) {
        tab.send({ type: "retry" });
        if (count < 2) tab.send({ type: "signedOut", id: tab.sent, failure: UNREACHABLE });
      }
      if (value) {
        tab.send({ type: "signedOut", id: tab.sent, value });
      } else {
        // Or a sign-in has replaced it.
        tab.kept = null;
        tab.send({ type: "signedOut", id: tab.sent, failure: UNREACHABLE });
      }
      tab.answer(tab.question, accounts(ADA));
      tab.send({ type: "retry" });
      tab.take();
      pendingTab({}, tab);
      assert.deepEqual(tab.timers("retry").map(({ ms }) => ms), [FIRST_RETRY_MS]);
    }
  });

  test("that was late and fails is not tried twice as often", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.send({ type: "late", id });
    tab.send({ type: "signedOut", id, failure: UNREACHABLE });
    assert.equal(tab.timers("retry").length, 1);
    assert.equal(tab.all("remember").length, 1);
  });

  test("of an earlier page is sent by the next one, which stays", () => {
    const tab = new Tab();
    tab.kept = options({ scope: "global", session: "ada-session" });
    tab.send({ type: "started", accounts: null, isFromHistory: false });
    assert.deepEqual(tab.posts("sign_out").map(({ fields }) => fields), [
      "scope=global&session=ada-session&redirect=false",
    ]);
  });

  test("of an earlier page ends, and the next account is shown", () => {
    const tab = new Tab();
    tab.kept = options({ session: "ada-session" });
    tab.send({ type: "started", accounts: null, isFromHistory: false });
    tab.send({ type: "signedOut", id: tab.sent, value: signedOut() });
    assert.equal(tab.all("forget").length, 1);
    assert.deepEqual(tab.hints.at(-1), { type: "settled" });
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual(tab.state.active, GRACE);
  });

  test("of an earlier page that fails again is shown", () => {
    const tab = new Tab();
    tab.kept = options({ session: "ada-session" });
    tab.send({ type: "started", accounts: undefined, isFromHistory: false });
    tab.send({ type: "signedOut", id: tab.sent, failure: UNREACHABLE });
    assert.equal(tab.state.active, null);
    assert.deepEqual(tab.state.pending?.options, options({ session: "ada-session", redirect: false }));
  });

  test("whose response says that the server failed is shown as that", () => {
    const tab = pendingTab();
    tab.send({ type: "retry" });
    tab.kept = null; // The server has removed the cookie, and keeps what it needs.
    tab.send({ type: "signedOut", id: tab.sent, failure: { error: "unavailable", signedOutHere: true } });
    assert.equal(tab.state.pending?.error, "unavailable");
    const id = tab.signOut();
    tab.send({ type: "signedOut", id, failure: UNREACHABLE });
    assert.equal(tab.state.pending?.error, "pending");
    assert.ok(tab.kept, "and it can become pending again");
  });

  test("whose retry is refused is tried later", () => {
    const tab = pendingTab();
    tab.send({ type: "retry" });
    tab.take();
    tab.send({ type: "signedOut", id: tab.sent, failure: { error: "too_large", signedOutHere: false } });
    assert.equal(tab.timers("retry").length, 1);
  });

  test("that another tab tells of is shown without leading anywhere", () => {
    const tab = adas();
    tab.kept = options({ session: "ada-session" });
    tab.send({ type: "hint", hint: { type: "pending", options: options({ session: "ada-session" }) } });
    assert.equal(tab.state.active, null);
    assert.equal(tab.state.pending?.options.redirect, false);
    assert.deepEqual(tab.notices, [notice()]);
    assert.deepEqual(tab.hints, [], "it is not told back");
  });

  test("that a frozen tab hears of after a new sign-in hides nobody", () => {
    const tab = adas();
    tab.send({ type: "hint", hint: { type: "pending", options: options({ scope: "browser" }) } });
    assert.equal(tab.posts("session").length, 1);
    const [second] = tab.timers("hint");
    tab.send(second.event);
    assert.equal(tab.timers("hint").length, 1, "it looks once more, and no further");
    assert.deepEqual(tab.state.active, ADA);
    assert.equal(tab.posts("sign_out").length, 0);
  });

  test("whose cookie reaches another tab's process late is shown there a little later", () => {
    const tab = adas();
    tab.send({ type: "hint", hint: { type: "pending", options: options({ session: "ada-session" }) } });
    const [second] = tab.timers("hint");
    assert.equal(second.ms, COOKIE_ON_ITS_WAY_MS);
    tab.kept = options({ session: "ada-session" });
    tab.send(second.event);
    assert.equal(tab.state.pending?.error, "pending");
  });

  test("shows nobody on a page from the browser's cache, which is older", () => {
    const tab = new Tab();
    tab.kept = options({ session: "ada-session" });
    tab.send({ type: "started", accounts: accounts(ADA), isFromHistory: true });
    assert.equal(tab.state.active, null);
    assert.equal(tab.posts("sign_out").length, 1);
  });

  test("is over when a user is shown again: a retry would sign them out", () => {
    const tab = pendingTab();
    tab.kept = null; // The sign-in has removed it.
    tab.send({ type: "hint", hint: { type: "session", session: "grace-session" } });
    tab.answer(tab.question, accounts(GRACE));
    assert.equal(tab.state.pending, null);
    tab.take();
    tab.send({ type: "retry" });
    assert.equal(tab.posts("sign_out").length, 0);
  });
});

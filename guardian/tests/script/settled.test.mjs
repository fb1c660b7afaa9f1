// A pending sign-out that is over, and one whose cookie the browser refuses.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ADA, GRACE, accounts, adas, pendingTab, signedOut } from "./tab.mjs";

describe("a pending sign-out that another tab has carried out", () => {
  test("shows who is signed in now", () => {
    const tab = pendingTab({ redirect: "false" });
    tab.kept = null;
    tab.send("hint", ["settled"]);
    assert.equal(tab.question.purpose, "settle");
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual([tab.state.active, tab.state.pending], [GRACE, null]);
  });

  test("asks where to go, on the page on which it was asked for", () => {
    const tab = pendingTab({ callback_url: "/bye" });
    tab.kept = null;
    tab.take();
    tab.send("retry");
    assert.equal(tab.posts("sign_out").length, 0, "first it asks who is signed in");
    tab.answer(tab.question, null);
    assert.equal(tab.posts("sign_out").length, 1);
    tab.succeed(tab.sent, signedOut({ ended: [], events: [], url: "/bye" }));
    assert.deepEqual(tab.loads, ["/bye"]);
  });

  test("is asked about again, after a pause, while the server cannot be reached", () => {
    const tab = pendingTab({ redirect: "false" });
    tab.kept = null;
    tab.send("retry");
    tab.take();
    tab.send("retry");
    tab.failToAnswer(tab.question);
    assert.equal(tab.state.pending?.error, "pending", "it still says so");
    assert.equal(tab.timers("retry").length, 1);
    tab.send("retry");
    tab.answer(tab.question, null);
    assert.equal(tab.state.pending, null);
  });

  test("makes a tab without a notice ask", () => {
    const tab = adas();
    tab.send("hint", ["settled"]);
    assert.equal(tab.question.purpose, undefined);
  });
});

describe("a user who signs in, in another tab, while this one has a pending sign-out", () => {
  test("is not signed out by a retry that comes first", () => {
    const tab = pendingTab({ scope: "browser" });
    tab.kept = null; // The sign-in has removed it.
    tab.take();
    tab.send("online");
    assert.equal(tab.posts("sign_out").length, 0);
    tab.answer(tab.posts("session")[0].event[1], accounts(GRACE));
    assert.deepEqual(tab.state.active, GRACE);
    tab.send("retry");
    assert.equal(tab.posts("sign_out").length, 0);
  });

  test("is not hidden by a retry that fails afterwards", () => {
    const tab = pendingTab();
    tab.send("retry");
    tab.kept = null;
    tab.take();
    tab.fail(tab.sent);
    assert.equal(tab.all("remember").length, 0);
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual(tab.state.active, GRACE);
  });

  test("is not hidden by the first, late request when that succeeds at last", () => {
    const tab = adas();
    const id = tab.signOut({ redirect: "false" });
    tab.send("late", id);
    tab.kept = null;
    tab.send("retry");
    tab.answer(tab.question, accounts(GRACE));
    tab.take();
    tab.succeed(id);
    assert.deepEqual(tab.state.active, GRACE, "first it asks");
    assert.deepEqual(tab.notices.map(({ is_current }) => is_current), [false]);
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual(tab.state.active, GRACE);
  });

  test("is not hidden by the first, late request when that fails at last", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.send("late", id);
    tab.kept = null;
    tab.send("hint", ["session", "grace-session"]);
    tab.take();
    tab.fail(id);
    assert.equal(tab.all("remember").length, 0);
    assert.deepEqual(tab.hints, []);
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual(tab.state.active, GRACE);
  });
});

describe("a browser that refuses cookies", () => {
  test("sends a pending sign-out from the page's own memory", () => {
    const tab = adas();
    tab.refusesCookies = true;
    pendingTab({ redirect: "false" }, tab);
    tab.take();
    tab.send("retry");
    assert.equal(tab.posts("sign_out").length, 1);
    tab.succeed(tab.sent);
    tab.answer(tab.question, null);
    assert.equal(tab.state.pending, null);
  });

  test("keeps one that was late and fails", () => {
    const tab = adas();
    tab.refusesCookies = true;
    const id = tab.signOut();
    tab.send("late", id);
    tab.fail(id);
    assert.equal(tab.posts("session").length, 0);
    assert.equal(tab.state.pending?.error, "pending");
  });

  test("shows nobody until then, though the server sees the user", () => {
    const tab = adas();
    tab.refusesCookies = true;
    pendingTab({ redirect: "false" }, tab);
    tab.send("looked");
    tab.answer(tab.question, accounts(ADA));
    assert.equal(tab.state.active, null);
    assert.ok(tab.state.pending);
  });
});

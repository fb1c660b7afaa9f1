// A sign-out that could not be sent.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COOKIE_ON_ITS_WAY_MS } from "../../src/script/auth_state.mjs";
import { LONGEST_PAUSE_MS } from "../../src/script/draft.mjs";
import { FIRST_RETRY_MS, PATIENCE_MS } from "../../src/script/sign_out.mjs";
import { ADA, GRACE, Tab, accounts, adas, notice, options, pendingTab, plain, signedOut } from "./tab.mjs";

describe("a pending sign-out", () => {
  test("begins when the server cannot be reached: nobody is shown, the browser remembers, the tabs are told", () => {
    const tab = pendingTab({ scope: "global", callback_url: "/bye" });
    const bound = options({ scope: "global", callback_url: "/bye", session: "ada-session" });
    assert.equal(tab.state.active, null);
    const { options: kept, error } = plain(tab.state.pending);
    assert.deepEqual([kept, error], [bound, "pending"]);
    assert.deepEqual(plain(tab.all("remember")), [[bound]]);
    assert.deepEqual(plain(tab.hints), [["pending", bound]]);
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
    tab.send("late", id);
    assert.equal(tab.state.active, null);
    assert.ok(tab.kept);
    tab.take();
    tab.succeed(id, signedOut({ url: "/" }));
    assert.equal(tab.kept, null);
    assert.deepEqual(tab.hints, [["settled"]]);
    assert.deepEqual(tab.notices, [], "the app was told when the page dropped its state");
    assert.equal(tab.loads.length, 1);
  });

  test("does not begin for a late sign-out of other sessions, or after the response", () => {
    const tab = Tab.open(accounts(ADA, GRACE));
    tab.signOut({ scope: "others" });
    tab.signOut({ session: "phone" });
    assert.equal(tab.timers("late").length, 0);
    const id = tab.signOut({ redirect: "false" });
    tab.succeed(id);
    tab.send("late", id);
    assert.equal(tab.state.pending, null);
  });

  test("is sent again after growing pauses", () => {
    const tab = pendingTab();
    const pauses = [];
    for (let count = 0; count < 8; count++) {
      pauses.push(...tab.timers("retry").map(({ ms }) => ms));
      tab.take();
      tab.send("retry");
      assert.equal(tab.posts("sign_out").length, 1);
      tab.fail(tab.sent);
      assert.equal(tab.all("remember").length, 0, "it is remembered already");
      assert.deepEqual(tab.hints, []);
    }
    assert.deepEqual(pauses.slice(0, 4), [2_000, 4_000, 8_000, 16_000]);
    assert.equal(pauses.at(-1), LONGEST_PAUSE_MS);
  });

  test("is sent when the network is back, but not twice at once", () => {
    const tab = pendingTab();
    tab.take();
    tab.send("online");
    tab.send("online");
    tab.send("retry");
    assert.equal(tab.posts("sign_out").length, 1);
    assert.equal(tab.posts("session").length, 0, "the question waits");
  });

  test("goes where it was to lead, on the page on which it was asked for", () => {
    const tab = pendingTab({ callback_url: "/bye" });
    tab.send("online");
    assert.match(tab.posts("sign_out")[1].fields, /callback_url/);
    tab.succeed(tab.sent, signedOut({ url: "/bye" }));
    assert.deepEqual(tab.loads, ["/bye"]);
  });

  test("is over for the other tabs, too, if the response has removed the cookie", () => {
    const tab = pendingTab();
    tab.send("retry");
    tab.take();
    tab.kept = null;
    tab.succeed(tab.sent, signedOut({ url: "/" }));
    assert.deepEqual(tab.hints, [["settled"]]);
  });

  test("that was sent at last leaves no pause for the next one", () => {
    for (const value of [signedOut(), undefined]) {
      const tab = pendingTab({ redirect: "false" });
      for (let count = 0; count < 3; count++) {
        tab.send("retry");
        if (count < 2) tab.fail(tab.sent);
      }
      if (value) {
        tab.succeed(tab.sent, value);
      } else {
        // Or a sign-in has replaced it.
        tab.kept = null;
        tab.fail(tab.sent);
      }
      tab.answer(tab.question, accounts(ADA));
      tab.send("retry");
      tab.take();
      pendingTab({}, tab);
      assert.deepEqual(tab.timers("retry").map(({ ms }) => ms), [FIRST_RETRY_MS]);
    }
  });

  test("that was late and fails is not tried twice as often", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.send("late", id);
    tab.fail(id);
    assert.equal(tab.timers("retry").length, 1);
    assert.equal(tab.all("remember").length, 1);
  });

  test("of an earlier page is sent by the next one, which stays", () => {
    const tab = new Tab();
    tab.kept = options({ scope: "global", session: "ada-session" });
    tab.send("started", null);
    assert.deepEqual(tab.posts("sign_out").map(({ fields }) => fields), [
      "scope=global&session=ada-session&redirect=false",
    ]);
  });

  test("of an earlier page ends, and the next account is shown", () => {
    const tab = new Tab();
    tab.kept = options({ session: "ada-session" });
    tab.send("started", null);
    tab.succeed(tab.sent);
    assert.equal(tab.all("forget").length, 1);
    assert.deepEqual(tab.hints.at(-1), ["settled"]);
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual(tab.state.active, GRACE);
  });

  test("of an earlier page that fails again is shown", () => {
    const tab = new Tab();
    tab.kept = options({ session: "ada-session" });
    tab.send("started", undefined);
    tab.fail(tab.sent);
    assert.equal(tab.state.active, null);
    assert.deepEqual(plain(tab.state.pending?.options), options({ session: "ada-session", redirect: "false" }));
  });

  test("whose response says that the server failed is shown as that", () => {
    const tab = pendingTab();
    tab.send("retry");
    tab.kept = null; // The server has removed the cookie, and keeps what it needs.
    tab.fail(tab.sent, { error: "unavailable", signed_out_here: true, message: "…" });
    assert.equal(tab.state.pending?.error, "unavailable");
    const id = tab.signOut();
    tab.fail(id);
    assert.equal(tab.state.pending?.error, "pending");
    assert.ok(tab.kept, "and it can become pending again");
  });

  test("whose retry is refused is tried later", () => {
    const tab = pendingTab();
    tab.send("retry");
    tab.take();
    tab.fail(tab.sent, { error: "too_large", message: "…" });
    assert.equal(tab.timers("retry").length, 1);
  });

  test("that another tab tells of is shown without leading anywhere", () => {
    const tab = adas();
    tab.kept = options({ session: "ada-session" });
    tab.send("hint", ["pending", options({ session: "ada-session" })]);
    assert.equal(tab.state.active, null);
    assert.equal(tab.state.pending?.options.redirect, "false");
    assert.deepEqual(tab.notices, [notice()]);
    assert.deepEqual(tab.hints, [], "it is not told back");
  });

  test("that a frozen tab hears of after a new sign-in hides nobody", () => {
    const tab = adas();
    tab.send("hint", ["pending", options({ scope: "browser" })]);
    const [second] = tab.timers("hint");
    tab.send(...second.event);
    assert.equal(tab.posts("session").length, 1);
    assert.equal(tab.timers("hint").length, 1, "it looks once more, and no further");
    assert.deepEqual(tab.state.active, ADA);
    assert.equal(tab.posts("sign_out").length, 0);
  });

  test("whose cookie reaches another tab's process late is shown there a little later", () => {
    const tab = adas();
    tab.send("hint", ["pending", options({ session: "ada-session" })]);
    const [second] = tab.timers("hint");
    assert.equal(second.ms, COOKIE_ON_ITS_WAY_MS);
    tab.kept = options({ session: "ada-session" });
    tab.send(...second.event);
    assert.equal(tab.state.pending?.error, "pending");
  });

  test("shows nobody on a page from the browser's cache, which is older", () => {
    const tab = new Tab();
    tab.kept = options({ session: "ada-session" });
    tab.send("started", accounts(ADA));
    assert.equal(tab.state.active, null);
    assert.equal(tab.posts("sign_out").length, 1);
  });

  test("is over when a user is shown again: a retry would sign them out", () => {
    const tab = pendingTab();
    tab.kept = null; // The sign-in has removed it.
    tab.send("hint", ["session", "grace-session"]);
    tab.answer(tab.question, accounts(GRACE));
    assert.equal(tab.state.pending, null);
    tab.take();
    tab.send("retry");
    assert.equal(tab.posts("sign_out").length, 0);
  });
});

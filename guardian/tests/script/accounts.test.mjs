// Who is signed in: what the page knows, asks, hears and says.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COOKIE_ON_ITS_WAY_MS } from "../../src/script/auth_state.mjs";
import { UNKNOWN, reduce } from "../../src/script/state.mjs";
import { ADA, GRACE, THIS_PAGE, Tab, accounts, adas, notice, options, signedOut, user } from "./tab.mjs";

test("a transition leaves the state before as it was", () => {
  const before = adas().state;
  const copy = structuredClone(before);
  const around = { now: 1, kept: null, signInUrl: null, marker: "ada-session", here: "/" };
  reduce(before, around, "signOut", 1, options());
  assert.deepEqual(before, copy);
  assert.equal(UNKNOWN.active, undefined);
});

describe("a page that opens", () => {
  test("shows what the server has rendered, tells the other tabs, and does not ask", () => {
    const tab = new Tab();
    tab.marker = "ada-session";
    tab.send("started", accounts(ADA, GRACE));
    assert.deepEqual(tab.state.active, ADA);
    assert.deepEqual(tab.state.others, [GRACE]);
    assert.deepEqual(tab.hints, [["session", "ada-session"]]);
    assert.equal(tab.posts("session").length, 0);
  });

  test("asks when the server has not said who is signed in", () => {
    const tab = Tab.open(undefined);
    assert.equal(tab.state.active, undefined);
    tab.send("started", undefined);
    assert.deepEqual(tab.hints, []);
    tab.answer(tab.question, accounts(ADA));
    assert.deepEqual(tab.state.active, ADA);
  });

  test("asks when it comes from the history, and shows what was known until then", () => {
    for (const [known, found] of [[null, accounts(ADA)], [accounts(ADA), null], [accounts(ADA), accounts(GRACE)]]) {
      const tab = new Tab();
      tab.marker = found?.active.session ?? null;
      tab.send("started", known);
      assert.deepEqual(tab.state.active, known?.active ?? null);
      tab.answer(tab.question, found);
      assert.deepEqual(tab.state.active, found?.active ?? null);
      assert.equal(tab.posts("session").length, 1);
    }
  });

  test("does not replace what it has learned while it was loading", () => {
    const tab = new Tab();
    tab.send("refresh");
    tab.answer(tab.question, null);
    tab.send("started", accounts(ADA));
    assert.equal(tab.state.active, null);
  });

  test("removes what an earlier user has left in the storage", () => {
    const tab = new Tab();
    tab.send("started", accounts(ADA));
    assert.equal(tab.all("forget").length, 1);
    assert.equal(tab.posts("sign_out").length, 0);
  });
});

describe("questions", () => {
  test("a late answer undoes nothing newer", () => {
    const tab = adas();
    tab.send("looked");
    const late = tab.question;
    tab.send("looked");
    tab.answer(tab.question, null);
    assert.equal(tab.all("check").length, 1, "lists of sessions are asked for again");
    tab.answer(late, accounts(ADA));
    assert.equal(tab.state.active, null);
  });

  test("a late answer does not bring back a user who has signed out", () => {
    const tab = adas();
    tab.send("looked");
    const late = tab.question;
    const id = tab.signOut({ redirect: "false" });
    tab.succeed(id);
    assert.equal(tab.state.active, null);
    tab.answer(late, accounts(ADA));
    assert.equal(tab.state.active, null);
  });

  test("a failure changes nothing, and those who wait are told", () => {
    const tab = adas();
    tab.send("refresh", 7);
    tab.failToAnswer(tab.question);
    assert.deepEqual(tab.state.active, ADA);
    assert.deepEqual(tab.outcomes, [{ id: 7, value: undefined, error: "unreachable" }]);
  });

  test("an answer that arrives while the page signs out is asked for again afterwards", () => {
    const tab = adas();
    tab.send("looked");
    const early = tab.question;
    const id = tab.signOut({ scope: "others", redirect: "false" });
    tab.answer(early, null);
    assert.deepEqual(tab.state.active, ADA);
    tab.take();
    tab.succeed(id, signedOut({ scope: "others" }));
    assert.equal(tab.posts("session").length, 1);
  });

  test("the network's return, a look and a refresh ask", () => {
    for (const type of /** @type {const} */ (["online", "looked", "refresh"])) {
      const tab = adas();
      tab.send(type);
      assert.equal(tab.posts("session").length, 1, type);
    }
  });

  test("a page that finds its session gone says so, without a reason", () => {
    const tab = adas();
    tab.send("looked");
    tab.answer(tab.question, null);
    assert.deepEqual(tab.notices, [notice({ reason: "unknown" })]);
  });

  test("a page whose session is among the other accounts now says nothing", () => {
    const tab = adas();
    tab.send("looked");
    tab.answer(tab.question, accounts(GRACE, ADA));
    assert.deepEqual(tab.notices, []);
    assert.deepEqual(tab.state.active, GRACE);
  });
});

describe("what the page hears of", () => {
  test("is told once for each event", () => {
    const tab = adas();
    for (const events of [["a"], ["a"], ["a", "b"]]) {
      tab.send("streamNotice", notice({ is_current: false, events }));
    }
    assert.equal(tab.notices.length, 2);
  });

  test("is told once for each session of this page", () => {
    const tab = adas();
    tab.send("streamNotice", notice({ events: ["a"], reason: "other_device" }));
    tab.send("hint", ["signed_out", notice({ events: ["b"] })]);
    tab.answer(tab.question, null);
    assert.deepEqual(tab.notices.map(({ reason }) => reason), ["other_device"]);
    tab.send("refresh");
    tab.answer(tab.question, accounts(user("ada", "another-session")));
    tab.send("streamNotice", notice({ events: ["c"], reason: "expiry" }));
    assert.deepEqual(tab.notices.map(({ reason }) => reason), ["other_device", "expiry"]);
  });

  test("makes it ask, and other tabs hear of it from the one with the stream", () => {
    const tab = adas();
    const heard = notice({ events: ["a"], reason: "administrator" });
    tab.send("streamNotice", heard);
    assert.deepEqual(tab.hints, [["signed_out", heard]]);
    assert.equal(tab.posts("session").length, 1);
    tab.take();
    tab.send("hint", ["signed_out", { ...heard, events: ["b"] }]);
    assert.deepEqual(tab.hints, []);
    assert.equal(tab.posts("session").length, 1);
  });

  test("makes it wait for a new token, if the app ended the other sessions", () => {
    for (const [reason, waits, scope, is_current] of /** @type {const} */ ([
      ["password_change", true, "others", false],
      ["user", false, "others", false],
      ["other_device", false, "others", false],
      ["administrator", false, "local", false],
      ["password_change", false, "others", true],
    ])) {
      const tab = adas();
      tab.send("streamNotice", notice({ scope, is_current, reason }));
      assert.deepEqual(tab.timers("refresh").map(({ ms }) => ms), waits ? [COOKIE_ON_ITS_WAY_MS] : [], reason);
      assert.equal(tab.posts("session").length, waits ? 0 : 1, reason);
    }
  });

  test("of another tab with the same session is news of other sessions, and otherwise a question", () => {
    const tab = adas();
    tab.send("hint", ["session", "ada-session"]);
    assert.deepEqual([tab.all("check").length, tab.posts("session").length], [1, 0]);
    tab.send("hint", ["session", null]);
    assert.deepEqual([tab.all("check").length, tab.posts("session").length], [1, 1]);
  });
});

describe("switching accounts", () => {
  test("tells the other tabs and loads the page again", () => {
    const tab = Tab.open(accounts(ADA, GRACE));
    tab.send("switchAccount", 1, "grace-session");
    assert.equal(tab.posts("switch_account")[0].fields, "session=grace-session");
    tab.send("switched", 1, { value: accounts(GRACE, ADA) });
    assert.deepEqual(tab.hints, [["session", "grace-session"]]);
    assert.deepEqual(tab.loads, [THIS_PAGE]);
    assert.equal(tab.outcomes.length, 1);
  });

  test("that fails leaves the page as it is", () => {
    const tab = Tab.open(accounts(ADA, GRACE));
    tab.send("switchAccount", 1, "grace-session");
    tab.send("looked");
    assert.equal(tab.posts("session").length, 0);
    tab.send("switched", 1, { failure: { error: "unknown_account", message: "…" } });
    assert.deepEqual(tab.outcomes.map(({ error }) => error), ["unknown_account"]);
    assert.deepEqual(tab.loads, []);
    assert.equal(tab.posts("session").length, 1);
  });
});

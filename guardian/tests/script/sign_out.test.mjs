// Signing out while the server responds.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ADA, GRACE, Tab, accounts, adas, notice, options, signedOut } from "./tab.mjs";

describe("signing out", () => {
  test("with a redirect leads to the response's URL, and nothing is shown from then on", () => {
    const tab = adas();
    const id = tab.signOut({ callback_url: "/bye" });
    assert.deepEqual(tab.posts("sign_out")[0].fields, "scope=local&callback_url=%2Fbye");
    const value = signedOut({ url: "/bye" });
    tab.succeed(id, value);
    assert.deepEqual(tab.loads, ["/bye"]);
    assert.deepEqual(tab.outcomes, [{ id, value, error: undefined }]);
    tab.send("looked");
    tab.send("refresh");
    tab.answer(tab.question, null);
    assert.deepEqual(tab.state.active, ADA);
  });

  test("in place shows nobody, and tells the app and the other tabs", () => {
    const tab = adas();
    const id = tab.signOut({ redirect: "false" });
    tab.succeed(id);
    assert.equal(tab.state.active, null);
    const told = notice({ events: ["event-1"] });
    assert.deepEqual(tab.notices, [told]);
    assert.deepEqual(tab.hints, [["signed_out", told]]);
    assert.equal(tab.posts("session").length, 0, "there is no other account");
    assert.equal(tab.outcomes.length, 1);
  });

  test("in place shows the next account, and is done only then", () => {
    const tab = Tab.open(accounts(ADA, GRACE));
    const id = tab.signOut({ redirect: "false" });
    tab.succeed(id);
    assert.deepEqual(tab.outcomes, []);
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual(tab.state.active, GRACE);
    assert.equal(tab.outcomes.length, 1);
  });

  test("in place shows nobody if the next account cannot be asked for", () => {
    const tab = Tab.open(accounts(ADA, GRACE));
    const id = tab.signOut({ redirect: "false" });
    tab.send("refresh", 7);
    tab.succeed(id);
    tab.failToAnswer(tab.question);
    assert.equal(tab.state.active, null);
    assert.deepEqual(tab.outcomes.map(({ id }) => id), [7, id]);
    assert.equal(tab.outcomes[0].value, null);
  });

  test("elsewhere keeps the user, and says that the sessions have changed", () => {
    const tab = adas();
    const id = tab.signOut({ scope: "others", redirect: "false" });
    tab.succeed(id, signedOut({ scope: "others", ended: ["elsewhere"] }));
    assert.deepEqual(tab.state.active, ADA);
    assert.equal(tab.all("check").length, 1);
    assert.deepEqual(tab.notices.map(({ is_current }) => is_current), [false]);
  });

  test("elsewhere says nothing when nothing has ended", () => {
    const tab = adas();
    const id = tab.signOut({ scope: "others", redirect: "false" });
    tab.succeed(id, signedOut({ scope: "others", ended: [], events: [] }));
    assert.deepEqual([tab.notices, tab.hints], [[], []]);
  });

  test("the event of the page's own sign-out does not change the page first", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.send("streamNotice", notice({ events: ["event-1"] }));
    tab.send("hint", ["session", null]);
    assert.equal(tab.posts("session").length, 0);
    assert.deepEqual(tab.notices, []);
    tab.succeed(id, signedOut({ url: "/" }));
    assert.equal(tab.notices.length, 1, "it is told once");
    assert.ok(tab.posts("session").length > 0, "what was held back takes place");
    tab.answer(tab.question, null);
    assert.deepEqual(tab.state.active, ADA, "and changes nothing more");
  });

  test("a failure is the caller's, and what was heard meanwhile takes place", () => {
    const tab = adas();
    const id = tab.signOut({ scope: "others" });
    tab.send("streamNotice", notice({ events: ["event-2"], reason: "administrator" }));
    tab.fail(id);
    assert.deepEqual(tab.outcomes, [{ id, value: undefined, error: "unreachable" }]);
    assert.deepEqual(tab.notices.map(({ reason }) => reason), ["administrator"]);
    assert.equal(tab.state.pending, null, "it would not have signed out this browser");
  });

  test("if the server cannot end the session, nobody is shown, and the sign-out can be repeated", () => {
    const tab = adas();
    const id = tab.signOut({ scope: "global" });
    tab.fail(id, { error: "unavailable", signed_out_here: true, message: "…" });
    assert.equal(tab.state.active, null);
    assert.deepEqual(tab.state.pending?.options, options({ scope: "global" }));
    assert.deepEqual([tab.state.pending?.error, tab.state.pending?.message], ["unavailable", "…"]);
    assert.equal(tab.timers("retry").length, 0, "the server knows it, so it is not sent by itself");
    assert.equal(tab.all("remember").length, 0);
  });

  test("two sign-outs at once hold back until both are done", () => {
    const tab = adas();
    const [first, second] = [tab.signOut({ scope: "others" }), tab.signOut({ scope: "others" })];
    tab.send("looked");
    tab.fail(first);
    assert.equal(tab.posts("session").length, 0);
    tab.fail(second);
    assert.equal(tab.posts("session").length, 1);
  });
});

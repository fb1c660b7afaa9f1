// Pages that need a user, and pages that were left.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LONGEST_WAY_MS } from "../../src/script/state.mjs";
import { ADA, GRACE, SIGN_IN, THIS_PAGE, Tab, accounts, adas, adasPrivate, notice } from "./tab.mjs";
import { pendingTab, signedOut, user } from "./tab.mjs";

describe("a page that needs a user", () => {
  test("leaves for the sign-in page, with the way back, when nobody is signed in any more", () => {
    const tab = adasPrivate();
    tab.here = "/account?tab=1&x=ä";
    tab.send("looked");
    tab.answer(tab.question, null);
    const back = "/sign-in?callback_url=%2Faccount%3Ftab%3D1%26x%3D%C3%A4&reason=unknown";
    assert.deepEqual(tab.loads, [back]);
  });

  test("does not say why it was thought to be over, when it was not", () => {
    const tab = adasPrivate();
    tab.send("streamNotice", notice({ events: ["a"], reason: "other_device" }));
    tab.answer(tab.question, accounts(ADA));
    const id = tab.signOut({ redirect: "false" });
    tab.succeed(id);
    assert.deepEqual(tab.loads, [`${SIGN_IN}?callback_url=%2Faccount`]);
  });

  test("says why, unless the person signed out", () => {
    for (const [reason, query] of [
      ["other_device", "callback_url=%2Faccount&reason=other_device"],
      ["user", "callback_url=%2Faccount"],
    ]) {
      const tab = adasPrivate();
      tab.send("streamNotice", notice({ events: ["a"], reason }));
      tab.answer(tab.question, null);
      assert.deepEqual(tab.loads, [`${SIGN_IN}?${query}`]);
    }
  });

  test("keeps the sign-in page's own query", () => {
    const tab = adasPrivate();
    tab.signInUrl = `${SIGN_IN}?tab=1`;
    tab.send("streamNotice", notice({ events: ["a"] }));
    tab.answer(tab.question, null);
    assert.deepEqual(tab.loads, [`${SIGN_IN}?tab=1&callback_url=%2Faccount`]);
  });

  test("leaves once", () => {
    const tab = adasPrivate();
    tab.send("looked");
    tab.answer(tab.question, null);
    tab.send("changed");
    assert.equal(tab.loads.length, 1);
  });

  test("does not leave while it is not known who is signed in", () => {
    const tab = new Tab();
    tab.signInUrl = SIGN_IN;
    tab.send("started", undefined);
    assert.deepEqual(tab.loads, []);
    tab.answer(tab.question, null);
    assert.equal(tab.loads.length, 1);
  });

  test("leaves also when it comes later, by a link within the app", () => {
    const tab = Tab.open(null);
    tab.signInUrl = SIGN_IN;
    tab.send("changed");
    assert.equal(tab.loads.length, 1);
  });

  test("follows its own sign-out instead of leaving", () => {
    const tab = adasPrivate();
    const id = tab.signOut();
    tab.send("streamNotice", notice({ events: ["event-1"] }));
    tab.succeed(id, signedOut({ url: "/" }));
    tab.answer(tab.question, null);
    assert.deepEqual(tab.loads, ["/"]);
  });

  test("stays without its content while a sign-out is pending, and leaves when that is over", () => {
    const tab = pendingTab({ redirect: "false" }, adasPrivate());
    assert.deepEqual(tab.loads, []);
    assert.equal(tab.state.owner, "");
    tab.kept = null;
    tab.send("hint", ["settled"]);
    tab.answer(tab.question, null);
    assert.deepEqual(tab.loads, [`${SIGN_IN}?callback_url=%2Faccount`]);
  });

  test("is loaded again when the user is back, because its content is gone", () => {
    const tab = pendingTab({ redirect: "false" }, adasPrivate());
    tab.kept = null;
    tab.send("hint", ["settled"]);
    tab.answer(tab.question, accounts(user("ada", "another-session")));
    assert.deepEqual(tab.loads, [THIS_PAGE]);
  });

  test("is loaded again when another user becomes the active one", () => {
    const tab = adasPrivate();
    tab.send("changed");
    tab.send("looked");
    tab.answer(tab.question, accounts(GRACE, ADA));
    assert.deepEqual(tab.loads, [THIS_PAGE]);
  });

  test("is not loaded again for another session of the same user", () => {
    const tab = adasPrivate();
    tab.send("looked");
    tab.answer(tab.question, accounts(user("ada", "another-session")));
    assert.deepEqual(tab.loads, []);
  });

  test("is the only kind that is loaded again: typed text stays on the others", () => {
    const tab = adas();
    tab.send("looked");
    tab.answer(tab.question, accounts(GRACE));
    tab.send("looked");
    tab.answer(tab.question, null);
    assert.deepEqual(tab.loads, []);
  });
});

describe("a page that was left", () => {
  test("is loaded again when it is looked at after a while: somebody has stopped the way", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.succeed(id, signedOut({ url: "/slow" }));
    tab.now += LONGEST_WAY_MS;
    tab.send("looked");
    assert.deepEqual(tab.loads, ["/slow"]);
    tab.now += 1;
    tab.send("looked");
    assert.deepEqual(tab.loads, ["/slow", THIS_PAGE]);
  });

  test("is hidden, and holds neither stream nor lock", () => {
    const tab = adas();
    tab.send("hidden");
    assert.equal(tab.state.isAway, true);
    assert.deepEqual(tab.take(), [["follow", null]]);
  });

  test("is shown from the back/forward cache once the same session is confirmed", () => {
    const tab = adas();
    tab.send("hidden");
    tab.send("restored");
    assert.equal(tab.state.isAway, true);
    tab.answer(tab.question, accounts(ADA));
    assert.equal(tab.state.isAway, false);
    assert.deepEqual(tab.followed, [null, "ada-session"]);
  });

  test("is loaded again if it needs a user and the session is another one", () => {
    for (const found of [null, accounts(user("ada", "another-session"))]) {
      const tab = adasPrivate();
      tab.send("hidden");
      tab.send("restored");
      tab.answer(tab.question, found);
      assert.deepEqual(tab.loads, [THIS_PAGE]);
      assert.equal(tab.state.isAway, true);
    }
  });

  test("changes in place if it needs no user", () => {
    const tab = adas();
    tab.send("hidden");
    tab.send("restored");
    tab.answer(tab.question, null);
    assert.deepEqual([tab.state.active, tab.state.isAway], [null, false]);
  });

  test("is loaded again if the server cannot be asked", () => {
    const tab = adas();
    tab.send("hidden");
    tab.send("restored");
    tab.failToAnswer(tab.question);
    assert.deepEqual(tab.loads, [THIS_PAGE]);
  });

  test("is shown at once if it is nobody's, and asks", () => {
    const tab = Tab.open(null);
    tab.send("hidden");
    tab.send("restored");
    assert.equal(tab.state.isAway, false);
    assert.equal(tab.posts("session").length, 1);
    tab.answer(tab.question, accounts(ADA));
    assert.deepEqual(tab.followed, ["ada-session"], "and follows whoever signs in");
  });

  test("after a sign-out with a redirect is loaded again", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.succeed(id, signedOut({ url: "/bye" }));
    tab.send("hidden");
    tab.send("restored");
    assert.deepEqual(tab.loads, ["/bye", THIS_PAGE]);
    assert.equal(tab.state.isAway, true);
  });
});

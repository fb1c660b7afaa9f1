// Pages that need a user, and pages that were left.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LONGEST_WAY_MS } from "../../src/script/state.mjs";
import { ADA, GRACE, SIGN_IN, Tab, accounts, adas, adasPrivate, notice, pendingTab, signedOut, user } from "./tab.mjs";

describe("a page that needs a user", () => {
  test("leaves for the sign-in page, with the way back, when nobody is signed in any more", () => {
    const tab = adasPrivate();
    tab.here = "/account?tab=1&x=ä";
    tab.send({ type: "looked" });
    tab.answer(tab.question, null);
    const back = "https://site.test/sign-in?callback_url=%2Faccount%3Ftab%3D1%26x%3D%C3%A4&reason=unknown";
    assert.deepEqual(tab.all("loadPage").map(({ url }) => url), [back]);
  });

  test("does not say why it was thought to be over, when it was not", () => {
    const tab = adasPrivate();
    tab.send({ type: "streamNotice", notice: notice({ events: ["a"], reason: "other_device" }) });
    tab.answer(tab.question, accounts(ADA));
    const id = tab.signOut({ redirect: false });
    tab.send({ type: "signedOut", id, value: signedOut() });
    assert.deepEqual(tab.all("loadPage").map(({ url }) => url), [`${SIGN_IN}?callback_url=%2Faccount`]);
  });

  test("says why, unless the person signed out", () => {
    for (const [reason, query] of [
      ["other_device", "callback_url=%2Faccount&reason=other_device"],
      ["user", "callback_url=%2Faccount"],
    ]) {
      const tab = adasPrivate();
      tab.send({ type: "streamNotice", notice: notice({ events: ["a"], reason }) });
      tab.answer(tab.question, null);
      assert.deepEqual(tab.all("loadPage").map(({ url }) => url), [`${SIGN_IN}?${query}`]);
    }
  });

  test("keeps the sign-in page's own query", () => {
    const tab = adasPrivate();
    tab.signInUrl = `${SIGN_IN}?tab=1`;
    tab.send({ type: "streamNotice", notice: notice({ events: ["a"] }) });
    tab.answer(tab.question, null);
    assert.deepEqual(tab.all("loadPage").map(({ url }) => url), [`${SIGN_IN}?tab=1&callback_url=%2Faccount`]);
  });

  test("leaves once", () => {
    const tab = adasPrivate();
    tab.send({ type: "looked" });
    tab.answer(tab.question, null);
    tab.send({ type: "changed" });
    assert.equal(tab.all("loadPage").length, 1);
  });

  test("does not leave while it is not known who is signed in", () => {
    const tab = new Tab();
    tab.signInUrl = SIGN_IN;
    tab.send({ type: "started", accounts: undefined, isFromHistory: false });
    assert.equal(tab.all("loadPage").length, 0);
    tab.answer(tab.question, null);
    assert.equal(tab.all("loadPage").length, 1);
  });

  test("leaves also when it comes later, by a link within the app", () => {
    const tab = Tab.open(null);
    tab.signInUrl = SIGN_IN;
    tab.send({ type: "changed" });
    assert.equal(tab.all("loadPage").length, 1);
  });

  test("follows its own sign-out instead of leaving", () => {
    const tab = adasPrivate();
    const id = tab.signOut();
    tab.send({ type: "streamNotice", notice: notice({ events: ["event-1"] }) });
    tab.send({ type: "signedOut", id, value: signedOut({ url: "/" }) });
    tab.answer(tab.question, null);
    assert.deepEqual(tab.all("loadPage").map(({ url }) => url), ["/"]);
  });

  test("stays without its content while a sign-out is pending, and leaves when that is over", () => {
    const tab = pendingTab({ redirect: false }, adasPrivate());
    assert.equal(tab.all("loadPage").length, 0);
    assert.equal(tab.state.owner, "");
    tab.kept = null;
    tab.send({ type: "hint", hint: { type: "settled" } });
    tab.answer(tab.question, null);
    assert.deepEqual(tab.all("loadPage").map(({ url }) => url), [`${SIGN_IN}?callback_url=%2Faccount`]);
  });

  test("is loaded again when the user is back, because its content is gone", () => {
    const tab = pendingTab({ redirect: false }, adasPrivate());
    tab.kept = null;
    tab.send({ type: "hint", hint: { type: "settled" } });
    tab.answer(tab.question, accounts(user("ada", "another-session")));
    assert.equal(tab.all("reloadPage").length, 1);
  });

  test("is loaded again when another user becomes the active one", () => {
    const tab = adasPrivate();
    tab.send({ type: "changed" });
    tab.send({ type: "looked" });
    tab.answer(tab.question, accounts(GRACE, ADA));
    assert.equal(tab.all("reloadPage").length, 1);
  });

  test("is not loaded again for another session of the same user", () => {
    const tab = adasPrivate();
    tab.send({ type: "looked" });
    tab.answer(tab.question, accounts(user("ada", "another-session")));
    assert.equal(tab.all("reloadPage").length, 0);
  });

  test("is the only kind that is loaded again: typed text stays on the others", () => {
    const tab = adas();
    tab.send({ type: "looked" });
    tab.answer(tab.question, accounts(GRACE));
    tab.send({ type: "looked" });
    tab.answer(tab.question, null);
    assert.deepEqual([tab.all("reloadPage"), tab.all("loadPage")], [[], []]);
  });
});

describe("a page that was left", () => {
  test("is loaded again when it is looked at after a while: somebody has stopped the way", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.send({ type: "signedOut", id, value: signedOut({ url: "/slow" }) });
    tab.now += LONGEST_WAY_MS;
    tab.send({ type: "looked" });
    assert.equal(tab.all("reloadPage").length, 0);
    tab.now += 1;
    tab.send({ type: "looked" });
    assert.equal(tab.all("reloadPage").length, 1);
  });

  test("is hidden, and holds neither stream nor lock", () => {
    const tab = adas();
    tab.send({ type: "lockGranted" });
    tab.take();
    tab.send({ type: "hidden" });
    assert.deepEqual(tab.take(), [{ type: "hidePage", isHidden: true }, { type: "closeStream" }]);
  });

  test("is shown from the back/forward cache once the same session is confirmed", () => {
    const tab = adas();
    tab.send({ type: "lockGranted" });
    tab.send({ type: "hidden" });
    tab.take();
    tab.send({ type: "restored" });
    assert.equal(tab.all("hidePage").length, 0);
    tab.answer(tab.question, accounts(ADA));
    const types = tab.take().map(({ type }) => type);
    assert.ok(types.indexOf("render") < types.indexOf("hidePage"), "first it changes, then it is seen");
    assert.equal(types.at(-1), "askForLock");
  });

  test("is loaded again if it needs a user and the session is another one", () => {
    for (const found of [null, accounts(user("ada", "another-session"))]) {
      const tab = adasPrivate();
      tab.send({ type: "hidden" });
      tab.send({ type: "restored" });
      tab.answer(tab.question, found);
      assert.equal(tab.all("reloadPage").length, 1);
      assert.deepEqual(tab.all("hidePage").map(({ isHidden }) => isHidden), [true]);
    }
  });

  test("changes in place if it needs no user", () => {
    const tab = adas();
    tab.send({ type: "hidden" });
    tab.send({ type: "restored" });
    tab.answer(tab.question, null);
    assert.equal(tab.state.active, null);
    assert.deepEqual(tab.all("hidePage").map(({ isHidden }) => isHidden), [true, false]);
  });

  test("is loaded again if the server cannot be asked", () => {
    const tab = adas();
    tab.send({ type: "hidden" });
    tab.send({ type: "restored" });
    tab.failToAnswer(tab.question);
    assert.equal(tab.all("reloadPage").length, 1);
  });

  test("is shown at once if it is nobody's, and asks", () => {
    const tab = Tab.open(null);
    tab.send({ type: "hidden" });
    tab.send({ type: "restored" });
    assert.deepEqual(tab.all("hidePage").map(({ isHidden }) => isHidden), [true, false]);
    assert.equal(tab.posts("session").length, 1);
    tab.answer(tab.question, accounts(ADA));
    assert.equal(tab.all("askForLock").length, 1, "and follows whoever signs in");
  });

  test("after a sign-out with a redirect is loaded again", () => {
    const tab = adas();
    const id = tab.signOut();
    tab.send({ type: "signedOut", id, value: signedOut({ url: "/bye" }) });
    tab.send({ type: "hidden" });
    tab.send({ type: "restored" });
    assert.equal(tab.all("reloadPage").length, 1);
    assert.deepEqual(tab.all("hidePage").map(({ isHidden }) => isHidden), [true]);
  });
});

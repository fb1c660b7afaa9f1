// The server's stream of events, which one tab of a browser holds.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LONGEST_PAUSE_MS } from "../../src/script/draft.mjs";
import { FIRST_REOPEN_MS } from "../../src/script/state.mjs";
import { ADA, GRACE, Tab, accounts, adas } from "./tab.mjs";

describe("the stream", () => {
  /** A tab that holds the stream. */
  function streaming() {
    const tab = adas();
    tab.send({ type: "lockGranted" });
    tab.take();
    return tab;
  }

  test("is opened by the tab that gets the lock, if anybody is signed in", () => {
    const tab = new Tab();
    tab.send({ type: "started", accounts: accounts(ADA), isFromHistory: false });
    assert.equal(tab.all("askForLock").length, 1);
    tab.send({ type: "lockGranted" });
    assert.equal(tab.all("openStream").length, 1);
    const nobodys = Tab.open(null);
    nobodys.send({ type: "changed" });
    assert.deepEqual(nobodys.take(), []);
  });

  test("is given to another tab when nobody is signed in any more", () => {
    const tab = streaming();
    tab.send({ type: "looked" });
    tab.answer(tab.question, null);
    assert.equal(tab.all("closeStream").length, 1);
    tab.take();
    tab.send({ type: "refresh" });
    tab.answer(tab.question, accounts(ADA));
    assert.equal(tab.all("askForLock").length, 1);
  });

  test("is given back by a tab that gets the lock too late", () => {
    const tab = adas();
    tab.send({ type: "looked" });
    tab.answer(tab.question, null);
    tab.take();
    tab.send({ type: "lockGranted" });
    assert.deepEqual(tab.take(), [{ type: "closeStream" }]);
    tab.send({ type: "refresh" });
    tab.answer(tab.question, accounts(ADA));
    assert.equal(tab.all("askForLock").length, 1, "and it may ask for it again");
  });

  test("of another session replaces the one before, and the lock is asked for once", () => {
    const tab = streaming();
    tab.send({ type: "looked" });
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual([tab.all("openStream").length, tab.all("askForLock").length], [1, 0]);
    const waiting = adas();
    waiting.send({ type: "looked" });
    waiting.answer(waiting.question, accounts(GRACE));
    assert.deepEqual([waiting.all("openStream").length, waiting.all("askForLock").length], [0, 0]);
  });

  test("that names the page's session is news of what happened before, for the other tabs, too", () => {
    const tab = streaming();
    tab.send({ type: "streamSession", session: "ada-session" });
    assert.deepEqual([tab.all("check").length, tab.posts("session").length], [1, 0]);
    assert.deepEqual(tab.hints, [{ type: "session", session: "ada-session" }]);
  });

  test("that names another session makes the page ask", () => {
    const tab = streaming();
    tab.send({ type: "streamSession", session: "grace-session" });
    assert.equal(tab.posts("session").length, 1);
    assert.deepEqual(tab.hints, [{ type: "session", session: "grace-session" }]);
  });

  test("that is refused is opened again after growing pauses, and the page asks", () => {
    const tab = streaming();
    const pauses = [];
    for (let count = 0; count < 8; count++) {
      tab.send({ type: "streamRefused" });
      assert.equal(tab.posts("session").length, 1);
      pauses.push(...tab.timers("reopen").map(({ ms }) => ms));
      tab.send({ type: "reopen" });
      assert.equal(tab.all("openStream").length, 1);
      tab.take();
    }
    assert.deepEqual(pauses.slice(0, 3), [1_000, 2_000, 4_000]);
    assert.equal(pauses.at(-1), LONGEST_PAUSE_MS);
    tab.send({ type: "streamSession", session: "ada-session" });
    tab.send({ type: "streamRefused" });
    assert.deepEqual(tab.timers("reopen").map(({ ms }) => ms), [FIRST_REOPEN_MS]);
  });

  test("that was refused is not opened again by a tab that has given the lock back", () => {
    const tab = streaming();
    tab.send({ type: "streamRefused" });
    tab.send({ type: "hidden" });
    tab.send({ type: "restored" });
    tab.answer(tab.question, accounts(ADA));
    tab.take();
    tab.send({ type: "reopen" });
    assert.deepEqual(tab.take(), []);
  });

  test("that was refused is not opened again after the sign-out that caused it", () => {
    const tab = streaming();
    tab.send({ type: "streamRefused" });
    tab.answer(tab.question, null);
    tab.take();
    tab.send({ type: "reopen" });
    assert.deepEqual(tab.take(), []);
  });
});

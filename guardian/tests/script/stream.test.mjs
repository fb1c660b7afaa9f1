// The server's stream of events, which one tab of a browser holds.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LONGEST_PAUSE_MS } from "../../src/script/draft.mjs";
import { FIRST_REOPEN_MS } from "../../src/script/state.mjs";
import { ADA, GRACE, Tab, accounts, adas } from "./tab.mjs";

describe("the stream", () => {
  test("is asked for if anybody is signed in", () => {
    const tab = new Tab();
    tab.send("started", accounts(ADA));
    tab.send("changed");
    assert.deepEqual(tab.followed, ["ada-session"]);
    const nobodys = Tab.open(null);
    nobodys.send("changed");
    assert.deepEqual(nobodys.take(), []);
  });

  test("is given to another tab when nobody is signed in any more", () => {
    const tab = adas();
    tab.send("looked");
    tab.answer(tab.question, null);
    tab.send("refresh");
    tab.answer(tab.question, accounts(ADA));
    assert.deepEqual(tab.followed, [null, "ada-session"]);
  });

  test("of another session replaces the one before", () => {
    const tab = adas();
    tab.send("looked");
    tab.answer(tab.question, accounts(GRACE));
    assert.deepEqual(tab.followed, ["grace-session"]);
  });

  test("that names the page's session is news of what happened before, for the other tabs, too", () => {
    const tab = adas();
    tab.send("streamSession", "ada-session");
    assert.deepEqual([tab.all("check").length, tab.posts("session").length], [1, 0]);
    assert.deepEqual(tab.hints, [["session", "ada-session"]]);
  });

  test("that names another session makes the page ask", () => {
    const tab = adas();
    tab.send("streamSession", "grace-session");
    assert.equal(tab.posts("session").length, 1);
    assert.deepEqual(tab.hints, [["session", "grace-session"]]);
  });

  test("that is refused is opened again after growing pauses, and the page asks", () => {
    const tab = adas();
    const pauses = [];
    for (let count = 0; count < 8; count++) {
      tab.send("streamRefused");
      assert.equal(tab.posts("session").length, 1);
      pauses.push(...tab.timers("reopen").map(({ ms }) => ms));
      tab.send("reopen");
      assert.deepEqual(tab.followed, ["ada-session"]);
      tab.take();
    }
    assert.deepEqual(pauses.slice(0, 3), [1_000, 2_000, 4_000]);
    assert.equal(pauses.at(-1), LONGEST_PAUSE_MS);
    tab.send("streamSession", "ada-session");
    tab.send("streamRefused");
    assert.deepEqual(tab.timers("reopen").map(({ ms }) => ms), [FIRST_REOPEN_MS]);
  });

  test("that was refused is not opened again by a page that was left, or after the sign-out that caused it", () => {
    const tab = adas();
    tab.send("streamRefused");
    tab.send("hidden");
    tab.take();
    tab.send("reopen");
    assert.deepEqual(tab.followed, [null]);
    const nobodys = adas();
    nobodys.send("streamRefused");
    nobodys.answer(nobodys.question, null);
    nobodys.take();
    nobodys.send("reopen");
    assert.deepEqual(nobodys.followed, [null]);
  });
});

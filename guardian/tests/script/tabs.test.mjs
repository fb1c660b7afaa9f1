// Two tabs of one browser.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settled } from "./fake_browser.mjs";
import { ADA, GRACE, MARKER, SIGNED_OUT, adas, record, shownTo } from "./visits.mjs";

/** @typedef {import("./fake_browser.mjs").Browser} Browser */

/** How long a stream may be silent: see src/script/stream.mjs. */
const LONGEST_SILENCE_MS = 7_500;

/** Two tabs with Ada's page. The first one has the stream. */
async function open() {
  const tabs = [adas(shownTo("in")), adas(shownTo("in"))];
  tabs[1].shared = tabs[0].shared;
  for (const tab of tabs) {
    tab.responses["/api/session"] = { ...ADA, others: [] };
    await tab.run();
  }
  return tabs;
}

/** How many streams of a tab are open. @param {Browser} tab */
const openStreams = ({ streams }) => streams.filter(({ readyState }) => readyState === 1).length;

describe("of two tabs", () => {
  test("one has the stream, and passes on what it hears", async () => {
    const [first, second] = await open();
    assert.deepEqual([first, second].map(openStreams), [1, 0]);
    const told = record(second, "signed-out");
    const notice = { scope: "local", reason: "expiry", is_current: true, events: ["1"] };
    const data = JSON.stringify(notice);
    first.streams[0].dispatchEvent(Object.assign(new Event("signed_out"), { data }));
    await settled();
    assert.deepEqual(told.map(({ reason }) => reason), ["expiry"]);
  });

  test("the other one gets the stream when the first is left", async () => {
    const [first, second] = await open();
    await first.happens("pagehide");
    assert.deepEqual([first, second].map(openStreams), [0, 1]);
    await first.happens("pageshow", { persisted: true });
    assert.deepEqual([first, second].map(openStreams), [0, 1]);
  });

  test("one that waits for the stream in vain does not get it", async () => {
    const [first, second] = await open();
    await second.happens("pagehide");
    await first.happens("pagehide");
    assert.deepEqual([first, second].map(openStreams), [0, 0]);
  });

  test("one that follows another session has one stream", async () => {
    const tab = adas();
    await tab.run();
    tab.responses["/api/session"] = { ...GRACE, others: [] };
    await tab.receiveCookie(MARKER, "grace-session");
    assert.deepEqual(tab.streams.map(({ readyState }) => readyState), [2, 1]);
  });

  test("one opens a refused stream again", async () => {
    const tab = adas();
    tab.responses["/api/session"] = { ...ADA, others: [] };
    await tab.run();
    tab.streams[0].readyState = 2;
    tab.streams[0].dispatchEvent(new Event("error"));
    await settled();
    await tab.pass(1_000);
    assert.deepEqual([tab.streams.length, openStreams(tab)], [2, 1]);
    // The browser itself brings back a lost connection.
    tab.streams[1].dispatchEvent(new Event("error"));
    await settled();
    await tab.pass(1_000);
    await tab.pass(2_000);
    assert.equal(tab.streams.length, 2);
  });

  test("the other one takes over a stream that says nothing any more, and the first waits for it again", async () => {
    const [first, second] = await open();
    await second.pass(LONGEST_SILENCE_MS);
    assert.deepEqual([first, second].map(openStreams), [0, 1]);
    await second.happens("pagehide");
    assert.deepEqual([first, second].map(openStreams), [1, 0]);
  });

  test("one that is left while it takes the stream over opens none", async () => {
    const [first, second] = await open();
    second.timers.find(({ ms }) => ms === LONGEST_SILENCE_MS)?.run();
    await second.happens("pagehide");
    assert.deepEqual([second.streams.length, openStreams(first)], [0, 1]);
  });

  test("the other one leaves a stream alone that says that it lives", async () => {
    const [first, second] = await open();
    const [waiting] = second.timers.filter(({ ms }) => ms === LONGEST_SILENCE_MS);
    for (const type of ["session", "alive"]) {
      first.streams[0].dispatchEvent(Object.assign(new Event(type), { data: "ada-session" }));
      await settled();
    }
    assert.equal(second.timers.includes(waiting), false, "it waits again from the start");
    assert.equal(second.timers.filter(({ ms }) => ms === LONGEST_SILENCE_MS).length, 1);
  });

  test("one that shows nobody takes nothing over", async () => {
    const [first, second] = await open();
    second.responses["/api/session"] = null;
    await second.happens("focus");
    first.streams[0].dispatchEvent(Object.assign(new Event("alive"), { data: "alive" }));
    await settled();
    await second.pass(LONGEST_SILENCE_MS);
    assert.deepEqual([first, second].map(openStreams), [1, 0]);
  });

  test("one that cannot hear the others takes nothing over", async () => {
    const [first, second] = [adas(), adas()];
    second.shared = first.shared;
    delete second.window.BroadcastChannel;
    for (const tab of [first, second]) {
      tab.responses["/api/session"] = { ...ADA, others: [] };
      await tab.run();
    }
    await second.pass(LONGEST_SILENCE_MS);
    assert.deepEqual([first, second].map(openStreams), [1, 0]);
  });

  test("one without locks waits for no stream", async () => {
    const tab = adas();
    delete tab.window.navigator.locks;
    await tab.run();
    assert.deepEqual(tab.timers.filter(({ ms }) => ms === LONGEST_SILENCE_MS), []);
  });

  test("one alone opens its own stream again if that says nothing, after growing pauses", async () => {
    const tab = adas();
    tab.responses["/api/session"] = { ...ADA, others: [] };
    await tab.run();
    for (const times of [1, 2, 4, 8, 8]) await tab.pass(Math.min(LONGEST_SILENCE_MS * times, 60_000));
    assert.deepEqual(tab.streams.map(({ readyState }) => readyState), [2, 2, 2, 2, 2, 1]);
    tab.streams[5].dispatchEvent(Object.assign(new Event("alive"), { data: "alive" }));
    await settled();
    await tab.pass(LONGEST_SILENCE_MS);
    assert.equal(tab.streams.length, 7);
  });

  test("both show nobody after a sign-out in one of them", async () => {
    const [first, second] = await open();
    for (const tab of [first, second]) tab.responses["/api/session"] = null;
    first.responses["/api/sign_out"] = SIGNED_OUT;
    await first.window.guardian.signOut({ redirect: false });
    await settled();
    for (const tab of [first, second]) assert.equal(tab.body.querySelector("p")?.hasAttribute("hidden"), true);
  });
});

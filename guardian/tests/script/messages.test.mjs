// What is written is read as it was written, and nothing else is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readAccounts, readMessage, readNotice, readSession, readSignedOut, toMessage } from "../../src/script/messages.mjs";
import { SCOPES, endsSession, fromFields, readPending, toFields } from "../../src/script/options.mjs";
import { ADA, GRACE, notice, options } from "./tab.mjs";

test("options are read as they were written", () => {
  for (const scope of SCOPES) {
    for (const some of [{}, { session: "mgvEcr0", redirect: false, callbackUrl: "/bye?a=1&b=2+3#ä" }]) {
      const written = options({ scope, ...some });
      assert.deepEqual(fromFields(String(toFields(written))), written);
    }
  }
});

test("a missing or empty field means the default, and an unknown scope nothing", () => {
  for (const fields of ["", "scope=&session=&callback_url=&redirect="]) {
    assert.deepEqual(fromFields(fields), options());
  }
  assert.equal(fromFields("scope=everything"), null);
});

test("a sign-out is sure to end this session if it refers to it", () => {
  for (const [some, ends] of /** @type {const} */ ([
    [{}, true],
    [{ scope: "global" }, true],
    [{ scope: "global", session: "here" }, true],
    [{ session: "elsewhere" }, false],
    [{ scope: "global", session: "elsewhere" }, false],
    [{ scope: "browser", session: "elsewhere" }, true],
    [{ scope: "others" }, false],
  ])) {
    assert.equal(endsSession(options(some), "here"), ends, JSON.stringify(some));
  }
});

test("a pending sign-out without a session is one of this browser", () => {
  assert.deepEqual(readPending("scope=global&session=x"), options({ scope: "global", session: "x" }));
  assert.deepEqual(readPending("scope=browser"), options({ scope: "browser" }));
  for (const fields of ["", "scope=global", "scope=others&session=x", "scope=everything&session=x"]) {
    assert.deepEqual(readPending(fields), options(), fields);
  }
});

test("a hint is read as it was told", () => {
  for (const hint of /** @type {import("../../src/script/types.d.ts").Hint[]} */ ([
    { type: "session", session: null },
    { type: "session", session: "mgvEcr0" },
    { type: "signed_out", notice: notice({ scope: "others", is_current: false, events: ["019a", "b7"] }) },
    { type: "pending", options: options({ scope: "global", redirect: false }) },
    { type: "pending", options: options() },
    { type: "settled" },
  ])) {
    assert.deepEqual(readMessage(toMessage(hint)), hint);
  }
});

test("the other tabs' words are those of pages without this script", () => {
  assert.equal(toMessage({ type: "session", session: null }), "session");
  assert.equal(toMessage({ type: "session", session: "mgvEcr0" }), "session mgvEcr0");
  const told = toMessage({ type: "signed_out", notice: notice({ events: ["019a"] }) });
  assert.equal(told, 'signed_out {"scope":"local","reason":"user","is_current":true,"events":["019a"]}');
});

test("a message of a later version is unreadable", () => {
  for (const message of ["", "another word", "pending scope=everything", "signed_out", "signed_out []"]) {
    assert.throws(() => readMessage(message), message);
  }
});

test("accounts are read from the server's JSON", () => {
  assert.deepEqual(readSession(null), null);
  assert.deepEqual(readAccounts({ ...ADA, others: [GRACE] }), { active: ADA, others: [GRACE] });
  assert.deepEqual(readAccounts({ ...ADA }), { active: ADA, others: [] });
  for (const body of [undefined, false, "", 7, {}, { id: "ada" }, { ...ADA, session: 7 }, { ...ADA, others: [{}] }]) {
    assert.throws(() => readSession(/** @type {any} */ (body)), JSON.stringify(body));
  }
});

test("a sign-out's outcome and a notice are read from the server's JSON", () => {
  const done = { scope: "global", ended: [], events: [], url: null };
  assert.deepEqual(readSignedOut(/** @type {any} */ (done)), done);
  assert.throws(() => readSignedOut(/** @type {any} */ ({ ok: true })));
  assert.deepEqual(readNotice(JSON.stringify(notice())), notice());
  for (const json of ["", "null", "{}", '{"scope":"local","reason":"user"}']) {
    assert.throws(() => readNotice(json), json);
  }
});

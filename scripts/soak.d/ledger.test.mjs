// Tests of the ledger: node --test scripts/soak.d

import assert from "node:assert/strict";
import test from "node:test";
import { Ledger } from "./ledger.mjs";

const NOTHING = { lost: 0, doubled: 0, afterKill: 0, afterFault: 0 };

function compare(ledger, ...rows) {
  const violations = [];
  const report = { print() {}, violation: (text) => violations.push(text) };
  const events = rows.map(([id, ended]) => ({ id, ended: JSON.stringify(ended) }));
  return { counts: ledger.compare(events, report), violations };
}

test("an event that is confirmed, in the table and whose hook ran once is correct", () => {
  const ledger = new Ledger();
  ledger.confirmed(["one"], ["a"]);
  ledger.hookRan("one", "server 1");
  assert.deepEqual(compare(ledger, ["one", ["a"]]), { counts: NOTHING, violations: [] });
});

test("an event whose hook never ran is lost, confirmed or not", () => {
  const ledger = new Ledger();
  ledger.confirmed(["one"], ["a"]);
  assert.equal(compare(ledger, ["one", ["a"]], ["two", ["b"]]).counts.lost, 2);
});

test("a confirmed event that is missing in the table, or has other sessions there, is a violation", () => {
  const ledger = new Ledger();
  ledger.confirmed(["one"], ["a"]);
  ledger.hookRan("one", "server 1");
  assert.match(compare(ledger).violations[0], /not in the table/);
  assert.match(compare(ledger, ["one", ["b"]]).violations[0], /other sessions/);
});

test("an event whose hook ran twice is doubled, unless the first server was killed or the database failed", () => {
  const twice = (between) => {
    const ledger = new Ledger();
    ledger.hookRan("one", "server 1");
    between(ledger);
    ledger.hookRan("one", "server 2");
    return compare(ledger, ["one", []]).counts;
  };
  assert.deepEqual(twice(() => {}), { ...NOTHING, doubled: 1 });
  assert.deepEqual(twice((ledger) => ledger.killed("server 2")), { ...NOTHING, doubled: 1 });
  assert.deepEqual(twice((ledger) => ledger.killed("server 1")), { ...NOTHING, afterKill: 1 });
  assert.deepEqual(twice((ledger) => ledger.faultBegins()), { ...NOTHING, afterFault: 1 });
  assert.deepEqual(twice((ledger) => ledger.unrecorded("one")), { ...NOTHING, afterFault: 1 });
});

// node --test scripts/soak.d: that each event is counted as what it is.

import assert from "node:assert/strict";
import test from "node:test";
import { Ledger } from "./ledger.mjs";

const NOTHING = { lost: 0, doubled: 0, afterKill: 0, afterFault: 0 };

function compare(ledger, ...rows) {
  const violations = [];
  const report = { say() {}, violation: (text) => violations.push(text) };
  const events = rows.map(([id, ended]) => ({ id, ended: JSON.stringify(ended) }));
  return { counts: ledger.compare(events, report), violations };
}

test("an event that was answered, is in the table and was heard once is as it should be", () => {
  const ledger = new Ledger();
  ledger.answered(["one"], ["a"]);
  ledger.heard("one", "server 1");
  assert.deepEqual(compare(ledger, ["one", ["a"]]), { counts: NOTHING, violations: [] });
});

test("one that was never heard is lost, answered or only in the table", () => {
  const ledger = new Ledger();
  ledger.answered(["one"], ["a"]);
  assert.equal(compare(ledger, ["one", ["a"]], ["two", ["b"]]).counts.lost, 2);
});

test("an answered one that is not in the table, or has other sessions there, is wrong", () => {
  const ledger = new Ledger();
  ledger.answered(["one"], ["a"]);
  ledger.heard("one", "server 1");
  assert.match(compare(ledger).violations[0], /not in the table/);
  assert.match(compare(ledger, ["one", ["b"]]).violations[0], /other sessions/);
});

test("one that was heard again is doubled, unless its first server was killed or the database failed", () => {
  const twice = (between) => {
    const ledger = new Ledger();
    ledger.heard("one", "server 1");
    between(ledger);
    ledger.heard("one", "server 2");
    return compare(ledger, ["one", []]).counts;
  };
  assert.deepEqual(twice(() => {}), { ...NOTHING, doubled: 1 });
  assert.deepEqual(twice((ledger) => ledger.killed("server 2")), { ...NOTHING, doubled: 1 });
  assert.deepEqual(twice((ledger) => ledger.killed("server 1")), { ...NOTHING, afterKill: 1 });
  assert.deepEqual(twice((ledger) => ledger.faultBegins()), { ...NOTHING, afterFault: 1 });
  assert.deepEqual(twice((ledger) => ledger.unmarked("one")), { ...NOTHING, afterFault: 1 });
});

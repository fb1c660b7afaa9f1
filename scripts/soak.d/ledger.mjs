// Compares the events in sign-out responses, the hook runs in the servers' logs, and the event table.

/** How long the server may take to record that a hook has run. */
const RECORDED_WITHIN_MS = 20_000;

/** How long the last hooks may take: another server takes over a killed server's events after a minute. */
const DELIVERY_LIMIT_MS = 240_000;

export class Ledger {
  /** For each event in a response, all handles that this response says ended. */
  #confirmed = new Map();
  #hookRuns = new Map();
  /** Events whose hook run a server could not record. */
  #unrecorded = new Set();
  #kills = [];
  #faults = [];

  confirmed(ids, ended) {
    for (const id of ids) this.#confirmed.set(id, ended);
  }

  hookRan(id, server) {
    const runs = this.#hookRuns.get(id) ?? [];
    runs.push({ server, at: Date.now() });
    this.#hookRuns.set(id, runs);
  }

  unrecorded(id) {
    this.#unrecorded.add(id);
  }

  killed(server) {
    this.#kills.push({ server, at: Date.now() });
  }

  /** A database fault begins. Returns a function that ends it. */
  faultBegins() {
    const fault = { from: Date.now(), to: Infinity };
    this.#faults.push(fault);
    return () => (fault.to = Date.now());
  }

  summary() {
    return `${this.#confirmed.size} events confirmed, ${this.#hookRuns.size} hooks run`;
  }

  /** Waits until the table has no due event, and the hook has run for each confirmed one. */
  async waitForHooks(readEvents, report) {
    const start = Date.now();
    for (;;) {
      const events = await readEvents();
      const waiting = events.filter((event) => !event.delivered && !event.given_up).length;
      const missing = [...this.#confirmed.keys()].filter((id) => !this.#hookRuns.has(id)).length;
      if ((waiting === 0 && missing === 0) || Date.now() > start + DELIVERY_LIMIT_MS) return events;
      report.print(`waiting for ${waiting} hooks`);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    }
  }

  /** `events` are the rows of the table. */
  compare(events, report) {
    const rows = new Map(events.map((event) => [event.id, event]));
    const known = new Set([...rows.keys(), ...this.#confirmed.keys()]);
    const lost = [...known].filter((id) => !this.#hookRuns.has(id));
    for (const id of lost.slice(0, 10)) report.print(`LOST: ${id} ${JSON.stringify(rows.get(id) ?? "not in the table")}`);
    for (const [id, ended] of this.#confirmed) {
      const row = rows.get(id);
      if (!row) report.violation(`the confirmed event ${id} is not in the table`);
      else if (!JSON.parse(row.ended).every((handle) => ended.includes(handle))) {
        report.violation(`the event ${id} has other sessions than its response`);
      }
    }
    const counts = { lost: lost.length, doubled: 0, afterKill: 0, afterFault: 0 };
    for (const [id, runs] of this.#hookRuns) {
      if (!rows.has(id)) report.violation(`the hook ran for the event ${id}, which is not in the table`);
      for (const earlier of runs.slice(0, -1)) {
        const kind = this.#whyRunAgain(id, earlier);
        counts[kind] += 1;
        if (kind === "doubled") report.print(`DOUBLED: ${id} ${JSON.stringify(runs)} ${JSON.stringify(rows.get(id))}`);
      }
    }
    return counts;
  }

  /** Why the hook ran again: what kept the server from recording the earlier run. */
  #whyRunAgain(id, { server, at }) {
    const isNear = (from, to) => from <= at + RECORDED_WITHIN_MS && to >= at - 1000;
    if (this.#kills.some((kill) => kill.server === server && isNear(kill.at, kill.at))) return "afterKill";
    return this.#unrecorded.has(id) || this.#faults.some(({ from, to }) => isNear(from, to)) ? "afterFault" : "doubled";
  }
}

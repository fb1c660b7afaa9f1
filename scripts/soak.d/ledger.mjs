// Events against hooks: what sign-outs answered, what the servers' logs say, what the table has.

/** How long after a hook the note that it has run may take to be written, in milliseconds. */
const NOTED_WITHIN = 20_000;

/** How long the last events may take: a killed server's are taken over a minute later. */
const QUIET_LIMIT = 240_000;

export class Ledger {
  /** The ended handles of each answered event; of an answer with several, all. */
  #answered = new Map();
  #heard = new Map();
  /** Those of which a server said that it could not note that the hook had run. */
  #unmarked = new Set();
  #kills = [];
  #faults = [];

  answered(ids, ended) {
    for (const id of ids) this.#answered.set(id, ended);
  }

  heard(id, server) {
    const hearings = this.#heard.get(id) ?? [];
    hearings.push({ server, at: Date.now() });
    this.#heard.set(id, hearings);
  }

  unmarked(id) {
    this.#unmarked.add(id);
  }

  killed(server) {
    this.#kills.push({ server, at: Date.now() });
  }

  /** A fault of the database begins; returns what ends it. */
  faultBegins() {
    const fault = { from: Date.now(), to: Infinity };
    this.#faults.push(fault);
    return () => (fault.to = Date.now());
  }

  summary() {
    return `${this.#answered.size} events answered, ${this.#heard.size} heard`;
  }

  /** Waits until the table has no event that is due, and all that were answered were heard. */
  async settle(readEvents, report) {
    const start = Date.now();
    for (;;) {
      const events = await readEvents();
      const waiting = events.filter((event) => !event.delivered && !event.given_up).length;
      const unheard = [...this.#answered.keys()].filter((id) => !this.#heard.has(id)).length;
      if ((waiting === 0 && unheard === 0) || Date.now() > start + QUIET_LIMIT) return events;
      report.say(`waiting for ${waiting} hooks`);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    }
  }

  /** Compares all three. `events` are the rows of the table. */
  compare(events, report) {
    const rows = new Map(events.map((event) => [event.id, event]));
    const known = new Set([...rows.keys(), ...this.#answered.keys()]);
    const lost = [...known].filter((id) => !this.#heard.has(id));
    for (const id of lost.slice(0, 10)) report.say(`LOST: ${id} ${JSON.stringify(rows.get(id) ?? "not in the table")}`);
    for (const [id, ended] of this.#answered) {
      const row = rows.get(id);
      if (!row) report.violation(`the answered event ${id} is not in the table`);
      else if (!JSON.parse(row.ended).every((handle) => ended.includes(handle))) {
        report.violation(`the event ${id} has other sessions than its answer`);
      }
    }
    const counts = { lost: lost.length, doubled: 0, afterKill: 0, afterFault: 0 };
    for (const [id, hearings] of this.#heard) {
      if (!rows.has(id)) report.violation(`a hook heard of the event ${id}, which is not in the table`);
      for (const earlier of hearings.slice(0, -1)) {
        const kind = this.#whyAgain(id, earlier);
        counts[kind] += 1;
        if (kind === "doubled") report.say(`DOUBLED: ${id} ${JSON.stringify(hearings)} ${JSON.stringify(rows.get(id))}`);
      }
    }
    return counts;
  }

  /** What kept the server from noting that the hook has run. */
  #whyAgain(id, { server, at }) {
    const isNear = (from, to) => from <= at + NOTED_WITHIN && to >= at - 1000;
    if (this.#kills.some((kill) => kill.server === server && isNear(kill.at, kill.at))) return "afterKill";
    return this.#unmarked.has(id) || this.#faults.some(({ from, to }) => isNear(from, to)) ? "afterFault" : "doubled";
  }
}

// When a failure is excused: during a fault, and until the site has recovered from it.

import { availableParallelism, loadavg } from "node:os";

/** After a fault has ended everything must succeed again within this time, in milliseconds. */
export const RECOVERY = 20_000;

/**
 * A machine with more work than this for each processor is overloaded: the servers say 503 to what
 * waits too long, and only many failures are a violation.
 */
const OVERLOAD = 2.5;
const MANY = { count: 5, share: 0.1 };

const READS = /^(check|replay|list|page)/;

/** Without a failure for so long, the site counts as recovered earlier. */
const QUIET = 3_000;

export class Weather {
  /** The calm under way: what is sent in it must succeed. `null` during a fault and its recovery. */
  window = null;
  #lastFailure = 0;
  #fault = "the start";

  constructor(report) {
    this.report = report;
  }

  /** Counts an answer to a request that was sent in `window`. */
  note(window, kind, server, label) {
    const isFailure = ["503", "broken", "hang", "refused"].includes(label);
    if (isFailure) this.#lastFailure = Date.now();
    if (!window || window !== this.window) return;
    const key = `${kind} on ${server.name}`;
    const counts = window.counts.get(key) ?? { all: 0, failed: 0, labels: new Set() };
    counts.all += 1;
    if (isFailure) {
      counts.failed += 1;
      counts.labels.add(label);
      counts.log ??= server.tail?.() ?? "";
    }
    window.counts.set(key, counts);
  }

  /** A fault begins. What failed in the calm before it is said. */
  begin(fault) {
    this.#judge();
    this.window = null;
    this.#fault = fault;
  }

  /** The fault is over: waits until the site has recovered, or should have, and calls that a calm. */
  async recover() {
    const end = Date.now();
    this.#lastFailure = end;
    while (Date.now() < this.#lastFailure + QUIET && Date.now() < end + RECOVERY) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    this.window = { since: Date.now(), after: this.#fault, seconds: (Date.now() - end) / 1000, counts: new Map() };
    return this.window.seconds;
  }

  #judge() {
    if (!this.window) return;
    const failed = [...this.window.counts].filter(([, counts]) => counts.failed > 0);
    const { after, since, seconds } = this.window;
    const from = seconds.toFixed(0);
    const to = (seconds + (Date.now() - since) / 1000).toFixed(0);
    const isOverloaded = loadavg()[0] > OVERLOAD * availableParallelism();
    for (const [key, { all, failed: count, labels, log }] of failed) {
      const text = `${count} of ${all} × ${key} failed (${[...labels].join(", ")}) ${from} to ${to} s after ${after} had ended`;
      const isExcused = isOverloaded && !this.#areMany((other) => READS.test(other) === READS.test(key));
      if (isExcused) this.report.say(`excused by the machine's load: ${text}`);
      else this.report.violation(`${text}\n${log}`);
    }
  }

  /** Whether many of the kinds of operations that belong together have failed. */
  #areMany(belongs) {
    const counts = [...this.window.counts].filter(([key]) => belongs(key)).map(([, counts]) => counts);
    const sum = (what) => counts.reduce((sum, count) => sum + count[what], 0);
    return sum("failed") >= MANY.count && sum("failed") >= MANY.share * sum("all");
  }
}

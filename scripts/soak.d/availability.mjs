// Requests may fail during a fault and the recovery from it, and must succeed at any other time.

import { availableParallelism, loadavg } from "node:os";

/** Within this time after a fault, all requests must succeed again. */
export const RECOVERY_MS = 20_000;

/**
 * Above this load average per processor the machine is overloaded. Servers then respond with 503 to
 * requests that wait too long, and only many failures count as a violation.
 */
const OVERLOAD = 2.5;
const MANY = { count: 5, share: 0.1 };

const READS = /^(check|replay|list|page)/;

/** After this time without a failure, the site counts as recovered. */
const QUIET_MS = 3_000;

export class Availability {
  /** The current period in which all requests must succeed; `null` during a fault and its recovery. */
  window = null;
  #lastFailure = 0;
  #fault = "the start";

  constructor(report) {
    this.report = report;
  }

  /** Counts the outcome of a request that was sent in `window`. */
  record(window, kind, server, label) {
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

  /** A fault begins. Reports the failures of the window before it. */
  closeWindow(fault) {
    this.#judgeWindow();
    this.window = null;
    this.#fault = fault;
  }

  /** The fault has ended: waits until the site has recovered, or must have, and opens a window. */
  async waitForRecovery() {
    const end = Date.now();
    this.#lastFailure = end;
    while (Date.now() < this.#lastFailure + QUIET_MS && Date.now() < end + RECOVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    this.window = { since: Date.now(), after: this.#fault, seconds: (Date.now() - end) / 1000, counts: new Map() };
    return this.window.seconds;
  }

  #judgeWindow() {
    if (!this.window) return;
    const failed = [...this.window.counts].filter(([, counts]) => counts.failed > 0);
    const { after, since, seconds } = this.window;
    const from = seconds.toFixed(0);
    const to = (seconds + (Date.now() - since) / 1000).toFixed(0);
    const isOverloaded = loadavg()[0] > OVERLOAD * availableParallelism();
    for (const [key, { all, failed: count, labels, log }] of failed) {
      const labelList = [...labels].join(", ");
      const text = `${count} of ${all} × ${key} failed (${labelList}) ${from} to ${to} s after the end of ${after}`;
      const isExcused = isOverloaded && !this.#failedOften((other) => READS.test(other) === READS.test(key));
      if (isExcused) this.report.print(`excused because the machine is overloaded: ${text}`);
      else this.report.violation(`${text}\n${log}`);
    }
  }

  /** Whether many operations of the related kinds have failed. */
  #failedOften(belongs) {
    const counts = [...this.window.counts].filter(([key]) => belongs(key)).map(([, counts]) => counts);
    const sum = (what) => counts.reduce((sum, count) => sum + count[what], 0);
    return sum("failed") >= MANY.count && sum("failed") >= MANY.share * sum("all");
  }
}

// Counts, prints what is wrong with what led to it, and writes the last line.

/** How many violations are printed in full. */
const PRINTED = 25;

export class Report {
  operations = 0;
  violations = 0;
  failures = 0;
  #kinds = new Map();
  #outcomes = new Map();
  #start = Date.now();

  /** What the servers have complained of lately: beside what is wrong. */
  complaints = () => "";

  constructor(database) {
    this.database = database;
  }

  /** Since the start, in seconds. */
  time() {
    return ((Date.now() - this.#start) / 1000).toFixed(2);
  }

  say(text) {
    console.log(`[${this.database} ${this.time()} s] ${text}`);
  }

  count(kind, outcome) {
    this.operations += 1;
    if (outcome !== "200") this.failures += 1;
    const key = `${kind} ${outcome}`;
    this.#outcomes.set(key, (this.#outcomes.get(key) ?? 0) + 1);
  }

  note(household, text) {
    household.history.push(`${this.time().padStart(9)} s  ${text}`);
    if (household.history.length > 60) household.history.shift();
  }

  violation(text, household) {
    this.violations += 1;
    const kind = text.split("\n")[0].replace(/[\w-]*\d[\w-]*(@example\.com)?/g, "…");
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    if (this.violations > PRINTED) return;
    const history = household ? `\n  ${household.name}:\n    ${household.history.join("\n    ")}` : "";
    this.say(`VIOLATION ${this.violations}: ${text}${history}${household ? this.complaints() : ""}`);
    if (this.violations === PRINTED) this.say("Further violations are only counted.");
  }

  /** Operations per second are those since the start. */
  progress(more) {
    const rate = (this.operations / Number(this.time())).toFixed(0);
    this.say(`${this.operations} operations (${rate}/s), ${this.failures} without success, ${this.violations} violations; ${more}`);
  }

  end({ lost, doubled, afterKill, afterFault }) {
    const lines = [...this.#outcomes].sort().map(([key, count]) => `  ${key}: ${count}`);
    console.log(`\n${this.database}: operations by their outcome\n${lines.join("\n")}`);
    for (const [kind, count] of this.#kinds) console.log(`${this.database}: ${count} × ${kind}`);
    const again = `${afterKill} told again after a kill, ${afterFault} after a fault of the database`;
    console.log(
      `${this.database}: operations ${this.operations}, violations ${this.violations}, lost ${lost}, doubled ${doubled} (${again})`,
    );
    return this.violations === 0 && lost === 0;
  }
}

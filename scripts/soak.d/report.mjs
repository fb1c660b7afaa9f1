// Counts operations, prints violations with their history, and prints the totals.

/** How many violations are printed in full. */
const PRINTED = 25;

export class Report {
  operations = 0;
  violations = 0;
  failures = 0;
  #kinds = new Map();
  #outcomes = new Map();
  #start = Date.now();

  /** The servers' recent errors, which are printed with a violation. */
  recentErrors = () => "";

  constructor(database) {
    this.database = database;
  }

  /** The time since the start, in seconds. */
  time() {
    return ((Date.now() - this.#start) / 1000).toFixed(2);
  }

  print(text) {
    console.log(`[${this.database} ${this.time()} s] ${text}`);
  }

  count(kind, outcome) {
    this.operations += 1;
    if (outcome !== "200") this.failures += 1;
    const key = `${kind} ${outcome}`;
    this.#outcomes.set(key, (this.#outcomes.get(key) ?? 0) + 1);
  }

  record(household, text) {
    household.history.push(`${this.time().padStart(9)} s  ${text}`);
    if (household.history.length > 60) household.history.shift();
  }

  violation(text, household) {
    this.violations += 1;
    const kind = text.split("\n")[0].replace(/[\w-]*\d[\w-]*(@example\.com)?/g, "…");
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    if (this.violations > PRINTED) return;
    const history = household ? `\n  ${household.name}:\n    ${household.history.join("\n    ")}` : "";
    this.print(`VIOLATION ${this.violations}: ${text}${history}${household ? this.recentErrors() : ""}`);
    if (this.violations === PRINTED) this.print("Further violations are only counted.");
  }

  /** The rate is the average since the start. */
  progress(more) {
    const rate = (this.operations / Number(this.time())).toFixed(0);
    this.print(`${this.operations} operations (${rate}/s), ${this.failures} not successful, ${this.violations} violations; ${more}`);
  }

  summarize({ lost, doubled, afterKill, afterFault }) {
    const lines = [...this.#outcomes].sort().map(([key, count]) => `  ${key}: ${count}`);
    console.log(`\n${this.database}: operations by their outcome\n${lines.join("\n")}`);
    for (const [kind, count] of this.#kinds) console.log(`${this.database}: ${count} × ${kind}`);
    const again = `${afterKill} hooks ran again after a kill, ${afterFault} after a database fault`;
    console.log(
      `${this.database}: operations ${this.operations}, violations ${this.violations}, lost ${lost}, doubled ${doubled} (${again})`,
    );
    return this.violations === 0 && lost === 0;
  }
}

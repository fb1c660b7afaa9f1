// Prints the rows that two revisions' benchmarks have in common, with the figures of the turn whose ratio is in
// the middle. Arguments: the folder of the reports before.1, after.1, before.2, …, and the revision's name.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, revision] = process.argv.slice(2);
const UNITS = { "µs": 1e-6, ms: 1e-3, KB: 1e3, MB: 1e6, "/s": 1, "": 1 };

// "47,202/s" or "1.08 (met)" as a number.
function figure(cell) {
  const found = /^([\d.,]+) ?(µs|ms|KB|MB|\/s|)(?= |$)/.exec(cell.trim());
  return found && Number(found[1].replaceAll(",", "")) * UNITS[found[2]];
}

// The cells of each row by its name, which includes the heading above it.
function rows(report) {
  const all = new Map();
  let heading = "";
  for (const line of report.split("\n").filter((line) => line.startsWith("|"))) {
    const [name, ...cells] = line.split("|").slice(1, 4).map((cell) => cell.trim());
    if (name.startsWith("**")) heading = name.replaceAll("*", "");
    else all.set(`${heading}: ${name}`, cells);
  }
  return all;
}

const read = (name) => rows(readFileSync(join(folder, name), "utf8"));
const turns = readdirSync(folder)
  .filter((name) => name.startsWith("before."))
  .map((name) => [read(name), read(name.replace("before", "after"))]);
const common = [...turns[0][1].keys()].filter((name) => turns.every(([before]) => before.has(name)));

console.log(`| | database | ${revision} | now | ratio |\n|---|---|---|---|---|`);
for (const name of common) {
  for (const [column, database] of ["SQLite", "PostgreSQL"].entries()) {
    const cells = turns.map((turn) => turn.map((report) => report.get(name)[column]));
    if (cells.flat().some((cell) => figure(cell) === null)) continue;
    const ratio = ([before, after]) => figure(after) / figure(before);
    // The turn in the middle.
    const turn = cells.sort((one, other) => ratio(one) - ratio(other))[Math.floor(cells.length / 2)];
    const [before, after] = turn.map((cell) => cell.replace(/ \(.*/, ""));
    console.log(`| ${name} | ${database} | ${before} | ${after} | ${ratio(turn).toFixed(2)} |`);
  }
}

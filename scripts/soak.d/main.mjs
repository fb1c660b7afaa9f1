// node scripts/soak.d/main.mjs MINUTES [sqlite|postgres] [--seed N] [--fault NAME]
//
// Reads the arguments and runs the soak on one database after the other.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Availability } from "./availability.mjs";
import { Faults } from "./faults.mjs";
import { finalReplays, finalRows } from "./final_checks.mjs";
import { Ledger } from "./ledger.mjs";
import { Load } from "./load.mjs";
import { Oracle } from "./oracle.mjs";
import { Postgres } from "./postgres.mjs";
import { sleep } from "./processes.mjs";
import { Random } from "./random.mjs";
import { Report } from "./report.mjs";
import { Servers } from "./servers.mjs";
import { Sqlite } from "./sqlite.mjs";
import { World } from "./world.mjs";

const DATABASES = { sqlite: Sqlite, postgres: Postgres };

/** Ends at once everything that a run has started. */
let cleanUp = () => {};

async function soak(name, { minutes, seed, fault }) {
  const folder = mkdtempSync(join(tmpdir(), "soak-"));
  const report = new Report(name);
  report.print(`${minutes} minutes, --seed ${seed}`);
  const ledger = new Ledger();
  const database = new DATABASES[name]();
  let servers;
  cleanUp = () => {
    servers?.killAll();
    database.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  await database.start(folder, minutes, report);
  const site = await Servers.site(process.env.SERVER, folder, database.url);
  servers = new Servers(site, { report, ledger });
  report.recentErrors = () => servers.all.map((server) => server.recentErrors()).join("");
  await servers.start();

  const oracle = new Oracle();
  const availability = new Availability(report);
  const world = new World({ oracle, report, availability, ledger, servers, random: new Random(seed) });
  const load = new Load(world);
  const faults = new Faults({
    database,
    servers,
    availability,
    ledger,
    report,
    random: new Random(seed + 1),
    only: fault,
  });
  const progressTimer = setInterval(() => report.progress(ledger.summary()), 60_000);
  load.start();
  const injecting = faults.run();
  await Promise.race([sleep(minutes * 60_000), injecting]);
  faults.stop();
  await injecting;
  availability.closeWindow("the end");
  await load.stop();
  clearInterval(progressTimer);
  report.print(`the load has ended; ${[...faults.counts].map(([fault, count]) => `${count} × ${fault}`).join(", ")}`);

  await finalReplays(world);
  const readEvents = () =>
    database.rows(
      "select id, user_id, reason, ended, created_at, attempts, delivered_at is not null as delivered, given_up_at is not null as given_up from guardian_event",
    );
  const events = await ledger.waitForHooks(readEvents, report);
  await finalRows(world, await database.rows("select handle from guardian_session"));
  await servers.stop();
  const isGood = report.summarize(ledger.compare(events, report));
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
  cleanUp = () => {};
  return isGood;
}

const USAGE = "scripts/soak MINUTES [sqlite|postgres] [--seed N] [--fault NAME] [--release]";

function read() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: "string" }, fault: { type: "string" } },
  });
  const [minutes, name] = positionals;
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
  if (!(minutes > 0) || !Number.isInteger(seed) || (name && !DATABASES[name])) {
    console.error(USAGE);
    process.exit(2);
  }
  return { minutes: Number(minutes), seed, fault: values.fault, names: name ? [name] : Object.keys(DATABASES) };
}

// Cleans up however this process ends.
process.on("exit", () => cleanUp());
process.stdout.on("error", () => process.exit(1));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

const run = read();
for (const name of run.names) if (!(await soak(name, run))) process.exitCode = 1;

// node scripts/soak.d/main.mjs MINUTES [sqlite|postgres] [--seed N] [--fault NAME]
//
// Reads the arguments, and leads through a run on one database after the other.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Faults } from "./faults.mjs";
import { finalReplays, finalRows } from "./last.mjs";
import { Ledger } from "./ledger.mjs";
import { Load } from "./load.mjs";
import { Oracle } from "./oracle.mjs";
import { Postgres } from "./postgres.mjs";
import { sleep } from "./processes.mjs";
import { Random } from "./random.mjs";
import { Report } from "./report.mjs";
import { Servers } from "./servers.mjs";
import { Sqlite } from "./sqlite.mjs";
import { Weather } from "./weather.mjs";
import { World } from "./world.mjs";

const DATABASES = { sqlite: Sqlite, postgres: Postgres };

/** Ends what a run has started, at once. */
let abandon = () => {};

async function soak(name, { minutes, seed, fault }) {
  const folder = mkdtempSync(join(tmpdir(), "soak-"));
  const report = new Report(name);
  report.say(`${minutes} minutes, --seed ${seed}`);
  const ledger = new Ledger();
  const database = new DATABASES[name]();
  let servers;
  abandon = () => {
    servers?.killAll();
    database.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  await database.start(folder, minutes, report);
  const site = await Servers.site(process.env.SERVER, folder, database.url);
  servers = new Servers(site, { report, ledger });
  report.complaints = () => servers.all.map((server) => server.complaints()).join("");
  await servers.start();

  const oracle = new Oracle();
  const weather = new Weather(report);
  const world = new World({ oracle, report, weather, ledger, servers, random: new Random(seed) });
  const load = new Load(world);
  const faults = new Faults({ database, servers, weather, ledger, report, random: new Random(seed + 1), only: fault });
  const ticker = setInterval(() => report.progress(ledger.summary()), 60_000);
  load.start();
  const breaking = faults.run();
  await Promise.race([sleep(minutes * 60_000), breaking]);
  faults.stop();
  await breaking;
  weather.begin("the end");
  await load.stop();
  clearInterval(ticker);
  report.say(`the load is over; ${[...faults.counts].map(([fault, count]) => `${count} × ${fault}`).join(", ")}`);

  await finalReplays(world);
  const readEvents = () =>
    database.rows(
      "select id, user_id, reason, ended, created_at, attempts, delivered_at is not null as delivered, given_up_at is not null as given_up from guardian_event",
    );
  const events = await ledger.settle(readEvents, report);
  await finalRows(world, await database.rows("select handle from guardian_session"));
  await servers.stop();
  const isGood = report.end(ledger.compare(events, report));
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
  abandon = () => {};
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

// Whatever ends this process ends what it started.
process.on("exit", () => abandon());
process.stdout.on("error", () => process.exit(1));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

const run = read();
for (const name of run.names) if (!(await soak(name, run))) process.exitCode = 1;

// Injects faults one after the other, at random moments, with time to recover in between.

import { sleep } from "./processes.mjs";

/** The shortest and longest time without a fault. */
const CALM_MS = [6_000, 16_000];

export class Faults {
  #isStopping = false;
  counts = new Map();

  /** `only` restricts the run to one fault. */
  constructor({ database, servers, availability, ledger, report, random, only }) {
    Object.assign(this, { database, servers, availability, ledger, report, random });
    const databaseFaults = database.name === "postgres" ? this.#postgresFaults() : this.#sqliteFaults();
    const all = { ...this.#serverFaults(), ...databaseFaults };
    if (only && !all[only]) throw new Error(`--fault must be one of: ${Object.keys(all).join(", ")}`);
    this.kinds = only ? { [only]: all[only] } : all;
    this.weights = Object.fromEntries(Object.entries(this.kinds).map(([name, { weight }]) => [name, weight]));
  }

  async run() {
    await this.availability.waitForRecovery();
    // First each fault once in random order, then faults by weight.
    const first = Object.keys(this.kinds).sort(() => this.random.next() - 0.5);
    for (;;) {
      for (let left = this.random.between(...CALM_MS); left > 0 && !this.#isStopping; left -= 200) await sleep(200);
      if (this.#isStopping) return;
      await this.#inject(first.pop() ?? this.random.weighted(this.weights));
    }
  }

  /** Stops before the next fault. */
  stop() {
    this.#isStopping = true;
  }

  async #inject(name) {
    const { random } = this;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const { act, isDatabaseFault } = this.kinds[name];
    const alsoKills = isDatabaseFault && random.chance(0.3);
    this.availability.closeWindow(name);
    const end = isDatabaseFault ? this.ledger.faultBegins() : () => {};
    const killing = alsoKills ? sleep(random.between(0, 1500)).then(() => random.pick(this.servers.all).kill()) : null;
    await act();
    await killing;
    end();
    await this.servers.start();
    const seconds = await this.availability.waitForRecovery();
    const killed = alsoKills ? ", with a server killed meanwhile" : "";
    this.report.print(`${name}${killed}; recovered ${seconds.toFixed(1)} s after its end`);
  }

  #serverFaults() {
    const { random, servers } = this;
    const pickServer = () => random.pick(servers.all);
    const pause = () => sleep(random.between(0, 3000));
    return {
      "a server killed": {
        weight: 4,
        act: async () => {
          await pickServer().kill();
          await pause();
        },
      },
      "both servers killed": {
        weight: 1,
        act: async () => {
          await Promise.all(servers.all.map((server) => server.kill()));
        },
      },
      "a server killed several times": {
        weight: 1,
        act: async () => {
          const server = pickServer();
          for (let times = random.whole(2, 4); times > 0; times--) {
            await server.kill();
            await server.start();
            await sleep(random.between(0, 800));
          }
        },
      },
      "a server stopped": {
        weight: 3,
        act: async () => {
          await pickServer().stop();
          await pause();
        },
      },
      "the servers replaced one by one": {
        weight: 1,
        act: async () => {
          for (const server of servers.all) {
            await server.stop();
            await server.start();
          }
        },
      },
    };
  }

  #postgresFaults() {
    const { random, database } = this;
    return {
      "a fast restart of PostgreSQL": { weight: 2, isDatabaseFault: true, act: () => database.restart("SIGINT") },
      "an immediate restart of PostgreSQL": { weight: 2, isDatabaseFault: true, act: () => database.restart("SIGQUIT") },
      "a promotion": { weight: 3, isDatabaseFault: true, act: () => database.promote() },
      "a cut network": { weight: 2, isDatabaseFault: true, act: () => database.cut(random.between(100, 6000)) },
    };
  }

  #sqliteFaults() {
    const { random, database, servers } = this;
    const full = {
      "a full disk": {
        weight: 4,
        isDatabaseFault: true,
        act: async () => {
          // Room for nothing, for a few pages, or for some time.
          const freeBytes = [0, 0, random.whole(1, 16_384), random.whole(16_384, 262_144)];
          for (let times = random.whole(1, 3); times > 0; times--) {
            database.fill(random.pick(freeBytes));
            await sleep(random.between(500, 8000));
            database.empty();
            await sleep(random.between(0, 300));
          }
        },
      },
    };
    return {
      ...(database.hasDisk ? full : {}),
      "files that may not grow": {
        weight: database.hasDisk ? 1 : 5,
        isDatabaseFault: true,
        act: async () => {
          const running = servers.up();
          const room = random.pick([0, 4096, 65_536]);
          const set = (bytes) =>
            Promise.all(running.map(({ child }) => database.limitFileSize(child.pid, bytes).catch(() => {})));
          await set(database.size() + room);
          await sleep(random.between(300, 5000));
          await set(null);
        },
      },
    };
  }
}

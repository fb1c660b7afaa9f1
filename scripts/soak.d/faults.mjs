// What breaks: at random moments, one fault after the other, each followed by a recovery and a calm.

import { sleep } from "./processes.mjs";

/** How long a calm lasts, in milliseconds. */
const CALM = [6_000, 16_000];

export class Faults {
  #isStopping = false;
  counts = new Map();

  /** `only` names one fault instead of all. */
  constructor({ database, servers, weather, ledger, report, random, only }) {
    Object.assign(this, { database, servers, weather, ledger, report, random });
    const all = { ...this.#ofServers(), ...(database.name === "postgres" ? this.#ofPostgres() : this.#ofSqlite()) };
    if (only && !all[only]) throw new Error(`--fault must be one of: ${Object.keys(all).join(", ")}`);
    this.kinds = only ? { [only]: all[only] } : all;
    this.weights = Object.fromEntries(Object.entries(this.kinds).map(([name, { weight }]) => [name, weight]));
  }

  async run() {
    await this.weather.recover();
    // Each once, in an order of chance, and then as their weights say.
    const first = Object.keys(this.kinds).sort(() => this.random.next() - 0.5);
    for (;;) {
      for (let left = this.random.between(...CALM); left > 0 && !this.#isStopping; left -= 200) await sleep(200);
      if (this.#isStopping) return;
      await this.#one(first.pop() ?? this.random.weighted(this.weights));
    }
  }

  /** Resolves in a calm, when the last fault is over. */
  stop() {
    this.#isStopping = true;
  }

  async #one(name) {
    const { random } = this;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const { act, isOfDatabase } = this.kinds[name];
    const alsoKills = isOfDatabase && random.chance(0.3);
    this.weather.begin(name);
    const end = isOfDatabase ? this.ledger.faultBegins() : () => {};
    const killing = alsoKills ? sleep(random.between(0, 1500)).then(() => random.pick(this.servers.all).kill()) : null;
    await act();
    await killing;
    end();
    await this.servers.start();
    const seconds = await this.weather.recover();
    this.report.say(`${name}${alsoKills ? ", and a server killed in it" : ""}; quiet ${seconds.toFixed(1)} s after its end`);
  }

  #ofServers() {
    const { random, servers } = this;
    const one = () => random.pick(servers.all);
    const pause = () => sleep(random.between(0, 3000));
    return {
      "a server killed": {
        weight: 4,
        act: async () => {
          await one().kill();
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
          const server = one();
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
          await one().stop();
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

  #ofPostgres() {
    const { random, database } = this;
    return {
      "a fast restart of PostgreSQL": { weight: 2, isOfDatabase: true, act: () => database.restart("SIGINT") },
      "an immediate restart of PostgreSQL": { weight: 2, isOfDatabase: true, act: () => database.restart("SIGQUIT") },
      "a promotion": { weight: 3, isOfDatabase: true, act: () => database.promote() },
      "a cut network": { weight: 2, isOfDatabase: true, act: () => database.cut(random.between(100, 6000)) },
    };
  }

  #ofSqlite() {
    const { random, database, servers } = this;
    const full = {
      "a full disk": {
        weight: 4,
        isOfDatabase: true,
        act: async () => {
          // Nothing is left, or a few pages, or room for a while.
          const lefts = [0, 0, random.whole(1, 16_384), random.whole(16_384, 262_144)];
          for (let times = random.whole(1, 3); times > 0; times--) {
            database.fill(random.pick(lefts));
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
        isOfDatabase: true,
        act: async () => {
          const running = servers.up();
          const room = random.pick([0, 4096, 65_536]);
          const set = (bytes) => Promise.all(running.map(({ child }) => database.limit(child.pid, bytes).catch(() => {})));
          await set(database.size() + room);
          await sleep(random.between(300, 5000));
          await set(null);
        },
      },
    };
  }
}

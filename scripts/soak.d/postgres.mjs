// PostgreSQL with a synchronous streaming standby, behind a forwarder.

import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Forwarder } from "./forwarder.mjs";
import { freePort, run, sleep } from "./processes.mjs";

const require = createRequire(new URL("../../end2end/package.json", import.meta.url));
const pg = require("pg");

const SETTINGS = {
  listen_addresses: "127.0.0.1",
  max_connections: "100",
  // The faults kill processes and do not cut the power, so the system keeps what they have written.
  fsync: "off",
  wal_level: "replica",
  hot_standby: "on",
  wal_keep_size: "256MB",
  wal_retrieve_retry_interval: "500ms",
};

/** How long a database may take to start or to follow. */
const LIMIT_MS = 60_000;

/** Returns the folder of its programs: the one in PATH, or the newest of the distribution. */
async function findPrograms() {
  const onPath = (process.env.PATH ?? "").split(":").find((folder) => existsSync(join(folder, "pg_basebackup")) && existsSync(join(folder, "initdb")));
  if (onPath) return onPath;
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  const newest = versions.sort((one, other) => Number(one) - Number(other)).at(-1);
  if (!newest) throw new Error("There is no PostgreSQL: install it (Debian: apt-get install postgresql).");
  return `/usr/lib/postgresql/${newest}/bin`;
}

/** PostgreSQL refuses to run as root: then it runs as Debian's user. */
async function findOwner() {
  if (process.getuid() !== 0) return {};
  const id = async (what) => Number(await run("id", [what, "postgres"]));
  return { uid: await id("-u"), gid: await id("-g") };
}

class Instance {
  constructor(folder, port, { bin, user }) {
    Object.assign(this, { folder, port, bin, user });
  }

  async start() {
    const settings = Object.entries({ ...SETTINGS, unix_socket_directories: this.folder });
    const args = ["-D", this.folder, "-p", String(this.port), ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
    this.child = spawn(join(this.bin, "postgres"), args, { ...this.user, cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
    this.log = [];
    this.child.stderr.on("data", (text) => this.log.push(String(text)) > 100 && this.log.shift());
    this.ended = new Promise((resolve) => this.child.on("exit", resolve));
    await this.until("select 1");
  }

  async query(sql) {
    const client = new pg.Client({ host: "127.0.0.1", port: this.port, user: "postgres", database: "postgres" });
    client.on("error", () => {});
    try {
      await client.connect();
      return (await client.query(sql)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Waits until a query returns a row. */
  async until(sql) {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const rows = await this.query(sql).catch(() => []);
      if (rows.length) return;
      if (Date.now() > deadline) throw new Error(`PostgreSQL: no row for ${sql}\n${this.log.join("")}`);
      await sleep(100);
    }
  }

  async set(name, value) {
    await this.query(`alter system set ${name} = '${value}'`);
    await this.query("select pg_reload_conf()");
  }

  async signal(name) {
    this.child.kill(name);
    await this.ended;
  }
}

export class Postgres {
  name = "postgres";
  #forwarder = new Forwarder();
  #count = 0;
  #all = [];

  async start(folder) {
    this.folder = join(folder, "postgres");
    this.bin = await findPrograms();
    this.user = await findOwner();
    mkdirSync(this.folder);
    if (this.user.uid !== undefined) {
      chmodSync(folder, 0o755);
      chownSync(this.folder, this.user.uid, this.user.gid);
    }
    this.port = await freePort();
    await this.#forwarder.listen(this.port);
    this.primary = await this.#instance();
    await run(join(this.bin, "initdb"), ["-D", this.primary.folder, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale"], this.#spawnOptions());
    await this.primary.start();
    await this.#addStandby();
    this.#forwarder.pointTo(this.primary.port);
    this.url = `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  #spawnOptions() {
    return { ...this.user, cwd: this.folder };
  }

  async #instance() {
    const instance = new Instance(join(this.folder, `db${++this.#count}`), await freePort(), this);
    this.#all.push(instance);
    return instance;
  }

  /** Adds a standby, and makes every commit wait for it. */
  async #addStandby() {
    this.standby = await this.#instance();
    const { folder } = this.standby;
    await run(
      join(this.bin, "pg_basebackup"),
      ["-D", folder, "-h", "127.0.0.1", "-p", String(this.primary.port), "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync"],
      this.#spawnOptions(),
    );
    await this.standby.start();
    await this.primary.until("select 1 from pg_stat_replication where state = 'streaming'");
    await this.primary.set("synchronous_standby_names", "*");
    await this.primary.until("select 1 from pg_stat_replication where sync_state = 'sync'");
  }

  /** `signal`: SIGINT for a fast stop, SIGQUIT for an immediate one. */
  async restart(signal) {
    await this.primary.signal(signal);
    await this.primary.start();
    await this.primary.until("select 1 from pg_stat_replication where sync_state = 'sync'");
  }

  async promote() {
    // No client gets a response from the old primary any more.
    this.#forwarder.cut();
    await this.primary.signal("SIGKILL");
    const old = this.primary;
    this.primary = this.standby;
    await this.primary.query("select pg_promote()");
    await this.primary.until("select 1 where not pg_is_in_recovery()");
    await this.primary.set("synchronous_standby_names", "");
    this.#forwarder.pointTo(this.primary.port);
    await this.#addStandby();
    rmSync(old.folder, { recursive: true, force: true });
    this.#all = this.#all.filter((instance) => instance !== old);
  }

  /** Cuts the network for a while. */
  async cut(time) {
    this.#forwarder.cut();
    await sleep(time);
    this.#forwarder.pointTo(this.primary.port);
  }

  async rows(sql) {
    return this.primary.query(sql);
  }

  async stop() {
    this.#forwarder.close();
    await Promise.all(this.#all.map((instance) => instance.child && instance.child.exitCode === null && instance.signal("SIGQUIT")));
  }

  /** Stops at once, without waiting. */
  kill() {
    this.#forwarder.close();
    for (const { child } of this.#all) child?.kill("SIGQUIT");
  }
}

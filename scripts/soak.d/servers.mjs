// Two servers of one site on one database, and a shell beside them.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { freePort } from "./processes.mjs";

/** A server waits 30 s for a database that is being started. In milliseconds. */
const START_LIMIT = 60_000;

/** Requests and hooks have 10 s each once it is told to stop. In milliseconds. */
const STOP_LIMIT = 25_000;

const SHELL_LIMIT = 60_000;

class Server {
  isUp = false;
  /** Counts its starts. */
  run = 0;
  #log = [];
  #isEnding = false;

  constructor(name, port, site, { report, ledger }) {
    Object.assign(this, { name, port, site, report, ledger });
  }

  /** The end of its log. */
  tail() {
    return `    ${this.name}'s log:\n    ${this.#log.slice(-12).join("\n    ")}`;
  }

  /** The errors in it. */
  complaints() {
    const errors = this.#log.filter((line) => line.includes(" ERROR ")).slice(-6);
    return errors.length ? `\n  ${this.name}'s errors:\n    ${errors.join("\n    ")}` : "";
  }

  async start() {
    const deadline = Date.now() + START_LIMIT;
    while (!(await this.#try())) {
      if (Date.now() > deadline) {
        this.report.violation(`${this.name} does not start\n${this.tail()}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  #try() {
    this.#isEnding = false;
    // A file that has become too large is an error to be told, and not the end of the process.
    const child = spawn("/bin/sh", ["-c", 'trap "" XFSZ; exec "$0"', this.site.program], {
      cwd: this.site.folder,
      env: { ...this.site.env, LEPTOS_SITE_ADDR: `127.0.0.1:${this.port}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.ended = new Promise((resolve) => child.on("close", resolve));
    return new Promise((resolve) => {
      const read = (line) => {
        this.#log.push(line);
        if (this.#log.length > 200) this.#log.shift();
        if (line.startsWith("Serving")) {
          this.isUp = true;
          this.run += 1;
          resolve(true);
        }
        const [, event] = /event="([^"]+)"/.exec(line) ?? [];
        if (event && line.includes("after sign-out")) this.ledger.heard(event, this.name);
        if (event && line.includes("it runs again")) this.ledger.unmarked(event);
        if (line.includes("panicked")) this.report.violation(`${this.name}: ${line}`);
      };
      createInterface({ input: child.stdout }).on("line", read);
      createInterface({ input: child.stderr }).on("line", read);
      child.on("exit", (code, signal) => {
        if (this.isUp && !this.#isEnding) {
          this.report.violation(`${this.name} ended by itself (${code ?? signal})\n${this.tail()}`);
        }
        this.isUp = false;
        resolve(false);
      });
    });
  }

  async kill() {
    this.#isEnding = true;
    this.isUp = false;
    this.ledger.killed(this.name);
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** As a service manager does. */
  async stop() {
    this.#isEnding = true;
    this.isUp = false;
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.report.violation(`${this.name} did not stop within ${STOP_LIMIT / 1000} s\n${this.tail()}`);
      void this.kill();
    }, STOP_LIMIT);
    await this.ended;
    clearTimeout(timer);
  }
}

export class Servers {
  #children = new Set();

  constructor(site, both) {
    this.site = site;
    this.host = new URL(site.env.SITE_URL).host;
    this.all = site.ports.map((port, index) => new Server(`server ${index + 1}`, port, site, both));
  }

  static async site(program, folder, databaseUrl) {
    const ports = [await freePort(), await freePort()];
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      SITE_URL: `http://127.0.0.1:${ports[0]}`,
      SESSION_KEY: randomBytes(48).toString("base64"),
      ATTEMPTS_PER_MINUTE: "1000000",
      TRUSTED_PROXIES: "127.0.0.1",
      RUST_LOG: "warn,server=info",
      NO_COLOR: "1",
    };
    return { program, folder, env, ports };
  }

  up() {
    return this.all.filter((server) => server.isUp);
  }

  /** Starts those that do not run. */
  async start() {
    // The first prepares the tables.
    for (const server of this.all) if (!server.isUp) await server.start();
  }

  async stop() {
    await Promise.all(this.up().map((server) => server.stop()));
  }

  /** Runs a command of the server's program. */
  shell(args) {
    const { program, folder, env } = this.site;
    return new Promise((resolve) => {
      const child = spawn(program, args, { cwd: folder, env: { ...env, RUST_LOG: "error" }, timeout: SHELL_LIMIT, killSignal: "SIGKILL" });
      this.#children.add(child);
      let output = "";
      child.stdout.on("data", (text) => (output += text));
      child.stderr.on("data", (text) => (output += text));
      child.on("close", (code) => {
        this.#children.delete(child);
        resolve({ code, output });
      });
    });
  }

  /** At once, also in the middle of something. */
  killAll() {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const { child } of this.all) child?.kill("SIGKILL");
  }
}

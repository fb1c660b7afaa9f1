// Two servers of one site on one database, and the server's commands.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { freePort } from "./processes.mjs";

/** A server waits 30 s for a database that is starting. */
const START_LIMIT_MS = 60_000;

/** While stopping, requests and hooks have 10 s each. */
const STOP_LIMIT_MS = 25_000;

const SHELL_LIMIT_MS = 60_000;

class Server {
  isUp = false;
  /** How often it has started. */
  run = 0;
  #log = [];
  #isStopping = false;

  constructor(name, port, site, { report, ledger }) {
    Object.assign(this, { name, port, site, report, ledger });
  }

  /** The last lines of its log. */
  tail() {
    return `    ${this.name}'s log:\n    ${this.#log.slice(-12).join("\n    ")}`;
  }

  /** The last errors in its log. */
  recentErrors() {
    const errors = this.#log.filter((line) => line.includes(" ERROR ")).slice(-6);
    return errors.length ? `\n  ${this.name}'s errors:\n    ${errors.join("\n    ")}` : "";
  }

  async start() {
    const deadline = Date.now() + START_LIMIT_MS;
    while (!(await this.#spawn())) {
      if (Date.now() > deadline) {
        this.report.violation(`${this.name} does not start\n${this.tail()}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  #spawn() {
    this.#isStopping = false;
    // With SIGXFSZ ignored, a file that is too large is an error and does not end the process.
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
        if (event && line.includes("after sign-out")) this.ledger.hookRan(event, this.name);
        if (event && line.includes("it runs again")) this.ledger.unrecorded(event);
        if (line.includes("panicked")) this.report.violation(`${this.name}: ${line}`);
      };
      createInterface({ input: child.stdout }).on("line", read);
      createInterface({ input: child.stderr }).on("line", read);
      child.on("exit", (code, signal) => {
        if (this.isUp && !this.#isStopping) {
          this.report.violation(`${this.name} ended by itself (${code ?? signal})\n${this.tail()}`);
        }
        this.isUp = false;
        resolve(false);
      });
    });
  }

  async kill() {
    this.#isStopping = true;
    this.isUp = false;
    this.ledger.killed(this.name);
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** Stops it like a service manager does. */
  async stop() {
    this.#isStopping = true;
    this.isUp = false;
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.report.violation(`${this.name} did not stop within ${STOP_LIMIT_MS / 1000} s\n${this.tail()}`);
      void this.kill();
    }, STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

export class Servers {
  #children = new Set();

  constructor(site, shared) {
    this.site = site;
    this.host = new URL(site.env.SITE_URL).host;
    this.all = site.ports.map((port, index) => new Server(`server ${index + 1}`, port, site, shared));
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

  /** Starts the servers that are not running. */
  async start() {
    // One after the other, because the first creates the tables.
    for (const server of this.all) if (!server.isUp) await server.start();
  }

  async stop() {
    await Promise.all(this.up().map((server) => server.stop()));
  }

  /** Runs one of the server's commands. */
  shell(args) {
    const { program, folder, env } = this.site;
    return new Promise((resolve) => {
      const child = spawn(program, args, {
        cwd: folder,
        env: { ...env, RUST_LOG: "error" },
        timeout: SHELL_LIMIT_MS,
        killSignal: "SIGKILL",
      });
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

  /** Kills all servers and commands at once. */
  killAll() {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const { child } of this.all) child?.kill("SIGKILL");
  }
}

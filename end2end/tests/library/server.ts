// A separate server for tests that stop it, and the server's commands.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { PROGRAM as SERVER, SESSION_KEY } from "./site";

export const ROOT = resolve(__dirname, "../../..");
const PROGRAM = join(ROOT, SERVER);

/** Runs a command on the database of the server that most tests use. */
export async function command(...words: string[]) {
  return runCommand(words, { ...process.env, SESSION_KEY, RUST_LOG: "warn" });
}

async function runCommand(words: string[], env: NodeJS.ProcessEnv) {
  const { stdout } = await promisify(execFile)(PROGRAM, words, { cwd: ROOT, env });
  return stdout.trim();
}

/** A server with its own database. It can be stopped and started again. */
export class TestServer {
  private process?: ChildProcess;

  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(settings: NodeJS.ProcessEnv = {}, host = "127.0.0.1") {
    const port = await freePort();
    const url = `http://${host}:${port}`;
    const folder = await mkdtemp(join(tmpdir(), "server-"));
    const server = new TestServer(url, folder, {
      ...process.env,
      DATABASE_URL: `sqlite://${join(folder, "app.db")}`,
      LEPTOS_SITE_ADDR: `127.0.0.1:${port}`,
      SITE_URL: url,
      SESSION_KEY,
      RUST_LOG: "warn",
      ...settings,
    });
    await server.run();
    return server;
  }

  async run() {
    this.process = spawn(PROGRAM, { cwd: ROOT, env: this.env, stdio: ["ignore", "pipe", "inherit"] });
    await once(this.process.stdout!, "data");
  }

  /** Runs a command on its database, even while the server is stopped. */
  command(...words: string[]) {
    return runCommand(words, this.env);
  }

  /** Stops the server gracefully, and returns how long that took, in milliseconds. */
  async stop() {
    const start = Date.now();
    this.process!.kill("SIGTERM");
    await once(this.process!, "exit");
    return Date.now() - start;
  }

  /** Kills the server without a warning. */
  async kill() {
    this.process!.kill("SIGKILL");
    await once(this.process!, "exit");
  }

  async end() {
    if (this.process?.exitCode === null && this.process.signalCode === null) await this.stop();
    await rm(this.folder, { recursive: true });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

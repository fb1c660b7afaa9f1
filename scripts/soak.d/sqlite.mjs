// A SQLite file that both servers share, on a disk that can be filled.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./processes.mjs";

/** The disk's size in MiB: room for the events of so many minutes. */
const sizeFor = (minutes) => 96 + Math.ceil(6 * minutes);

export class Sqlite {
  name = "sqlite";
  /** Whether there is a disk of its own. */
  hasDisk = false;

  async start(folder, minutes, report) {
    await run("sqlite3", ["-version"]).catch(() => {
      throw new Error("The soak reads the events with sqlite3: install it (Debian: apt-get install sqlite3).");
    });
    this.folder = join(folder, "disk");
    this.report = report;
    mkdirSync(this.folder);
    try {
      await run("mount", ["-t", "tmpfs", "-o", `size=${sizeFor(minutes)}m`, "tmpfs", this.folder]);
      this.hasDisk = true;
    } catch (error) {
      const frame = "*".repeat(78);
      console.error(
        `${frame}\nNO DISK CAN BE FILLED HERE: ${error.message.trim()}\nInstead files become too large; run this as root for a full disk.\n${frame}`,
      );
    }
    this.file = join(this.folder, "app.db");
    this.url = `sqlite://${this.file}`;
  }

  /** Fills the disk but for so many bytes: files of all sizes, down to a byte. */
  fill(left) {
    for (let size = 8 << 20, number = 0; size >= 1; ) {
      const chunk = Buffer.alloc(size, 1);
      const file = join(this.folder, `filler-${number++}`);
      try {
        writeFileSync(file, chunk);
      } catch (error) {
        if (error.code !== "ENOSPC") throw error;
        rmSync(file, { force: true });
        size >>= 1;
      }
      if (number > 5000) throw new Error("the disk is never full");
    }
    this.#give(left);
  }

  /** Takes fillers away until so many bytes are free, the smallest first. */
  #give(bytes) {
    let free = 0;
    for (let number = 5000; number >= 0 && free < bytes; number--) {
      const file = join(this.folder, `filler-${number}`);
      if (!existsSync(file)) continue;
      const { size } = statSync(file);
      if (free + size > 2 * bytes) continue;
      free += size;
      rmSync(file);
    }
  }

  empty() {
    for (let number = 0; number <= 5000; number++) rmSync(join(this.folder, `filler-${number}`), { force: true });
  }

  /** The size of the larger of the database and its log. */
  size() {
    const sizes = [this.file, `${this.file}-wal`].map((file) => (existsSync(file) ? statSync(file).size : 0));
    return Math.max(...sizes);
  }

  /** How large a process may make its files from now on; `null` for any size. */
  async limit(pid, bytes) {
    await run("prlimit", ["--pid", String(pid), `--fsize=${bytes ?? "unlimited"}:`]);
  }

  async rows(sql) {
    const output = await run("sqlite3", ["-readonly", "-json", "-cmd", ".timeout 10000", this.file, sql]);
    return output.trim() ? JSON.parse(output) : [];
  }

  async stop() {
    this.kill();
  }

  kill() {
    if (!this.hasDisk) return;
    // Also while something of it is still open.
    execFileSync("umount", ["-l", this.folder]);
    this.hasDisk = false;
  }
}

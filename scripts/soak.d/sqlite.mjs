// A SQLite file that both servers share, on a disk that the soak can fill.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./processes.mjs";

/** The disk's size in MiB, with room for the events of a run. */
const diskMib = (minutes) => 96 + Math.ceil(6 * minutes);

export class Sqlite {
  name = "sqlite";
  /** Whether the file has its own disk. */
  hasDisk = false;

  async start(folder, minutes, report) {
    await run("sqlite3", ["-version"]).catch(() => {
      throw new Error("The soak needs sqlite3 to read the events. Install it (Debian: apt-get install sqlite3).");
    });
    this.folder = join(folder, "disk");
    this.report = report;
    mkdirSync(this.folder);
    try {
      await run("mount", ["-t", "tmpfs", "-o", `size=${diskMib(minutes)}m`, "tmpfs", this.folder]);
      this.hasDisk = true;
    } catch (error) {
      const frame = "*".repeat(78);
      console.error(
        `${frame}\nTHE SOAK CANNOT FILL A DISK: ${error.message.trim()}\nIt limits file sizes instead. Run it as root for a full disk.\n${frame}`,
      );
    }
    this.file = join(this.folder, "app.db");
    this.url = `sqlite://${this.file}`;
  }

  /** Fills the disk except for `left` bytes, with files of all sizes down to one byte. */
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
      if (number > 5000) throw new Error("the disk does not become full");
    }
    this.#freeBytes(left);
  }

  /** Removes filler files, the smallest first, until `bytes` are free. */
  #freeBytes(bytes) {
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

  /** Limits the size of a process's files; `null` removes the limit. */
  async limitFileSize(pid, bytes) {
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
    // Lazily, because files may still be open.
    execFileSync("umount", ["-l", this.folder]);
    this.hasDisk = false;
  }
}

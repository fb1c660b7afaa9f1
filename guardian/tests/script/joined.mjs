// The module that the server sends: the files joined by the rules of src/script.rs.

import { readFileSync } from "node:fs";

/** @param {string} path */
export const read = (path) => readFileSync(new URL(`../../src/${path}`, import.meta.url), "utf8");

/** The files' names in their order. */
export const FILES = [...read("script.rs").matchAll(/include_str!\("(script\/\w+\.mjs)"\)/g)].map(([, name]) => name);

/** Returns the module's text. */
export function join() {
  const lines = FILES.flatMap((name) => read(name).split("\n").map((line) => line.trim()));
  const code = lines.filter((line) => line !== "" && !/^(import |\/\/|\/\*|\*)/.test(line));
  const bare = code.map((line) => line.replace(/^export /, "").replaceAll(/\/\*\* .*?\*\/ */g, ""));
  return bare.map((line) => (/[;{,([]$/.test(line) ? line : `${line}\n`)).join("");
}

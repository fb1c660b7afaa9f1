// The module that the server sends: the files in one, shrunk. `node guardian/tests/script/packed.mjs` writes it.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const { buildSync } = createRequire(new URL("../../../end2end/package.json", import.meta.url))("esbuild");
const source = fileURLToPath(new URL("../../src/script/guardian.mjs", import.meta.url));

/** Where the library has it. */
export const PACKED = fileURLToPath(new URL("../../src/script.min.js", import.meta.url));

/** Returns the module's text. */
export function pack() {
  const options = { entryPoints: [source], bundle: true, minify: true, format: "esm", target: "es2022", write: false };
  return buildSync(options).outputFiles[0].text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PACKED, pack());

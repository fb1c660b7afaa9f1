// Packs the release's built files for the server: node scripts/pack.mjs from/ to/ name
//
// Names each file after its content, so that browsers can keep it forever, and compresses it once,
// as far as possible. `hash.txt` tells the server the names, in the format of cargo-leptos. Prints
// the sizes, and fails if the page's code exceeds its budget.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** JavaScript and WebAssembly together, compressed with Brotli. */
const BUDGET_BYTES = Number(process.env.PAGE_BUDGET ?? 123_000);

const [from, to, appName] = process.argv.slice(2);
rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });

function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

const hashes = [];
let weight = 0;
for (const type of ["css", "js", "wasm"]) {
  const bytes = readFileSync(join(from, `${appName}.${type}`));
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const name = join(to, `${appName}.${hash}.${type}`);
  const compressed = brotli(bytes);
  writeFileSync(name, bytes);
  writeFileSync(`${name}.br`, compressed);
  writeFileSync(`${name}.gz`, gzipSync(bytes, { level: 9 }));
  hashes.push(`${type}: ${hash}\n`);
  if (type !== "css") weight += compressed.length;
  console.log(`${appName}.${type}: ${bytes.length} bytes, ${compressed.length} with Brotli`);
}
writeFileSync(join(to, "hash.txt"), hashes.join(""));

console.log(`JavaScript and WebAssembly: ${weight} of ${BUDGET_BYTES} bytes`);
if (weight > BUDGET_BYTES) {
  console.error("The page's code exceeds its budget (PAGE_BUDGET in scripts/pack.mjs).");
  process.exitCode = 1;
}

// Makes the release's files from the program: node scripts/pack.mjs wasm to/ name
//
// Names each file after its content, so that browsers can keep it forever, and compresses it once, as far as
// possible. `hash.txt` tells the server the names, in the format of cargo-leptos. Prints the sizes, and fails
// if the page's code exceeds its budget. A new app has scaffold/scripts/pack.mjs instead, which shrinks less.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** JavaScript and WebAssembly together, compressed with Brotli. */
const BUDGET_BYTES = Number(process.env.PAGE_BUDGET ?? 123_000);

const [program, to, appName] = process.argv.slice(2);
const from = "target/site-release";

const run = (command, ...args) => execFileSync(command, args, { stdio: "inherit" });
const changed = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

process.env.PATH = `${process.cwd()}/.tools/optimizers/node_modules/.bin:${process.env.PATH}`;
run("scripts/install-optimizers");
const built = changed(join(from, `${appName}.wasm`));
if ([program, "scripts/shrink.mjs", "scripts/pack.mjs"].some((file) => changed(file) > built)) {
  rmSync(from, { recursive: true, force: true });
  const bindgen = join(from, "bindgen");
  run("wasm-bindgen", "--target=web", "--no-typescript", `--out-dir=${bindgen}`, `--out-name=${appName}`, program);
  run("node", "scripts/shrink.mjs", bindgen, from, appName);
}
run("esbuild", "--minify", "--log-level=warning", "style/main.css", `--outfile=${from}/${appName}.css`);

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

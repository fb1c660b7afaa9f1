// Makes the release's files from the program: node scripts/pack.mjs WASM TO NAME
//
// Shrinks them with wasm-opt and esbuild. Names each after its content, so that browsers can keep
// it for good, and compresses it. `hash.txt` tells the server the names, as cargo-leptos does.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** JavaScript and WebAssembly together, compressed with Brotli: more gets a warning. */
const BUDGET_BYTES = 200_000;

const [wasm, to, name] = process.argv.slice(2);
const from = "target/site-release";
const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: "inherit" });
const npx = (tool, ...words) => run("npx", "--yes", `--package=${tool}`, ...words);

run("wasm-bindgen", "--target=web", "--no-typescript", `--out-dir=${from}`, `--out-name=${name}`, wasm);
npx("binaryen@132.0.0", "wasm-opt", "-Os", "--strip-debug", `${from}/${name}_bg.wasm`, `--output=${from}/${name}.wasm`);
npx("esbuild@0.28.2", "esbuild", "--minify", `${from}/${name}.js`, `--outfile=${from}/${name}.js`, "--allow-overwrite");
npx("esbuild@0.28.2", "esbuild", "--minify", "style/main.css", `--outfile=${from}/${name}.css`);

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
let [hashes, weight] = ["", 0];
for (const type of ["css", "js", "wasm"]) {
  const bytes = readFileSync(`${from}/${name}.${type}`);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const compressed = brotliCompressSync(bytes);
  writeFileSync(`${to}/${name}.${hash}.${type}`, bytes);
  writeFileSync(`${to}/${name}.${hash}.${type}.br`, compressed);
  writeFileSync(`${to}/${name}.${hash}.${type}.gz`, gzipSync(bytes));
  hashes += `${type}: ${hash}\n`;
  if (type !== "css") weight += compressed.length;
}
writeFileSync(`${to}/hash.txt`, hashes);
console.log(`JavaScript and WebAssembly: ${weight} bytes with Brotli`);
if (weight > BUDGET_BYTES) console.warn(`Warning: that is more than ${BUDGET_BYTES} (BUDGET_BYTES in scripts/pack.mjs).`);

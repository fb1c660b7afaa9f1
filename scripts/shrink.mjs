// Shrinks wasm-bindgen's files for the release: node scripts/shrink.mjs from/ to/ name
//
// Writes name.js, then name.wasm.

import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [from, to, appName] = process.argv.slice(2);
const file = (name) => join(from, name);

/** The WebAssembly features that Rust uses by default. */
const features = [
  "bulk-memory",
  "bulk-memory-opt",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
].map((feature) => `--enable-${feature}`);

// Bundles the script with only the functions that the page calls, and drops unused classes.
// wasm-bindgen registers each class with `Symbol.dispose` and a `FinalizationRegistry`. The two flags
// tell esbuild that these registrations have no side effects.
writeFileSync(file("page.js"), `export { default, hydrate } from "./${appName}.js";\n`);
execFileSync("esbuild", [
  file("page.js"),
  "--bundle",
  "--format=esm",
  "--minify-syntax",
  "--define:Symbol.dispose=undefined",
  "--pure:FinalizationRegistry",
  "--log-level=warning",
  `--outfile=${file("bundle.js")}`,
]);
let script = readFileSync(file("bundle.js"), "utf8");

// Removes the WebAssembly functions that only the dropped classes called.
const used = new Set([...script.matchAll(/\bwasm\.(\w+)/g)].map(([, name]) => name));
writeFileSync(
  file("graph.json"),
  JSON.stringify([
    { name: "script", root: true, reaches: [...used] },
    ...[...used].map((name) => ({ name, export: name })),
  ]),
);
const reached = ["-g", `--graph-file=${file("graph.json")}`, "-o", file("reached.wasm")];
execFileSync("wasm-metadce", [...features, file(`${appName}_bg.wasm`), ...reached]);

// Keeps larger functions that are called once, and puts similar functions side by side: Brotli
// compresses them better.
execFileSync("wasm-opt", [
  ...features,
  file("reached.wasm"),
  "-Os",
  "--one-caller-inline-max-function-size=20",
  "--reorder-functions-by-name",
  "--strip-debug",
  "--strip-producers",
  "-o",
  file("optimized.wasm"),
]);

// The names that the script and the program share contain hashes, which do not compress. Shortens
// them, if the program imports only from wasm-bindgen's script.
const module = `./${appName}_bg.js`;
const program = new WebAssembly.Module(readFileSync(file("optimized.wasm")));
let shrunk = file("optimized.wasm");
if (WebAssembly.Module.imports(program).every((one) => one.module === module)) {
  shrunk = file("renamed.wasm");
  const rename = ["--minify-imports-and-exports-and-modules", "-o", shrunk];
  const names = JSON.parse(execFileSync("wasm-opt", [...features, file("optimized.wasm"), ...rename]));
  for (const [, name, short] of names.imports) replaceOnce(new RegExp(`\\b${name}(?=[:(])`, "g"), short);
  // wasm-opt renames the only module to `a`.
  replaceOnce(`"${module}":`, "a:");
  const exports = new Map(names.exports);
  script = script.replace(/\bwasm\.(\w+)/g, (_, name) => `wasm.${exports.get(name)}`);
}

/** Requires exactly one place: otherwise the script does not match its program. */
function replaceOnce(found, replacement) {
  const parts = script.split(found);
  if (parts.length !== 2) throw new Error(`${found} is in the script ${parts.length - 1} times`);
  script = parts.join(replacement);
}

writeFileSync(file("renamed.js"), script);
execFileSync("esbuild", [
  file("renamed.js"),
  "--minify",
  "--log-level=warning",
  `--outfile=${join(to, `${appName}.js`)}`,
]);
// Last: scripts/build takes this file as proof that all exist.
renameSync(shrunk, join(to, `${appName}.wasm`));

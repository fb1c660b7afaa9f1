// Shrinks what wasm-bindgen has made, for the release: node scripts/shrink.mjs from/ to/ name
//
// Takes wasm-bindgen's files for the web, and leaves name.js and name.wasm, in this order.

import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [from, to, appName] = process.argv.slice(2);
const file = (name) => join(from, name);

/** What Rust's WebAssembly uses by default. */
const features = [
  "bulk-memory",
  "bulk-memory-opt",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
].map((feature) => `--enable-${feature}`);

// The script, with what the page calls, and without the classes that it does not use.
// wasm-bindgen mentions each to `Symbol.dispose` and to a `FinalizationRegistry`; the two flags
// say that this does nothing by itself.
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

// The program, without what only those classes would have called.
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

// Larger functions that are called once are left as they are, and like ones are put side by side:
// Brotli sees their likeness.
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

// The names by which the two know each other hold hashes, which do not compress. Short ones, but
// only where wasm-bindgen's script is all that the program imports from.
const module = `./${appName}_bg.js`;
const program = new WebAssembly.Module(readFileSync(file("optimized.wasm")));
let shrunk = file("optimized.wasm");
if (WebAssembly.Module.imports(program).every((one) => one.module === module)) {
  shrunk = file("renamed.wasm");
  const rename = ["--minify-imports-and-exports-and-modules", "-o", shrunk];
  const names = JSON.parse(execFileSync("wasm-opt", [...features, file("optimized.wasm"), ...rename]));
  for (const [, name, short] of names.imports) replaceOnce(new RegExp(`\\b${name}(?=[:(])`, "g"), short);
  // wasm-opt calls the one module so.
  replaceOnce(`"${module}":`, "a:");
  const exports = new Map(names.exports);
  script = script.replace(/\bwasm\.(\w+)/g, (_, name) => `wasm.${exports.get(name)}`);
}

/** Anything else than one place would be a script that does not fit its program. */
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
// Last: when it is there, all is.
renameSync(shrunk, join(to, `${appName}.wasm`));

// Empties the functions of a WebAssembly file that are never called, or whose work nobody sees:
// node scripts/trim-wasm.mjs in.wasm out.wasm
//
// Rust cannot know it: it keeps whatever a table of functions names. Each becomes one
// `unreachable` instruction, so a call that should not be ends the page's WebAssembly just as a
// panic does; wasm-opt then drops what only they have used. A name that is not found is no
// error, the file is just larger.

import { readFileSync, writeFileSync } from "node:fs";

/**
 * Whole names, and only of functions like no other: the compiler merges those that are the same
 * instruction by instruction, and what is left has the name of any of them.
 */
const NEEDLESS = [
  // Only `hydrate_lazy` hydrates asynchronously; the frontend calls `hydrate_body`.
  /^<T as tachys::view::any_view::IntoAny>::into_any::hydrate_async(::\{\{closure\}\})?$/,
  // What a panic says: nothing shows it, and `panic = "abort"` ends in `unreachable` anyway.
  /^(core::panicking::(panic|assert|unreachable)|core::(option|result)::(unwrap|expect)_failed)/,
  /^(core::slice::index::slice_\w+_fail|core::str::slice_error_fail|core::cell::panic_already)/,
  /^(std::thread::local::panic_access_error|alloc::(alloc|raw_vec)::(handle_\w*error|capacity_overflow))/,
  /^__rustc::rust_begin_unwind$/,
];

const CUSTOM = 0;
const IMPORT = 2;
const CODE = 10;
const [FUNCTION, TABLE, MEMORY, GLOBAL, TAG] = [0, 1, 2, 3, 4];
/** No locals, `unreachable`, `end`, and before them their length. */
const UNREACHABLE = Buffer.from([3, 0, 0x00, 0x0b]);

const [input, output] = process.argv.slice(2);
const file = readFileSync(input);

/** Reads a file's parts in order. See https://webassembly.github.io/spec/core/binary/. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  get isAtEnd() {
    return this.at >= this.bytes.length;
  }
  byte() {
    return this.bytes[this.at++];
  }
  /** LEB128. */
  number() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
  take(length) {
    return this.bytes.subarray(this.at, (this.at += length));
  }
  text() {
    return this.take(this.number()).toString();
  }
}

function leb128(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.from([...bytes, value]);
}

function readSections() {
  const reader = new Reader(file);
  reader.take(8);
  const sections = [];
  while (!reader.isAtEnd) {
    const id = reader.byte();
    sections.push({ id, body: reader.take(reader.number()) });
  }
  return sections;
}

/** Without the compiler's marks: `core[c5930c85a12de822]::…` and `…::h7d9ba5abb3e032d5`. */
function plain(name) {
  return name.replace(/\[[0-9a-f]+\]/g, "").replace(/::h[0-9a-f]{16}$/, "");
}

/** Imported functions have the first numbers. */
function countImportedFunctions(body) {
  const reader = new Reader(body);
  const limits = () => {
    const hasMaximum = reader.byte() & 1;
    reader.number();
    if (hasMaximum) reader.number();
  };
  let functions = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === FUNCTION) {
      functions++;
      reader.number();
    } else if (kind === TABLE) {
      reader.byte();
      limits();
    } else if (kind === MEMORY) {
      limits();
    } else if (kind === GLOBAL) {
      reader.take(2);
    } else if (kind === TAG) {
      reader.byte();
      reader.number();
    }
  }
  return functions;
}

function readNames(sections) {
  const names = new Map();
  for (const { id, body } of sections) {
    const reader = new Reader(body);
    if (id !== CUSTOM || reader.text() !== "name") continue;
    while (!reader.isAtEnd) {
      const isFunctions = reader.byte() === 1;
      const part = new Reader(reader.take(reader.number()));
      if (!isFunctions) continue;
      for (let left = part.number(); left > 0; left--) names.set(part.number(), plain(part.text()));
    }
  }
  return names;
}

const sections = readSections();
const names = readNames(sections);
const imports = sections.filter(({ id }) => id === IMPORT).map(({ body }) => countImportedFunctions(body));
let number = imports.reduce((sum, count) => sum + count, 0);

function trim(body) {
  const reader = new Reader(body);
  const count = reader.number();
  const parts = [leb128(count)];
  for (let left = count; left > 0; left--) {
    const name = names.get(number++) ?? "";
    const code = reader.take(reader.number());
    const isNeedless = NEEDLESS.some((pattern) => pattern.test(name));
    parts.push(...(isNeedless ? [UNREACHABLE] : [leb128(code.length), code]));
  }
  return Buffer.concat(parts);
}

const parts = [file.subarray(0, 8)];
for (const { id, body } of sections) {
  const trimmed = id === CODE ? trim(body) : body;
  parts.push(Buffer.from([id]), leb128(trimmed.length), trimmed);
}
writeFileSync(output, Buffer.concat(parts));

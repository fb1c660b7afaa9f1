// The module that the server sends.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { PACKED, pack } from "./packed.mjs";

/** A page is to be live after a few packets. */
const LIMIT_BYTES = 7_168;

const module = readFileSync(PACKED, "utf8");

test("the library has the module as its files make it", () => {
  assert.ok(module === pack(), "run scripts/pack-script");
});

test(`the module is at most ${LIMIT_BYTES} bytes after Brotli`, () => {
  const size = brotliCompressSync(module).length;
  console.log(`the page's script: ${size} bytes after Brotli`);
  assert.ok(size <= LIMIT_BYTES, `${size} bytes`);
});

test("the module needs nothing that a Content-Security-Policy refuses", () => {
  const refused = /\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|"style"|cssText|import\(/;
  assert.doesNotMatch(module, refused);
});

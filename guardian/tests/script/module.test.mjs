// The module that the server sends.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { Script } from "node:vm";
import { brotliCompressSync } from "node:zlib";
import { FILES, join } from "./joined.mjs";

/** A page is to be live after a few packets. */
const LIMIT_BYTES = 7_168;

test("the module has every file once", () => {
  const found = readdirSync(new URL("../../src/script", import.meta.url)).filter((name) => name.endsWith(".mjs"));
  assert.deepEqual(FILES.map((name) => name.replace("script/", "")).sort(), found.sort());
});

test("the joined files are a program, without imports and comments", () => {
  const module = join();
  // Also refuses two declarations of one name.
  new Script(`"use strict";\n${module}`);
  assert.doesNotMatch(module, /^(import|export)\b|\/\/|\/\*/m);
});

test(`the module is at most ${LIMIT_BYTES} bytes after Brotli`, () => {
  const size = brotliCompressSync(join()).length;
  console.log(`the page's script: ${size} bytes after Brotli`);
  assert.ok(size <= LIMIT_BYTES, `${size} bytes`);
});

test("the module needs nothing that a Content-Security-Policy refuses", () => {
  assert.doesNotMatch(join(), /\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|"style"|\.style\b|import\(/);
});

// The module that the server sends.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { Script } from "node:vm";
import { brotliCompressSync } from "node:zlib";
import { FILES, join, read } from "./joined.mjs";

/** A page is to be live after a few packets. */
const LIMIT_BYTES = 7_168;

test("the module has every file once", () => {
  const found = readdirSync(new URL("../../src/script", import.meta.url)).filter((name) => name.endsWith(".mjs"));
  assert.deepEqual(FILES.map((name) => name.replace("script/", "")).sort(), found.sort());
});

test("no line of code begins with a comment, because the whole line would be left out", () => {
  for (const name of FILES) assert.doesNotMatch(read(name), /^\s*\/\*.*\*\/ *\S/m, name);
});

test("the joined files are a program, without imports and comments", () => {
  const module = join();
  // Also refuses two declarations of one name.
  new Script(`"use strict";\n${module.replaceAll("import.meta.url", '""')}`);
  assert.doesNotMatch(module, /(^|[;{,([])(import|export) |\/\/|\/\*/m);
});

test(`the module is at most ${LIMIT_BYTES} bytes after Brotli`, () => {
  const size = brotliCompressSync(join()).length;
  console.log(`the page's script: ${size} bytes after Brotli`);
  assert.ok(size <= LIMIT_BYTES, `${size} bytes`);
});

test("the module needs nothing that a Content-Security-Policy refuses", () => {
  const refused = /\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|"style"|\.style\b|import\(/;
  assert.doesNotMatch(join(), refused);
});

// What a sign-out should do: what is written is read as it was written, and nothing else is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { endsSession, readOptions, readPending, toFields } from "../../src/script/options.mjs";
import { options } from "./tab.mjs";

const SCOPES = /** @type {const} */ (["local", "browser", "others", "global"]);

/** @param {string} text */
const fromText = (text) => readOptions(Object.fromEntries(new URLSearchParams(text)));

test("options are read as they were written", () => {
  for (const scope of SCOPES) {
    for (const some of [{}, { session: "mgvEcr0", redirect: "false", callback_url: "/bye?a=1&b=2+3#ä" }]) {
      const written = options({ scope, ...some });
      assert.deepEqual(fromText(String(toFields(written))), written);
    }
  }
});

test("the names are the server's, however a page writes them", () => {
  for (const name of ["callbackUrl", "callback-url", "callback_url"]) {
    assert.deepEqual(readOptions({ [name]: "/bye", redirect: false }), {
      scope: "local", callback_url: "/bye", redirect: "false",
    });
  }
});

test("a missing or empty field means the default", () => {
  for (const fields of ["", "scope=&session=&callback_url=&redirect="]) {
    assert.deepEqual(fromText(fields), options());
  }
  assert.deepEqual(readOptions({ session: null, callbackUrl: undefined }), options());
});

test("a sign-out is sure to end this session if it refers to it", () => {
  for (const [some, ends] of /** @type {const} */ ([
    [{}, true],
    [{ scope: "global" }, true],
    [{ scope: "global", session: "here" }, true],
    [{ session: "elsewhere" }, false],
    [{ scope: "global", session: "elsewhere" }, false],
    [{ scope: "browser", session: "elsewhere" }, true],
    [{ scope: "others" }, false],
    [{ scope: "everything" }, false],
  ])) {
    assert.equal(endsSession(options(/** @type {any} */ (some)), "here"), ends, JSON.stringify(some));
  }
});

test("a pending sign-out without a session is one of this browser", () => {
  assert.deepEqual(readPending("scope=global&session=x"), options({ scope: "global", session: "x" }));
  assert.deepEqual(readPending("scope=browser"), options({ scope: "browser" }));
  for (const fields of ["", "scope=global", "scope=others&session=x", "scope=everything&session=x"]) {
    assert.deepEqual(readPending(fields), options(), fields);
  }
});

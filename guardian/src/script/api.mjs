// The server's functions: a POST with form fields each, as a plain form sends it.

import { readAccounts, readSession, readSignedOut } from "./messages.mjs";
import { text } from "./texts.mjs";

/** @typedef {import("./types.d.ts").Failure} Failure */

export const API = "/api/";

const readers = { session: readSession, sign_out: readSignedOut, switch_account: readAccounts };

/**
 * @param {import("./types.d.ts").Effect & { type: "post" }} effect
 * @param {import("./types.d.ts").Dispatch} dispatch
 */
export async function post({ name, fields, event }, dispatch) {
  dispatch({ ...event, ...(await send(name, fields)) });
}

/**
 * Something in between may have responded, and not in these words: then the server is unreachable.
 *
 * @param {keyof typeof readers} name
 * @param {string} fields
 * @returns {Promise<any>} an Outcome
 */
async function send(name, fields) {
  try {
    const response = await fetch(API + name, { method: "POST", body: new URLSearchParams(fields) });
    const body = await response.json();
    if (response.ok) return { value: readers[name](body) };
    const failure = newFailure(name, body.error, body.signed_out_here === true);
    if (failure.message) return { failure };
  } catch (cause) {
    console.debug(cause);
  }
  return { failure: newFailure(name, "unreachable") };
}

/**
 * @param {string} name
 * @param {string} error
 * @param {boolean} [signedOutHere]
 * @returns {Failure}
 */
function newFailure(name, error, signedOutHere = false) {
  const message = text(signedOutHere ? `${error}_here` : `${name}_${error}`) || text(error);
  return { error, signedOutHere, message };
}

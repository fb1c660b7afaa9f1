// The server's functions: a POST with form fields each, as a plain form sends it.

import { text } from "./data.mjs";

// The app's origin: a page of another one may load this module, and still has to send the app's cookies.
export const { origin: ORIGIN } = new URL(import.meta.url);

/** @param {any} body what a sign-out has ended, or the active account's fields and the others, or null for nobody */
function read(body) {
  if (body === null || body.ended) return body;
  const { others, ...active } = body;
  return active.session && { active, others };
}

/**
 * Something in between may have responded, and not in these words: then the server is unreachable.
 *
 * @param {string} name
 * @param {Record<string, string> | URLSearchParams} fields
 * @returns {Promise<any>} an Outcome
 */
export async function post(name, fields) {
  try {
    const sent = new URLSearchParams(fields);
    const response = await fetch(`${ORIGIN}/api/${name}`, { method: "POST", credentials: "include", body: sent });
    const body = await response.json();
    const value = response.ok ? read(body) : undefined;
    if (value !== undefined) return { value };
    if (body.message) return { failure: body };
  } catch (cause) {
    console.debug(cause);
  }
  return { failure: { error: "unreachable", message: text(`${name}_unreachable`) } };
}

/**
 * Returns nothing if the server cannot be reached, or leads elsewhere.
 *
 * @param {string} path
 * @param {() => void} [onRedirect]
 */
export async function requestPage(path, onRedirect) {
  try {
    const response = await fetch(ORIGIN + path, { credentials: "include" });
    if (response.redirected) return void onRedirect?.();
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch (cause) {
    return void console.debug(cause);
  }
}

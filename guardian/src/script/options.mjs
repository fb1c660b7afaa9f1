// What a sign-out should do, as an object and as the fields of a form: a browser stores the fields, passes
// them to its other tabs and sends them to the server.

/** @typedef {import("./types.d.ts").Options} Options */

/** @type {Options["scope"][]} */
export const SCOPES = ["local", "browser", "others", "global"];

/**
 * Whether it signs out the browser that asks, and so can be pending there.
 *
 * @param {Options} options
 */
export function mayBePending({ scope }) {
  return scope !== "others";
}

/**
 * Whether the session `current` is sure to be among those that end.
 *
 * @param {Options} options
 * @param {string | null} current
 */
export function endsSession(options, current) {
  const { scope, session } = options;
  return scope === "browser" || (mayBePending(options) && (!session || session === current));
}

/**
 * Reads the fields. Returns null for an unknown scope.
 *
 * @param {FormData | URLSearchParams} fields
 * @returns {Options | null}
 */
export function readOptions(fields) {
  /** @param {string} name */
  const field = (name) => String(fields.get(name) ?? "") || null;
  const scope = SCOPES.find((scope) => scope === (field("scope") ?? "local"));
  return scope
    ? { scope, session: field("session"), redirect: field("redirect") !== "false", callbackUrl: field("callback_url") }
    : null;
}

/** @param {Options} options */
export function toFields({ scope, session, redirect, callbackUrl }) {
  const fields = new URLSearchParams({ scope });
  if (session) fields.set("session", session);
  if (callbackUrl) fields.set("callback_url", callbackUrl);
  if (!redirect) fields.set("redirect", "false");
  return fields;
}

/** @param {string} fields */
export function fromFields(fields) {
  return readOptions(new URLSearchParams(fields));
}

/**
 * Reads the options of a pending sign-out. They are bound to the session that they were for: what an
 * earlier user has left does not end the next user's sessions. Without such options it is a sign-out of this
 * browser.
 *
 * @param {string} fields
 */
export function readPending(fields) {
  const options = fromFields(fields);
  const isBound = options && mayBePending(options) && (options.scope === "browser" || options.session);
  return isBound ? options : fromFields("");
}

// What a sign-out should do: the fields of its form. A browser stores them, passes them to its other tabs and
// sends them to the server.

/** @typedef {import("./types.d.ts").Options} Options */

/**
 * Names the fields as the server does: `callbackUrl` and `callback-url` are `callback_url`. An empty one means the
 * default, as it does for the server.
 *
 * @param {object} options
 */
export function toFields(options) {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) {
    if ((value ?? "") !== "") fields.set(name.replace(/-|(?=[A-Z])/g, "_").toLowerCase(), value);
  }
  return fields;
}

/**
 * @param {object} options
 * @returns {Options}
 */
export function readOptions(options) {
  return { scope: "local", ...Object.fromEntries(toFields(options)) };
}

/** @param {Options} options */
export function stays({ redirect }) {
  return redirect === "false";
}

/**
 * Whether it signs out the browser that asks, and so can be pending there.
 *
 * @param {Options} options
 */
export function mayBePending({ scope }) {
  return ["local", "browser", "global"].includes(scope);
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
 * Reads the options of a pending sign-out. They are bound to the session that they were for: what an
 * earlier user has left does not end the next user's sessions. Without such options it is a sign-out of this
 * browser.
 *
 * @param {string} fields
 */
export function readPending(fields) {
  const options = readOptions(Object.fromEntries(new URLSearchParams(fields)));
  return mayBePending(options) && (options.scope === "browser" || options.session) ? options : readOptions({});
}

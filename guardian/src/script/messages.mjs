// What the server and the other tabs say. A reader throws for what it cannot read. Its caller goes on as if
// nothing had been said.

import { fromFields, toFields } from "./options.mjs";

/** @typedef {import("./types.d.ts").Hint} Hint */
/** @typedef {import("./guardian.d.ts").Accounts} Accounts */
/** @typedef {import("./guardian.d.ts").SignedOut} SignedOut */
/** @typedef {import("./types.d.ts").Notice} Notice */
/** @typedef {import("./guardian.d.ts").User} User */

/** @param {boolean} isReadable */
function check(isReadable) {
  if (!isReadable) throw new TypeError("unreadable");
}

/** @param {unknown} value */
function isText(value) {
  return typeof value === "string";
}

/**
 * @param {User} user
 * @returns {User}
 */
function readUser(user) {
  check([user.id, user.profile.name, user.session].every(isText));
  return user;
}

/**
 * Reads accounts as the server writes them: the active one's fields, and the others.
 *
 * @param {User & { others?: User[] }} body
 * @returns {Accounts}
 */
export function readAccounts({ others = [], ...active }) {
  return { active: readUser(active), others: others.map(readUser) };
}

/**
 * @param {Parameters<typeof readAccounts>[0] | null} body
 * @returns {Accounts | null}
 */
export function readSession(body) {
  return body === null ? null : readAccounts(body);
}

/**
 * @param {SignedOut} body
 * @returns {SignedOut}
 */
export function readSignedOut(body) {
  check([body.ended, body.events].every(Array.isArray));
  return body;
}

/**
 * @param {string} json
 * @returns {Notice}
 */
export function readNotice(json) {
  const notice = JSON.parse(json);
  check(isText(notice.reason) && Array.isArray(notice.events));
  return notice;
}

/**
 * @param {Hint} hint
 * @returns {string}
 */
export function toMessage(hint) {
  const { type } = hint;
  if (type === "session") return `session ${hint.session ?? ""}`.trim();
  if (type === "signed_out") return `signed_out ${JSON.stringify(hint.notice)}`;
  return type === "pending" ? `pending ${toFields(hint.options)}` : type;
}

/**
 * @param {string} message
 * @returns {Hint}
 */
export function readMessage(message) {
  const [type, rest = ""] = message.split(/ (.*)/);
  if (type === "session") return { type, session: rest || null };
  if (type === "signed_out") return { type, notice: readNotice(rest) };
  const options = fromFields(rest);
  if (type === "pending" && options) return { type, options };
  check(type === "settled");
  return { type: "settled" };
}

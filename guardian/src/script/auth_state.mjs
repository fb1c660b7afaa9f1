// Who is signed in: the page asks, hears, shows and tells.

import { emit, isQuiet, shownSession } from "./draft.mjs";

/** @typedef {import("./draft.mjs").Draft} Draft */
/** @typedef {import("./types.d.ts").Notice} Notice */
/** @typedef {import("./types.d.ts").Question} Question */
/** @typedef {import("./guardian.d.ts").Accounts} Accounts */

// How long a cookie may be on its way. The response that brings a new token is sent at the moment of the
// notice, and a browser's processes tell each other of cookies a little later.
export const COOKIE_ON_ITS_WAY_MS = 1_000;

/**
 * Asks the server who is signed in. Not while this page itself signs out or switches, unless that is why.
 *
 * @param {Draft} page
 * @param {Question["purpose"]} [purpose]
 * @param {Question["call"]} [call]
 */
export function ask(page, purpose, call) {
  page.isQuestionHeld = !purpose && isQuiet(page);
  if (page.isQuestionHeld) return;
  const { marker } = page.around;
  page.marker = marker;
  emit(page, "post", "session", {}, "answered", { number: ++page.latest, purpose, call, marker });
}

/**
 * The session that the browser has now: another one than the page shows, or the same with other news.
 *
 * @param {Draft} page
 * @param {string | null} session
 */
export function compare(page, session) {
  if (session === shownSession(page)) emit(page, "check");
  else ask(page);
}

/**
 * @param {Draft} page
 * @param {Accounts | null} accounts
 */
export function setAccounts(page, accounts) {
  Object.assign(page, accounts ?? { active: null, others: [] });
}

/**
 * Shows who is signed in.
 *
 * @param {Draft} page
 * @param {Accounts | null} [accounts]
 */
export function show(page, accounts = null) {
  page.latest++;
  if (page.leftAt !== null) return;
  const here = shownSession(page);
  const isThere = accounts && [accounts.active, ...accounts.others].some(({ session }) => session === here);
  if (!isThere) notify(page, { scope: "local", reason: "unknown", is_current: true, events: [] });
  setAccounts(page, accounts);
  if (accounts) {
    page.reason = null;
    // A retry would sign them out.
    page.pending = null;
  }
  emit(page, "check");
  finishWaiting(page, { value: accounts });
}

/**
 * Tells those who have asked who is signed in.
 *
 * @param {Draft} page
 * @param {import("./types.d.ts").Outcome<any>} outcome
 */
export function finishWaiting(page, outcome) {
  for (const id of page.waiting.splice(0)) emit(page, "finish", id, outcome);
}

/**
 * Acts on what another tab or the server says.
 *
 * @param {Draft} page
 * @param {Notice} notice
 */
export function hear(page, notice) {
  // It may be the page's own sign-out, which must not change the page first.
  if (isQuiet(page)) return void page.heldNotices.push(notice);
  notify(page, notice);
  // The app has ended the other sessions, and this browser gets a new token with it. Asked with the one
  // before, the server would say that nobody is signed in.
  if (notice.is_current || notice.scope !== "others" || ["user", "other_device"].includes(notice.reason)) ask(page);
  else emit(page, "wait", COOKIE_ON_ITS_WAY_MS, "refresh");
}

/**
 * Tells the app, unless it has been told: once for each event, and once for each session of this page,
 * because a pending sign-out is heard again when it has been carried out.
 *
 * @param {Draft} page
 * @param {Notice} notice
 */
export function notify(page, notice) {
  const { events, reason } = notice;
  const isTold = events.length > 0 && events.every((id) => page.toldEvents.includes(id));
  page.toldEvents.push(...events);
  if (isTold) return;
  if (notice.is_current) {
    const here = shownSession(page);
    if (!here || here === page.toldSession) return;
    page.toldSession = here;
    page.reason = reason;
  }
  emit(page, "notify", notice);
}

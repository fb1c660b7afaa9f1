// What follows from the state, however it came about.

import { emit, isPending, load, reload, shownSession } from "./draft.mjs";

/** @typedef {import("./draft.mjs").Draft} Draft */

/** @param {Draft} page */
export function conclude(page) {
  const { kept, signInUrl } = page.event;
  page.isKept = isPending(page) && (page.isKept || kept !== null);
  for (const call of page.calls) call.isKept ||= call.isLate && kept !== null;
  if (signInUrl && page.leftAt === null) guard(page, signInUrl);
  page.owner = page.active?.id ?? page.owner;
  follow(page);
}

/**
 * Keeps a page that needs a user for that user.
 *
 * @param {Draft} page
 * @param {string} signInUrl
 */
function guard(page, signInUrl) {
  const { active, owner, pending, reason } = page;
  if (active) {
    // What the page holds is the other one's, or gone.
    if (owner !== null && owner !== active.id) reload(page);
  } else if (pending) {
    // It still has to say that the sign-out is pending, without what only a user may see.
    page.owner = "";
  } else if (active === null) {
    const url = new URL(signInUrl);
    url.searchParams.set("callback_url", page.event.here);
    if (reason && reason !== "user") url.searchParams.set("reason", reason);
    load(page, url.href);
  }
}

/**
 * Follows the session that the page shows.
 *
 * @param {Draft} page
 */
function follow(page) {
  const { stream } = page;
  const session = page.isAway ? null : shownSession(page);
  if (session === stream.session) return;
  stream.session = session;
  if (session === null) {
    stopFollowing(page);
  } else if (stream.holdsLock) {
    // The stream of the session before is over.
    emit(page, { type: "openStream" });
  } else if (!stream.hasAskedForLock) {
    stream.hasAskedForLock = true;
    emit(page, { type: "askForLock" });
  }
}

/** @param {Draft} page */
export function stopFollowing(page) {
  const { stream } = page;
  // A tab that waits for the lock goes on waiting.
  if (stream.holdsLock) stream.holdsLock = stream.hasAskedForLock = false;
  emit(page, { type: "closeStream" });
}

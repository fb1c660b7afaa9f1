// Signing out, also when the server cannot be reached.

import { ask, hear, notify, show } from "./auth_state.mjs";
import { emit, isPending, load, longer, shownSession } from "./draft.mjs";
import { endsSession, mayBePending, toFields } from "./options.mjs";

/** @typedef {import("./draft.mjs").Draft} Draft */
/** @typedef {import("./types.d.ts").Call} Call */
/** @typedef {import("./types.d.ts").Failure} Failure */
/** @typedef {import("./types.d.ts").Options} Options */
/** @typedef {import("./types.d.ts").Outcome<any>} Outcome */
/** @typedef {import("./guardian.d.ts").SignedOut} SignedOut */

// How long the server may take for a sign-out before the page forgets without it: nothing may stay private
// that a person wanted gone.
export const PATIENCE_MS = 5_000;

// The pause before a pending sign-out is sent again. It doubles after each try.
export const FIRST_RETRY_MS = 2_000;

/** @type {Failure} */
export const PENDING = { error: "pending", signed_out_here: true };

/**
 * @param {Draft} page
 * @param {number} id
 * @param {Options} options
 */
export function sendSignOut(page, id, options) {
  const here = shownSession(page);
  const isKept = page.isKept || !!page.around.kept;
  const isAgain = mayBePending(options) && (isKept || isPending(page));
  const endsHere = isAgain || endsSession(options, here);
  page.calls.push({ id, options, here, endsHere, isKept });
  emit(page, "post", "sign_out", toFields(options), "signedOut", id);
  if (endsHere) emit(page, "wait", PATIENCE_MS, "late", id);
}

/**
 * Takes a sign-out that waits for its response.
 *
 * @param {Draft} page
 * @param {number} id
 * @returns {(Call & { options: Options }) | undefined}
 */
export function findCall(page, id) {
  return /** @type {any} */ (page.calls.find((call) => call.id === id && call.options));
}

/**
 * @param {Draft} page
 * @param {Call} call
 * @param {Options} options
 * @param {SignedOut} value
 */
export function complete(page, { id, here = null, endsHere = false, isKept }, options, value) {
  const { active } = page;
  // After a late response, somebody else may be signed in.
  const isCurrent = endsHere && (!active || active.session === here);
  const mayPend = mayBePending(options);
  const wasPending = mayPend && (isKept || page.around.kept);
  if (mayPend) {
    page.retry.pauseMs = FIRST_RETRY_MS;
    emit(page, "forget");
  }
  // The other tabs have been told of a pending one when it became that.
  if (wasPending) emit(page, "tellTabs", "settled");
  if (endsHere || value.ended.length > 0) {
    /** @type {import("./types.d.ts").Notice} */
    const notice = { scope: options.scope, reason: "user", is_current: isCurrent, events: value.events };
    if (!wasPending) emit(page, "tellTabs", "signed_out", notice);
    notify(page, notice);
  }
  if (value.url) {
    load(page, value.url);
  } else if (!endsHere) {
    emit(page, "check");
  } else if (active && isCurrent && page.others.length === 0) {
    page.checkedMarker = here;
    show(page, null);
  } else {
    // Another account may be the active one now. A pending sign-out has left nothing that could tell.
    return ask(page, "next", { id, value });
  }
  finish(page, id, { value });
}

/**
 * Finishes a call. What was held back takes place, unless there is another call.
 *
 * @param {Draft} page
 * @param {number} id
 * @param {Outcome} outcome
 */
export function finish(page, id, outcome) {
  emit(page, "finish", id, outcome);
  page.calls = page.calls.filter((call) => call.id !== id);
  for (const notice of page.heldNotices.splice(0)) hear(page, notice);
  if (page.isQuestionHeld) ask(page);
}

/**
 * Drops the page's private state, and leaves the sign-out to be sent again.
 *
 * @param {Draft} page
 * @param {Call} call
 * @param {Options} asked
 */
export function keepPending(page, call, asked) {
  const { kept } = page.around;
  // Another tab has sent it, or a sign-in has replaced it. Kept again, it would hide the next user.
  if (call.isKept && !kept) return settle(page);
  // Said twice, it must not sign out the account that is active by then.
  const bound = asked.session ?? call.here ?? kept?.session ?? null;
  const { scope, redirect, callback_url } = asked;
  // Nothing else: what the server refuses would stay pending for good.
  const options = { scope, session: scope === "browser" ? null : bound, redirect, callback_url };
  call.isLate = true;
  if (!kept) {
    emit(page, "remember", options);
    emit(page, "tellTabs", "pending", options);
  }
  showPending(page, options);
}

/**
 * Shows that nobody is signed in, and the sign-out that the server has not heard of.
 *
 * @param {Draft} page
 * @param {Options} options
 */
export function showPending(page, options) {
  notify(page, { scope: options.scope, reason: "user", is_current: true, events: [] });
  showFailure(page, options, PENDING);
  retryLater(page);
}

/**
 * @param {Draft} page
 * @param {Options} options
 * @param {Failure} failure
 */
export function showFailure(page, options, failure) {
  page.pending = { ...failure, options };
  show(page, null);
}

/** @param {Draft} page */
export function retryLater(page) {
  const { isWaiting, pauseMs } = page.retry;
  if (isWaiting) return;
  emit(page, "wait", pauseMs, "retry");
  page.retry = { isWaiting: true, pauseMs: longer(pauseMs) };
}

/**
 * Sends the pending sign-out: the one of this page, or what an earlier page has left.
 *
 * @param {Draft} page
 */
export function retryPending(page) {
  const { kept } = page.around;
  const own = isPending(page) ? page.pending : null;
  if (!kept && (page.isKept || !own)) {
    // A sign-in has removed the cookie, or another page has sent it.
    emit(page, "forget");
    if (own) settle(page);
    else page.retry.pauseMs = FIRST_RETRY_MS;
  } else {
    // Only the page on which it was asked for goes where it was to lead.
    retry(page, own?.options ?? (kept && { ...kept, redirect: "false" }));
  }
}

/**
 * Sends a pending sign-out, but not twice at once.
 *
 * @param {Draft} page
 * @param {Options | null} options
 */
export function retry(page, options) {
  if (options && page.calls.every(({ id }) => id > 0)) sendSignOut(page, -page.around.now, options);
}

/**
 * The pending sign-out was carried out by another tab or by a plain form, or a sign-in has replaced it.
 *
 * @param {Draft} page
 */
export function settle(page) {
  ask(page, isPending(page) ? "settle" : undefined);
}

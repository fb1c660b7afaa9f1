// The page's state, and how each event changes it. Nothing here asks the browser, the clock or chance: what
// a transition needs comes with the event, and what the page must do goes out as an effect.

import { COOKIE_ON_ITS_WAY_MS, ask, compare, hear, setAccounts, show } from "./auth_state.mjs";
import { conclude, stopFollowing } from "./conclude.mjs";
import { emit, isPending, isQuiet, longer, reload, shownSession } from "./draft.mjs";
import { mayBePending } from "./options.mjs";
import { FIRST_RETRY_MS, PENDING, complete, findCall, finish, isRetrying } from "./sign_out.mjs";
import { keepPending, retry, retryLater, retryPending, sendSignOut, settle, showFailure, showPending } from "./sign_out.mjs";

/** @typedef {import("./draft.mjs").Draft} Draft */
/** @typedef {import("./types.d.ts").Effect} Effect */
/** @typedef {import("./types.d.ts").Event} Event */
/** @typedef {import("./types.d.ts").State} State */
/** @typedef {import("./types.d.ts").Surroundings} Surroundings */

// How long the way to the next page may take. A page that is still there has been stopped on it.
export const LONGEST_WAY_MS = 10_000;

// The pause before a refused stream is opened again, which doubles, too. A lost connection is the browser's
// to bring back, and it does so sooner.
export const FIRST_REOPEN_MS = 1_000;

/** @type {State} */
export const UNKNOWN = {
  active: undefined,
  others: [],
  pending: null,
  isKept: false,
  latest: 0,
  calls: [],
  heldNotices: [],
  isQuestionHeld: false,
  toldEvents: [],
  toldSession: null,
  reason: null,
  leftAt: null,
  owner: null,
  isAway: false,
  retry: { isWaiting: false, pauseMs: FIRST_RETRY_MS },
  stream: { session: null, hasAskedForLock: false, holdsLock: false, pauseMs: FIRST_REOPEN_MS },
};

/**
 * @param {State} state
 * @param {Event & Surroundings} event
 * @returns {[State, Effect[]]}
 */
export function reduce(state, event) {
  /** @type {Draft} */
  const page = { ...structuredClone(state), event, effects: [] };
  /** @type {(page: Draft, event: any) => void} */
  const transition = transitions[event.type];
  transition(page, event);
  conclude(page);
  const { event: _, effects, ...next } = page;
  return [next, effects];
}

/** @type {{ [E in Event as E["type"]]: (page: Draft, event: E & Surroundings) => void }} */
const transitions = {
  started(page, { accounts, isFromHistory, kept }) {
    if (page.active === undefined && accounts !== undefined) {
      // A page from the browser's cache may be older than the pending sign-out.
      setAccounts(page, kept ? null : accounts);
      // The other tabs may have been opened before somebody signed in, or switched.
      emit(page, { type: "tellTabs", hint: { type: "session", session: shownSession(page) } });
      emit(page, { type: "render" });
    }
    retryPending(page);
    // What is known may come from the browser's cache, older than a sign-in.
    if (accounts === undefined || isFromHistory) ask(page);
  },

  refresh(page) {
    ask(page);
  },

  answered(page, { question, value, failure, signInUrl }) {
    const { number, purpose, call } = question;
    if (purpose === "confirm") {
      const isSame = value?.active.session === page.active?.session;
      if (page.leftAt !== null || failure || (signInUrl && !isSame)) {
        // The server renders what is true, or the browser says that it cannot be reached.
        reload(page);
      } else {
        page.isAway = false;
        show(page, value);
        emit(page, { type: "hidePage", isHidden: false });
      }
    } else if (purpose === "next" && call) {
      show(page, value);
      page.pending = null;
      finish(page, call.id, call.value);
    } else if (purpose === "settle" && isPending(page)) {
      if (failure) return retryLater(page);
      show(page, value);
      if (!page.pending) return;
      // Nobody is signed in, and nothing is left to end. A sign-out that was to lead on asks where.
      if (!page.pending.options.redirect) page.pending = null;
      else if (!isRetrying(page)) retry(page, page.pending.options);
    } else if (number === page.latest) {
      // What the page's own request does could be the answer, and lead elsewhere.
      if (isQuiet(page)) page.isQuestionHeld = true;
      // Any other state would be a guess.
      else if (failure) emit(page, { type: "giveUp", failure });
      // The browser refuses the cookie, so the server does not know that nobody is to be shown.
      else if (isPending(page) && !page.isKept) emit(page, { type: "render" });
      else show(page, value);
    }
  },

  signOut: sendSignOut,

  late(page, { id }) {
    const call = findCall(page, id);
    if (call?.options) keepPending(page, call, call.options);
  },

  signedOut(page, { id, value, failure, kept }) {
    const call = findCall(page, id);
    if (!call?.options) return;
    const { options } = call;
    // From now on it cannot be late.
    call.options = undefined;
    if (value) return complete(page, call, options, value);
    const becomesPending = failure.error === "unreachable" && call.endsHere;
    if (becomesPending) keepPending(page, call, options);
    else if (kept && mayBePending(options)) retryLater(page);
    if (failure.signedOutHere) showFailure(page, options, failure);
    finish(page, id, undefined, becomesPending ? PENDING : failure);
  },

  switchAccount(page, { id, session }) {
    page.calls.push({ id });
    const fields = String(new URLSearchParams({ session }));
    emit(page, { type: "post", name: "switch_account", fields, event: { type: "switched", id } });
  },

  switched(page, { id, value, failure }) {
    if (value) {
      emit(page, { type: "tellTabs", hint: { type: "session", session: value.active.session } });
      reload(page);
    }
    finish(page, id, value, failure);
  },

  retry(page) {
    page.retry.isWaiting = false;
    retryPending(page);
  },

  hint(page, { hint, isSecond, kept }) {
    if (hint.type === "session") compare(page, hint.session);
    else if (hint.type === "signed_out") hear(page, hint.notice);
    // A tab that was frozen hears of it late. Without the cookie it has been sent, or a sign-in has
    // replaced it.
    else if (hint.type === "pending" && kept) showPending(page, { ...hint.options, redirect: false });
    else settle(page);
    // Or the cookie is still on its way to this tab's process.
    if (hint.type === "pending" && !kept && !isSecond) {
      emit(page, { type: "wait", ms: COOKIE_ON_ITS_WAY_MS, event: { type: "hint", hint, isSecond: true } });
    }
  },

  lockGranted(page) {
    page.stream.holdsLock = true;
    if (page.stream.session !== null) emit(page, { type: "openStream" });
    else stopFollowing(page);
  },

  streamSession(page, { session }) {
    page.stream.pauseMs = FIRST_REOPEN_MS;
    // Nobody told what happened while there was no stream.
    compare(page, session);
    emit(page, { type: "tellTabs", hint: { type: "session", session } });
  },

  streamNotice(page, { notice }) {
    emit(page, { type: "tellTabs", hint: { type: "signed_out", notice } });
    hear(page, notice);
  },

  // The browser reconnects by itself after a lost connection, but not after a response that is no stream:
  // nobody is signed in any more, or something in between has failed.
  streamRefused(page) {
    ask(page);
    emit(page, { type: "wait", ms: page.stream.pauseMs, event: { type: "reopen" } });
    page.stream.pauseMs = longer(page.stream.pauseMs);
  },

  reopen(page) {
    if (page.stream.session !== null && page.stream.holdsLock) emit(page, { type: "openStream" });
  },

  online(page) {
    retryPending(page);
    ask(page);
  },

  // Not every browser can hold a stream, and another tab may have no JavaScript.
  looked(page, { now }) {
    if (page.leftAt === null) ask(page);
    else if (now - page.leftAt > LONGEST_WAY_MS) reload(page);
  },

  // What has changed comes with the event, and `conclude` does what there is to do.
  changed() {},

  hidden(page) {
    page.isAway = true;
    emit(page, { type: "hidePage", isHidden: true });
  },

  // A page from the back/forward cache is as old as when it was left: nothing of it is shown until the
  // server has said that the same session is still there.
  restored(page) {
    if (page.leftAt !== null) return reload(page);
    if (page.active) return ask(page, { purpose: "confirm" });
    // Nobody's page: there is nothing to hide.
    page.isAway = false;
    emit(page, { type: "hidePage", isHidden: false });
    ask(page);
  },
};

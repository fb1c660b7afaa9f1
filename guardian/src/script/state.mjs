// The page's state, and how each event changes it. Nothing here asks the browser, the clock or chance: what
// a transition needs comes with the event, and what the page must do goes out as an effect.

import { COOKIE_ON_ITS_WAY_MS, ask, compare, finishWaiting, hear, setAccounts, show } from "./auth_state.mjs";
import { conclude } from "./conclude.mjs";
import { emit, isPending, isQuiet, load, longer, shownSession } from "./draft.mjs";
import { mayBePending, stays } from "./options.mjs";
import { FIRST_RETRY_MS, PENDING, complete, findCall, finish, keepPending, retry } from "./sign_out.mjs";
import { retryLater, retryPending, sendSignOut, settle, showFailure, showPending } from "./sign_out.mjs";

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
  waiting: [],
  heldNotices: [],
  isQuestionHeld: false,
  toldEvents: [],
  toldSession: null,
  reason: null,
  leftAt: null,
  owner: null,
  marker: "",
  checkedMarker: null,
  isAway: false,
  retry: { isWaiting: false, pauseMs: FIRST_RETRY_MS },
  stream: { session: null, pauseMs: FIRST_REOPEN_MS },
};

/**
 * @param {State} state
 * @param {Surroundings} around
 * @param {Event} event
 * @returns {[State, Effect[]]}
 */
export function reduce(state, around, ...[type, ...details]) {
  /** @type {Draft} */
  const page = { ...structuredClone(state), around, effects: [] };
  /** @type {(page: Draft, ...details: any[]) => void} */
  const transition = transitions[type];
  transition(page, ...details);
  conclude(page);
  const { around: _, effects, ...next } = page;
  return [next, effects];
}

/** @type {import("./types.d.ts").Transitions<Draft>} */
const transitions = {
  started(page, accounts) {
    retryPending(page);
    if (accounts === undefined) {
      ask(page);
    } else if (page.active === undefined) {
      // A page from the browser's cache may be older than the pending sign-out.
      setAccounts(page, page.around.kept ? null : accounts);
      // The other tabs may have been opened before somebody signed in, or switched.
      emit(page, "tellTabs", "session", shownSession(page));
    }
  },

  refresh(page, id) {
    if (id) page.waiting.push(id);
    ask(page);
  },

  answered(page, { number, purpose, call, marker }, { value, failure }) {
    if (!failure) page.checkedMarker = marker;
    if (purpose === "confirm") {
      const isSame = value?.active.session === page.active?.session;
      if (page.leftAt !== null || failure || (page.around.signInUrl && !isSame)) {
        // The server renders what is true, or the browser says that it cannot be reached.
        load(page);
      } else {
        page.isAway = false;
        show(page, value);
      }
    } else if (call) {
      show(page, value);
      page.pending = null;
      finish(page, call.id, call);
    } else if (purpose && isPending(page)) {
      if (failure) return retryLater(page);
      show(page, value);
      if (!page.pending) return;
      // Nobody is signed in, and nothing is left to end. A sign-out that was to lead on asks where.
      if (stays(page.pending.options)) page.pending = null;
      else retry(page, page.pending.options);
    } else if (number === page.latest) {
      // What the page's own request does could be the answer, and lead elsewhere.
      if (isQuiet(page)) page.isQuestionHeld = true;
      // Any other state would be a guess.
      else if (failure) finishWaiting(page, { failure });
      // The browser refuses the cookie, so the server does not know that nobody is to be shown.
      else show(page, isPending(page) && !page.isKept ? null : value);
    }
  },

  signOut: sendSignOut,

  late(page, id) {
    const call = findCall(page, id);
    if (call) keepPending(page, call, call.options);
  },

  signedOut(page, id, { value, failure }) {
    /** @type {import("./types.d.ts").Call | undefined} */
    const call = findCall(page, id);
    if (!call?.options) return;
    const { options } = call;
    // From now on it cannot be late.
    call.options = undefined;
    if (value) return complete(page, call, options, value);
    const pends = failure.error === "unreachable" && call.endsHere;
    if (pends) keepPending(page, call, options);
    else if (page.around.kept && mayBePending(options)) retryLater(page);
    if (failure.signed_out_here) showFailure(page, options, failure);
    // Where the user must first confirm who they are.
    if (failure.url) load(page, failure.url);
    finish(page, id, { failure: pends ? PENDING : failure });
  },

  switchAccount(page, id, session) {
    page.calls.push({ id });
    emit(page, "post", "switch_account", { session }, "switched", id);
  },

  switched(page, id, outcome) {
    if (outcome.value) {
      emit(page, "tellTabs", "session", outcome.value.active.session);
      load(page);
    }
    finish(page, id, outcome);
  },

  retry(page) {
    page.retry.isWaiting = false;
    retryPending(page);
  },

  hint(page, [type, content], isSecond) {
    const { kept } = page.around;
    if (type === "session") compare(page, content);
    else if (type === "signed_out") hear(page, content);
    // A tab that was frozen hears of it late. Without the cookie it has been sent, or a sign-in has
    // replaced it.
    else if (type === "pending" && kept) showPending(page, { ...content, redirect: "false" });
    // Or the cookie is still on its way to this tab's process.
    else if (type === "pending" && !isSecond) emit(page, "wait", COOKIE_ON_ITS_WAY_MS, "hint", [type, content], true);
    else settle(page);
  },

  streamSession(page, session) {
    page.stream.pauseMs = FIRST_REOPEN_MS;
    // Nobody told what happened while there was no stream.
    compare(page, session);
    emit(page, "tellTabs", "session", session);
  },

  streamNotice(page, notice) {
    emit(page, "tellTabs", "signed_out", notice);
    hear(page, notice);
  },

  // The browser reconnects by itself after a lost connection, but not after a response that is no stream:
  // nobody is signed in any more, or something in between has failed.
  streamRefused(page) {
    ask(page);
    emit(page, "wait", page.stream.pauseMs, "reopen");
    page.stream.pauseMs = longer(page.stream.pauseMs);
  },

  reopen(page) {
    emit(page, "follow", page.stream.session);
  },

  online(page) {
    retryPending(page);
    ask(page);
  },

  // Not every browser can hold a stream, and another tab may have no JavaScript.
  looked(page) {
    if (page.leftAt === null) ask(page);
    else if (page.around.now - page.leftAt > LONGEST_WAY_MS) load(page);
  },

  // What has changed comes with the event, and `conclude` does what there is to do.
  changed() {},

  hidden(page) {
    page.isAway = true;
  },

  // A page from the back/forward cache is as old as when it was left: nothing of it is shown until the
  // server has said that the same session is still there.
  restored(page) {
    if (page.leftAt !== null) return load(page);
    if (page.active) return ask(page, "confirm");
    // Nobody's page: there is nothing to hide.
    page.isAway = false;
    ask(page);
  },
};

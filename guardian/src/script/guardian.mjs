// Makes a page live: connects its state with the browser, and offers `window.guardian`.

import { post } from "./api.mjs";
import { attempt } from "./attempt.mjs";
import { listenToForms } from "./forms.mjs";
import { SCOPES } from "./options.mjs";
import { isFromHistory, listenToPage, loadPage, readPage, readSignInUrl, reloadPage } from "./page.mjs";
import { forget, readKept, remember } from "./pending.mjs";
import { hidePage, removePrivate, showNotice, showUser } from "./show.mjs";
import { UNKNOWN, reduce } from "./state.mjs";
import { askForLock, closeStream, openStream } from "./stream.mjs";
import { listenToTabs, tellTabs } from "./tabs.mjs";
import { text } from "./texts.mjs";

/** @typedef {import("./guardian.d.ts").Accounts} Accounts */
/** @typedef {import("./guardian.d.ts").SignOutOptions} SignOutOptions */
/** @typedef {import("./types.d.ts").Dispatch} Dispatch */
/** @typedef {import("./types.d.ts").Effect} Effect */
/** @typedef {import("./types.d.ts").Event} Event */
/** @typedef {import("./types.d.ts").Failure} Failure */

/** @typedef {{ resolve: (value: any) => void, reject: (error: Error) => void }} Waiting */

let state = UNKNOWN;

/** @type {Event[]} */
const queue = [];

/** @type {Map<number, Waiting>} */
const calls = new Map();
let lastCall = 0;

/** Those who wait until it is known who is signed in. @type {Waiting[]} */
let waiting = [];

/** What the app was last told of the state. */
let told = "";

/**
 * Events wait for each other: an effect may be the app's own code, which may call the API.
 *
 * @param {Event} event
 */
function dispatch(event) {
  if (queue.push(event) > 1) return;
  for (; queue.length > 0; queue.shift()) attempt(() => handle(queue[0]));
}

/** @param {Event} event */
function handle(event) {
  const here = location.pathname + location.search;
  const surroundings = { now: Date.now(), kept: readKept(), signInUrl: readSignInUrl(), here };
  const [next, effects] = reduce(state, { ...event, ...surroundings });
  state = next;
  for (const effect of effects) {
    /** @type {(effect: any, dispatch: Dispatch) => void} */
    const carryOut = browser[effect.type];
    attempt(() => carryOut(effect, dispatch));
  }
}

/** @type {{ [E in Effect as E["type"]]: (effect: E, dispatch: Dispatch) => void }} */
const browser = {
  post, tellTabs, remember, forget, render, hidePage, loadPage, reloadPage, askForLock, openStream, closeStream,
  wait: ({ ms, event }) => setTimeout(dispatch, ms, event),
  notify: ({ notice: { is_current: isCurrent, ...notice } }) => tellApp("signed-out", { ...notice, isCurrent }),
  check: () => tellApp("checked"),
  finish({ id, value, failure }) {
    const call = calls.get(id);
    if (failure) call?.reject(newError(failure));
    else call?.resolve(value);
    calls.delete(id);
  },
  giveUp({ failure }) {
    for (const { reject } of waiting) reject(newError(failure));
    waiting = [];
  },
};

function render() {
  const { active, others, pending } = state;
  showUser(active);
  const shown = { state: active, others, pending: pending && { ...pending, message: text(`${pending.error}_here`) } };
  if (JSON.stringify(shown) !== told) {
    told = JSON.stringify(shown);
    if (pending) removePrivate();
    // Not for the same one again: that would rebuild the notice under somebody's finger.
    showNotice(pending);
    tellApp("change", shown);
  }
  for (const { resolve } of waiting) resolve(null);
  waiting = [];
}

/**
 * A listener that throws does not stop the others.
 *
 * @param {string} name
 * @param {unknown} [detail]
 */
function tellApp(name, detail) {
  document.dispatchEvent(new CustomEvent(`guardian:${name}`, { detail }));
}

/** @param {Failure} failure */
function newError({ message, ...failure }) {
  return Object.assign(new Error(message ?? text(`${failure.error}_here`)), { name: "GuardianError", ...failure });
}

/**
 * @param {(id: number) => Event} event
 * @returns {Promise<any>}
 */
function call(event) {
  return new Promise((resolve, reject) => {
    calls.set(++lastCall, { resolve, reject });
    dispatch(event(lastCall));
  });
}

/** @param {SignOutOptions} [options] */
async function signOut({ scope = "local", session = null, redirect = true, callbackUrl = null, ...unknown } = {}) {
  const options = { scope, session, redirect, callbackUrl };
  // A misspelt field must not end other sessions than those asked for.
  if (!SCOPES.includes(scope) || Object.keys(unknown).length > 0) {
    throw new TypeError("unknown options");
  }
  return call((id) => ({ type: "signOut", id, options }));
}

/** @param {string} session */
async function switchAccount(session) {
  return call((id) => ({ type: "switchAccount", id, session }));
}

/** @returns {Promise<Accounts | null>} */
async function refresh() {
  await new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    dispatch({ type: "refresh" });
  });
  return session();
}

/** @returns {Promise<Accounts | null>} */
async function session() {
  const { active, others } = state;
  return active === undefined ? refresh() : active && { active, others };
}

/** @param {(notice: import("./guardian.d.ts").SignOutNotice) => void} callback */
function onSignedOut(callback) {
  /** @param {DocumentEventMap["guardian:signed-out"]} event */
  const listener = ({ detail }) => callback(detail);
  document.addEventListener("guardian:signed-out", listener);
  return () => document.removeEventListener("guardian:signed-out", listener);
}

function start() {
  const accounts = readPage();
  listenToTabs(dispatch);
  listenToPage(dispatch);
  // Elements may come later.
  new MutationObserver(() => {
    showUser(state.active);
    // A router may change the address only when the new page has been built.
    if (state.active === null && readSignInUrl()) setTimeout(dispatch, 0, { type: "changed" });
  }).observe(document, { childList: true, subtree: true });
  dispatch({ type: "started", accounts, isFromHistory: attempt(isFromHistory) });
  tellApp("ready");
}

// Not twice. An element with this id has another type.
if (typeof window.guardian?.refresh !== "function") {
  window.guardian = { session, signOut, switchAccount, onSignedOut, refresh };
  listenToForms(window.guardian);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
}

// Makes a page live: connects its state with the browser, and offers `window.guardian`.

import { post, requestPage } from "./api.mjs";
import { attempt } from "./attempt.mjs";
import { defineElement, fillComponents } from "./components.mjs";
import { readMarker } from "./cookies.mjs";
import { data, readPage, text } from "./data.mjs";
import { longer } from "./draft.mjs";
import { each } from "./elements.mjs";
import { listenToForms } from "./forms.mjs";
import { listenToLinks } from "./fragment.mjs";
import { listenToMenus, showMenus } from "./menus.mjs";
import { readOptions } from "./options.mjs";
import { listenToFailure, listenToPage, loadPage, readSignInUrl } from "./page.mjs";
import { forget, readKept, remember } from "./pending.mjs";
import { hidePrivate, showEnded, showNotice, showTime } from "./show.mjs";
import { FIRST_RETRY_MS } from "./sign_out.mjs";
import { UNKNOWN, reduce } from "./state.mjs";
import { follow } from "./stream.mjs";
import { listenToTabs, tellTabs } from "./tabs.mjs";
import { update } from "./update.mjs";

/** @typedef {import("./types.d.ts").Event} Event */
/** @typedef {import("./types.d.ts").Failure} Failure */
/** @typedef {import("./types.d.ts").Outcome<any>} Outcome */

const TICK_MS = 60_000;

// How long a page's program may take to arrive. After that the page is changed without it.
const PROGRAM_LIMIT_MS = 15_000;

let state = UNKNOWN;

/** @type {Event[]} */
const queue = [];

/** What settles the promises of the API. @type {Record<number, (outcome: Outcome) => void>} */
const calls = {};
let lastCall = 0;

/** What the app was last told of the state. */
let told = "";

/** Grows whenever the sessions may have changed, also elsewhere. */
let checks = 0;

/**
 * Events wait for each other: an effect may be the app's own code, which may call the API.
 *
 * @param {...any} event an Event
 */
function dispatch(...event) {
  if (queue.push(/** @type {any} */ (event)) > 1) return;
  for (; queue.length > 0; queue.shift()) attempt(() => handle(queue[0]));
}

/** @param {Event} event */
function handle(event) {
  const around = {
    now: performance.now(),
    kept: readKept(),
    signInUrl: readSignInUrl(),
    marker: readMarker(),
    here: location.pathname + location.search + location.hash,
  };
  const [next, effects] = reduce(state, around, ...event);
  state = next;
  if (next.active !== undefined) render();
  for (const [name, ...details] of effects) attempt(() => /** @type {any} */ (browser)[name](...details));
}

/** @type {import("./types.d.ts").Browser} */
const browser = {
  tellTabs, loadPage, forget,
  post: (name, fields, ...event) => post(name, fields).then((outcome) => dispatch(...event, outcome)),
  wait: (ms, ...event) => setTimeout(dispatch, ms, ...event),
  follow: (session) => follow(dispatch, session),
  remember(options) {
    remember(options);
    dispatch("changed");
  },
  notify({ is_current: isCurrent, ...notice }) {
    if (!isCurrent && notice.reason === "user") showEnded(notice.scope);
    tellApp("signed-out", { ...notice, isCurrent });
  },
  check() {
    checks++;
    showState();
  },
  finish(id, outcome) {
    calls[id]?.(outcome);
    delete calls[id];
  },
};

function render() {
  const { active, others, isAway } = state;
  const pending = state.pending && { message: text("pending"), ...state.pending };
  // What is left is not to be seen when it comes back from the browser's memory.
  document.documentElement.toggleAttribute("hidden", isAway);
  const shown = { state: active, others, pending };
  const before = told;
  told = JSON.stringify(shown);
  if (told === before) return;
  hidePrivate(!!pending);
  // Not for the same one again: that would rebuild the notice under somebody's finger.
  showNotice(pending);
  const isUnchanged = tellApp("change", shown);
  // Where the server renders the page for its user, and Leptos does not change it.
  if (before && (!data.hydrates || (isUnchanged && performance.now() > PROGRAM_LIMIT_MS))) updatePage();
  showState();
}

/** Goes on without Leptos. */
function replaceProgram() {
  if (!data.hydrates) return;
  data.hydrates = false;
  console.warn("The page's program has failed. leptos-guardian goes on without it.");
  if (state.active?.session !== window.guardian.rendered?.active.session) updatePage();
}

/** What is not known yet stays as the server has rendered it. */
function showState() {
  const { active } = state;
  if (active === undefined) return;
  each("data-guardian-signed-in", (element) => element.toggleAttribute("hidden", !active));
  each("data-guardian-signed-out", (element) => element.toggleAttribute("hidden", !!active));
  fillComponents(state, checks);
  showMenus();
}

/** Shows the page as the server renders it now, with what has been typed into it. */
async function updatePage() {
  if (window.guardian.rendered === undefined) return;
  const shown = told;
  const page = await requestPage(location.pathname + location.search, () => state.leftAt ?? loadPage());
  const { state: rendered } = readPage(page);
  // It comes too late, or it is another user's, or not a page of the server's.
  if (rendered === undefined || shown !== told || state.leftAt) return;
  if (rendered?.active.session !== state.active?.session) return;
  update(document.body, /** @type {Document} */ (page).body);
  showState();
}

/**
 * A listener that throws does not stop the others. Leptos prevents what the script would do in its place.
 *
 * @param {string} name
 * @param {unknown} [detail]
 */
function tellApp(name, detail) {
  return document.dispatchEvent(new CustomEvent(`guardian:${name}`, { detail, cancelable: true }));
}

/** @param {Failure} failure */
function newError({ message = text("pending"), signed_out_here: signedOutHere = false, ...more }) {
  return Object.assign(new Error(message), { name: "GuardianError", signedOutHere, ...more });
}

/**
 * @param {"signOut" | "switchAccount" | "refresh"} type
 * @param {any} [detail]
 * @returns {Promise<any>}
 */
function call(type, detail) {
  return new Promise((resolve, reject) => {
    calls[++lastCall] = ({ value, failure }) => (failure ? reject(newError(failure)) : resolve(value));
    dispatch(type, lastCall, detail);
  });
}

/** @param {(notice: import("./guardian.d.ts").SignOutNotice) => void} callback */
function onSignedOut(callback) {
  /** @param {DocumentEventMap["guardian:signed-out"]} event */
  const listener = ({ detail }) => callback(detail);
  document.addEventListener("guardian:signed-out", listener);
  return () => document.removeEventListener("guardian:signed-out", listener);
}

/**
 * Asks for what the page lacks, until the server has it.
 *
 * @param {import("./data.mjs").PageData} own what the page has
 */
async function fetchData(own, pauseMs = FIRST_RETRY_MS) {
  const fetched = readPage(await requestPage("/guardian/fragment/page"));
  // The page's program may have failed meanwhile.
  Object.assign(data, fetched, own, { hydrates: data.hydrates });
  if (!fetched.cookies) setTimeout(fetchData, pauseMs, own, longer(pauseMs));
  // The page has begun without it.
  else if (pauseMs > FIRST_RETRY_MS) dispatch("started", data.state);
}

async function start() {
  const own = readPage(document);
  window.guardian.rendered = own.state;
  Object.assign(data, own);
  if (!own.cookies) await fetchData(own);
  listenToTabs(dispatch);
  listenToPage(dispatch);
  listenToMenus();
  document.addEventListener("pointerover", showTime);
  // Lists of sessions say how long ago something was.
  setInterval(() => document.hidden || browser.check(), TICK_MS);
  dispatch("started", data.state);
  // Elements may come later.
  new MutationObserver(() => {
    showState();
    // A router may change the address only when the new page has been built.
    if (state.active === null) setTimeout(dispatch, 0, "changed");
  }).observe(document, { childList: true, subtree: true, attributeFilter: ["data-guardian"] });
  tellApp("ready");
}

// Not twice. An element with this id has another type.
if (typeof window.guardian?.refresh !== "function") {
  window.guardian = {
    onSignedOut,
    refresh: () => call("refresh"),
    signOut: (options = {}) => call("signOut", readOptions(options)),
    switchAccount: (session) => call("switchAccount", session),
    async session() {
      const { active, others } = state;
      return active === undefined ? call("refresh") : active && { active, others };
    },
    mountUserButton: defineElement("user-button"),
    mountSignOutButton: defineElement("sign-out-button"),
    mountSessionList: defineElement("session-list"),
  };
  listenToForms();
  listenToLinks();
  listenToFailure(replaceProgram);
  start();
}

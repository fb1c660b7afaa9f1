// The server's stream of events. One tab of a browser holds it, by the Web Locks API, and passes on what it
// hears: browsers allow six connections per host over HTTP/1.1, so a stream for each tab would starve them.
// Where there are no locks or no event streams, a tab asks when it is looked at.

import { ORIGIN } from "./api.mjs";
import { attempt } from "./attempt.mjs";
import { longer } from "./draft.mjs";
import { channel, tellTabs } from "./tabs.mjs";

/** @typedef {import("./types.d.ts").Dispatch} Dispatch */

// How long the stream may be silent before a tab takes it over: the server says every five seconds that it is
// there. Up to a fifth is added at random, so that not all tabs take it at once.
const LONGEST_SILENCE_MS = 7_500;

/** Ends the stream, or the wait for it. */
let stop = () => {};

/** Waits for the next sign of life. @type {(ms?: number) => void} */
let watch = () => {};

/** The stream lives, in this tab or in another one. */
export function hearStream() {
  watch();
}

/**
 * @param {Dispatch} dispatch
 * @param {string | null} session nothing ends the stream, and another tab may have it
 * @param {number} [silenceMs] how long it was silent, for a tab that takes it over: the one that has it may
 *   be busy, or its connection dead
 */
export function follow(dispatch, session, silenceMs) {
  stop();
  if (!session) return;
  /** @type {any} */
  let timer;
  const wait = new AbortController();
  const { signal } = wait;
  stop = () => {
    clearTimeout(timer);
    wait.abort();
  };
  watch = (ms = LONGEST_SILENCE_MS) => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(follow, ms * (1 + Math.random() / 5), dispatch, session, longer(ms));
  };
  // Held until the promise is kept.
  const granted = () => signal.aborted || new Promise((keep) => {
    const stream = new EventSource(`${ORIGIN}/guardian/events`, { withCredentials: true });
    signal.onabort = () => keep(stream.close());
    const listen = (/** @type {string} */ type, work = (/** @type {string} */ _) => {}) => {
      stream.addEventListener(type, ({ data }) => {
        tellTabs("alive");
        watch();
        work(data);
      });
    };
    listen("session", (session) => dispatch("streamSession", session));
    listen("signed_out", (notice) => attempt(() => dispatch("streamNotice", JSON.parse(notice))));
    listen("alive");
    stream.addEventListener("error", () => stream.readyState === stream.CLOSED && dispatch("streamRefused"));
  });
  navigator.locks.request("leptos-guardian", silenceMs ? { steal: true } : { signal }, granted).catch((cause) => {
    console.debug(cause);
    // Another tab has taken it over, and this one waits for it again.
    if (cause.name === "AbortError" && !signal.aborted) follow(dispatch, session);
  });
  // Not without locks, and a tab that hears nothing of the others cannot tell whether they live.
  if (channel) watch(silenceMs);
}

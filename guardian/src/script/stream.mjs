// The server's stream of events. One tab of a browser holds it, by the Web Locks API, and passes on what it
// hears: browsers allow six connections per host over HTTP/1.1, so a stream for each tab would starve them.
// Where there are no locks or no event streams, a tab asks when it is looked at.

import { ORIGIN } from "./api.mjs";
import { attempt } from "./attempt.mjs";

/** @typedef {import("./types.d.ts").Dispatch} Dispatch */

/** Ends the stream, or the wait for it. */
let stop = () => {};

/**
 * @param {Dispatch} dispatch
 * @param {string | null} session nothing ends the stream, and another tab may have it
 */
export function follow(dispatch, session) {
  stop();
  if (!session) return;
  const wait = new AbortController();
  stop = () => wait.abort();
  // Held until the promise is kept.
  const granted = () => new Promise((keep) => {
    const stream = new EventSource(`${ORIGIN}/guardian/events`, { withCredentials: true });
    stop = () => keep(stream.close());
    stream.addEventListener("session", ({ data }) => dispatch("streamSession", data));
    stream.addEventListener("signed_out", ({ data }) => attempt(() => dispatch("streamNotice", JSON.parse(data))));
    stream.addEventListener("error", () => stream.readyState === stream.CLOSED && dispatch("streamRefused"));
  });
  navigator.locks.request("leptos-guardian", { signal: wait.signal }, granted).catch(console.debug);
}

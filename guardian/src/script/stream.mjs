// The server's stream of events. One tab of a browser holds it, by the Web Locks API, and passes on what it
// hears: browsers allow six connections per host over HTTP/1.1, so a stream for each tab would starve them.
// Where there are no locks or no event streams, a tab asks when it is looked at.

import { attempt } from "./attempt.mjs";
import { readNotice } from "./messages.mjs";

/** @typedef {import("./types.d.ts").Dispatch} Dispatch */

/** @type {EventSource | undefined} */
let source;

/** @type {((value?: unknown) => void) | undefined} */
let release;

/**
 * @param {unknown} _
 * @param {Dispatch} dispatch
 */
export function askForLock(_, dispatch) {
  const granted = () => {
    // Held until the promise is kept.
    const held = new Promise((keep) => (release = keep));
    dispatch({ type: "lockGranted" });
    return held;
  };
  navigator.locks.request("leptos-guardian", granted).catch(console.debug);
}

/**
 * @param {unknown} _
 * @param {Dispatch} dispatch
 */
export function openStream(_, dispatch) {
  source?.close();
  const stream = (source = new EventSource("/guardian/events"));
  stream.addEventListener("session", ({ data }) => dispatch({ type: "streamSession", session: data }));
  stream.addEventListener("signed_out", ({ data }) =>
    attempt(() => dispatch({ type: "streamNotice", notice: readNotice(data) })),
  );
  stream.addEventListener("error", () => {
    if (stream.readyState === stream.CLOSED) dispatch({ type: "streamRefused" });
  });
}

export function closeStream() {
  source?.close();
  release?.();
  source = release = undefined;
}

// The other tabs of this browser.

import { attempt } from "./attempt.mjs";
import { readMessage, toMessage } from "./messages.mjs";

// One end for both directions: it does not hear what it says itself, and a second one would.
const channel = attempt(() => new BroadcastChannel("leptos-guardian"));

/** @param {{ hint: import("./types.d.ts").Hint }} effect */
export function tellTabs({ hint }) {
  channel?.postMessage(toMessage(hint));
}

/** @param {import("./types.d.ts").Dispatch} dispatch */
export function listenToTabs(dispatch) {
  channel?.addEventListener("message", ({ data }) =>
    attempt(() => dispatch({ type: "hint", hint: readMessage(data) })),
  );
}

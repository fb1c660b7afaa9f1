// The other tabs of this browser. Only pages of this site hear each other.

import { attempt } from "./attempt.mjs";
import { hearStream } from "./stream.mjs";

// One end for both directions: it does not hear what it says itself, and a second one would. The name has a
// version: a tab may be older than the site.
export const channel = attempt(() => new BroadcastChannel("leptos-guardian.3"));

/** @param {import("./types.d.ts").Hint} hint */
export function tellTabs(...hint) {
  channel?.postMessage(hint);
}

/** @param {import("./types.d.ts").Dispatch} dispatch */
export function listenToTabs(dispatch) {
  channel?.addEventListener("message", ({ data }) => (data?.[0] === "alive" ? hearStream() : dispatch("hint", data)));
}

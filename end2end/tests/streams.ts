// Notes in each page what its stream of events brings, for tests that wait for it.

import type { BrowserContext } from "@playwright/test";

interface NotedStream extends EventSource {
  /** Whether its first event has come, since it was last connected. */
  hasBegun: boolean;
}

declare global {
  interface Window {
    /** The last one that the page has asked for. */
    stream?: NotedStream;
    /** How many sign-outs the page has been told of. */
    signOutsTold: number;
  }
}

export async function noteStreams(context: BrowserContext) {
  await context.addInitScript(() => {
    window.signOutsTold = 0;
    window.EventSource = class extends EventSource implements NotedStream {
      hasBegun = false;

      constructor(url: string | URL) {
        super(url);
        window.stream = this;
        this.addEventListener("session", () => (this.hasBegun = true));
        this.addEventListener("error", () => (this.hasBegun = false));
        this.addEventListener("signed_out", () => window.signOutsTold++);
      }
    };
  });
}

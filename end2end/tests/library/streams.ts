// Records the events that each page receives, for tests that wait for them.

import type { BrowserContext } from "@playwright/test";

interface RecordedStream extends EventSource {
  /** Whether it has received an event since it last connected. */
  hasBegun: boolean;
}

declare global {
  interface Window {
    /** The last stream that the page opened. */
    stream?: RecordedStream;
    /** How many sign-outs the page's stream has received. */
    signOutsReceived: number;
  }
}

export async function recordStreams(context: BrowserContext) {
  await context.addInitScript(() => {
    window.signOutsReceived = 0;
    window.EventSource = class extends EventSource implements RecordedStream {
      hasBegun = false;

      constructor(url: string | URL) {
        super(url);
        window.stream = this;
        this.addEventListener("session", () => (this.hasBegun = true));
        this.addEventListener("error", () => (this.hasBegun = false));
        this.addEventListener("signed_out", () => window.signOutsReceived++);
      }
    };
  });
}

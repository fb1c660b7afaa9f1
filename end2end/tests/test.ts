// Playwright's `test`, for whose browsers nothing is under way when they are closed: Chromium never
// answers when it is to close a page to which the next document is just coming.

import { test as base, expect, type BrowserContext, type BrowserContextOptions } from "@playwright/test";
import { noteStreams } from "./streams";

/** Another browser, until the test is over. */
export type NewContext = (options?: BrowserContextOptions) => Promise<BrowserContext>;

export const test = base.extend<{ newContext: NewContext }>({
  context: async ({ context }, use) => {
    await noteStreams(context);
    await use(context);
    await leavePages(context);
  },
  newContext: async ({ browser }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      await noteStreams(context);
      return context;
    });
    for (const context of contexts) {
      await leavePages(context);
      await context.close();
    }
  },
});

async function leavePages(context: BrowserContext) {
  for (const page of context.pages()) {
    // Once more, if what was under way came in between.
    await expect(() => page.goto("about:blank")).toPass();
  }
}

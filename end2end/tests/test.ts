// Playwright's `test`, with browsers that have no navigation in progress when they close: Chromium
// hangs when it closes a page that is loading the next document.

import { test as base, expect, type BrowserContext, type BrowserContextOptions } from "@playwright/test";

/** Opens another browser, which is closed after the test. */
export type NewContext = (options?: BrowserContextOptions) => Promise<BrowserContext>;

export const test = base.extend<{ newContext: NewContext }>({
  context: async ({ context }, use) => {
    await use(context);
    await leavePages(context);
  },
  newContext: async ({ browser }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
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
    // Try again if a navigation in progress interrupted it.
    await expect(() => page.goto("about:blank")).toPass();
  }
}

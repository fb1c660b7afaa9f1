// The app's `test`, with pages that record the server's events.

import { test as base, type NewContext } from "../test";
import { recordStreams } from "./streams";

export type { NewContext };

export const test = base.extend({
  context: async ({ context }, use) => {
    await recordStreams(context);
    await use(context);
  },
  newContext: async ({ newContext }, use) => {
    await use(async (options) => {
      const context = await newContext(options);
      await recordStreams(context);
      return context;
    });
  },
});

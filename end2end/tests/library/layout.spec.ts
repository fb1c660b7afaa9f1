// What differs with a browser's scroll bars.

import { expect } from "@playwright/test";
import { signUp } from "./site";
import { test } from "./test";

test("the header is in the same place on pages with and without a scroll bar", async ({ playwright, browserName, baseURL }) => {
  const { channel, launchOptions } = test.info().project.use;
  // Playwright hides them in Chromium, and in Firefox some desktops have none that take space.
  const browser = await playwright[browserName].launch({
    channel,
    ...launchOptions,
    ignoreDefaultArgs: ["--hide-scrollbars"],
    firefoxUserPrefs: { "widget.gtk.overlay-scrollbars.enabled": false },
  });
  const page = await browser.newPage({ baseURL, viewport: { width: 1280, height: 800 } });
  await signUp(page);
  const places = [];
  for (const path of ["/account", "/sign-in"]) {
    await page.goto(path);
    const isLong = await page.evaluate(() => document.documentElement.scrollHeight > innerHeight);
    places.push([isLong, (await page.locator(".brand").boundingBox())!.x]);
  }
  expect(places).toEqual([[true, places[0][1]], [false, places[0][1]]]);
  await browser.close();
});

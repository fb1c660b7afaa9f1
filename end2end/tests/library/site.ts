// The app's helpers, and what only the library's tests need.

import { expect, type Page, type Route } from "@playwright/test";
export * from "../site";

/** The home page's button, which signs out without leaving the page. */
export async function signOutInPlace(page: Page) {
  await page.getByRole("main").getByRole("button", { name: "Sign out", exact: true }).click();
}

/**
 * Delays the WebAssembly until the returned function is called, which resolves once the page is hydrated, if that
 * succeeds.
 */
export async function delayWebAssembly(page: Page, succeeds = true) {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  return async () => {
    const arrived = page.waitForEvent("requestfinished", (request) => request.url().endsWith(".wasm"));
    release();
    await arrived;
    if (succeeds) await hydrated(page);
  };
}

/** Resolves once Leptos has hydrated the page: then it answers for the script's changes. */
export async function hydrated(page: Page) {
  const isHydrated = () => !document.dispatchEvent(new CustomEvent("guardian:change", { cancelable: true }));
  await expect.poll(() => page.evaluate(isHydrated)).toBe(true);
}

/** Resolves once the page, or another tab of its browser, receives the server's events. */
export async function listening(page: Page) {
  const isListening = (tab: Page) => tab.evaluate(() => window.stream?.hasBegun && window.stream.readyState === EventSource.OPEN);
  await expect(async () => {
    const tabs = await Promise.all(page.context().pages().map(isListening));
    expect(tabs).toContain(true);
  }).toPass();
}

/** Resolves once the page's own stream has received a sign-out. */
export async function signOutReceived(page: Page) {
  await expect.poll(() => page.evaluate(() => window.signOutsReceived)).toBeGreaterThan(0);
}

/** Resolves once the page has handled every response that it has received. */
export async function settled(page: Page) {
  await page.evaluate(async () => {
    await fetch("/favicon.svg", { cache: "no-store" });
    await new Promise((resolve) => setTimeout(resolve));
  });
}

/** Records the paths of the page's navigations from now on. */
export function navigations(page: Page) {
  const paths: string[] = [];
  page.on("request", (request) => {
    if (request.isNavigationRequest()) paths.push(new URL(request.url()).pathname);
  });
  return paths;
}

/** Simulates that the page becomes visible again, because headless Chromium never hides a page. */
export async function refocus(page: Page) {
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
}

/** How long a page may take to show a sign-out elsewhere. */
export const NOTICE_LIMIT_MS = 2_000;

/** How long a page waits, at most, before it connects again to a restarted server: `RETRY` of event_stream.rs. */
export const RECONNECT_LIMIT_MS = 1_500;

/** Sends a page's request on, with its fields. Firefox does not tell a test what they are. */
export function fetchAsIs(route: Route, fields = "") {
  return route.fetch({ postData: fields });
}

/** Runs `endSessions`, and measures the time until the page shows nobody signed in. */
export async function measureLatency(
  label: string,
  page: Page,
  endSessions: () => Promise<unknown>,
  limit = NOTICE_LIMIT_MS,
) {
  // Measured inside the page, so that the test's own polling does not count.
  const signedOutAt = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () => {
          if (document.querySelector(".guardian-user")) requestAnimationFrame(look);
          else resolve(Date.now());
        };
        look();
      }),
  );
  const start = Date.now();
  await endSessions();
  const responded = Date.now();
  const shown = await signedOutAt;
  console.log(`${label}: shown ${shown - start} ms after the click, ${shown - responded} ms after the response`);
  expect(shown - responded, label).toBeLessThan(limit);
}

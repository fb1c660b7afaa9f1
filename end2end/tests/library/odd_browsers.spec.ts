// Browsers that lack something, or hand over something strange.

import { expect, type Page } from "@playwright/test";
import { NOTICE_LIMIT_MS, hydrated, live, refocus, sessionCookie, settled, signedInUser, signIn, signUp, signUpLink, userButton } from "./site";
import { test } from "./test";

const menuOf = (page: Page) => page.locator(".guardian-menu");

/** Replaces words of pages and stylesheets by others, which no browser knows. */
async function forget(page: Page, words: Record<string, string>) {
  await page.route("**/*", async (route) => {
    const request = route.request();
    const isText = ["document", "stylesheet", "fetch"].includes(request.resourceType());
    if (!isText || request.method() !== "GET" || request.url().endsWith("/events")) return route.fallback();
    const response = await route.fetch({ maxRedirects: 0 });
    if (!/html|css/.test(response.headers()["content-type"] ?? "") || response.status() >= 300) return route.fallback();
    let body = await response.text();
    for (const [known, unknown] of Object.entries(words)) body = body.replaceAll(known, unknown);
    await route.fulfill({ response, body });
  });
}

/** What a browser without the Popover API does not know. */
const POPOVER = { 'popover="auto"': 'no-such-attribute="auto"', ":popover-open": ":no-such-state" };
const ANCHORS = { "position-area": "no-such-property" };
const LIGHT_DARK = { "light-dark(": "no-such-function(" };

async function withoutPopovers(page: Page) {
  await page.addInitScript(() => {
    for (const name of ["popover", "showPopover", "hidePopover", "togglePopover"]) Reflect.deleteProperty(HTMLElement.prototype, name);
    for (const name of ["popoverTargetElement", "popoverTargetAction"]) Reflect.deleteProperty(HTMLButtonElement.prototype, name);
  });
  await forget(page, POPOVER);
}

/** Expects the menu's right edge at its button's, and the menu below it. */
async function expectBelowButton(page: Page) {
  const [menu, button] = [await menuOf(page).boundingBox(), await userButton(page).boundingBox()];
  expect(Math.abs(menu!.x + menu!.width - button!.x - button!.width)).toBeLessThan(3);
  expect(menu!.y - button!.y - button!.height).toBeGreaterThanOrEqual(0);
  expect(menu!.y - button!.y - button!.height).toBeLessThan(20);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("without popovers, the menu opens by mouse and by keyboard, and signs out", async ({ page, context }) => {
      await withoutPopovers(page);
      await signUp(page);
      const old = await sessionCookie(context);
      await page.goto("/");
      await expect(menuOf(page)).toBeHidden();
      await page.keyboard.press("Tab"); // the skip link
      await page.keyboard.press("Tab"); // the brand
      await page.keyboard.press("Tab");
      await expect(menuOf(page)).toBeVisible();
      await page.keyboard.press("Tab");
      await expect(menuOf(page).getByRole("link", { name: "Manage account" })).toBeFocused();
      await page.getByRole("heading", { level: 1 }).click();
      await expect(menuOf(page)).toBeHidden();

      await userButton(page).click();
      await expectBelowButton(page);
      await menuOf(page).getByRole("button", { name: "Sign out" }).click();
      await expect(signUpLink(page)).toBeVisible();
      await context.addCookies([old!]);
      expect(await signedInUser(context.request)).toBeNull();
    });
  });
}

test("without anchor positioning, the menu is below its button, on a wide and on a narrow screen", async ({ page }) => {
  await forget(page, ANCHORS);
  await signUp(page);
  for (const width of [1600, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto("/");
    await live(page);
    await userButton(page).click();
    if (width > 320) await expectBelowButton(page);
    const menu = await menuOf(page).boundingBox();
    expect(menu!.x).toBeGreaterThanOrEqual(0);
    expect(menu!.x + menu!.width).toBeLessThanOrEqual(width);
  }
});

for (const stylesheet of ["the app's stylesheet", "the library's alone"]) {
  test(`without light-dark(), ${stylesheet} has its colours`, async ({ page }) => {
    await forget(page, LIGHT_DARK);
    if (stylesheet === "the library's alone") await page.route("**/pkg/*.css", (route) => route.abort());
    await signUp(page);
    await page.goto("/account");
    const background = (selector: string) =>
      page.locator(selector).first().evaluate((element) => getComputedStyle(element).backgroundColor);
    for (const selector of [".guardian-menu", "main .guardian-button"]) {
      expect(await background(selector), selector).toBe("rgb(255, 255, 255)");
    }
    expect(await background(".guardian-avatar")).toMatch(/^rgb\(15, 11\d, 1\d\d\)$/);
  });
}

for (const missing of ["EventSource", "locks", "BroadcastChannel", "PerformanceObserver", "cookieStore"]) {
  test(`without ${missing}, signing out works, and a tab is told at the latest when it is looked at`, async ({ page, context, newContext }) => {
    const errors: Error[] = [];
    await context.addInitScript((missing) => {
      if (missing === "locks") Object.defineProperty(navigator, "locks", { value: undefined });
      else Reflect.deleteProperty(window, missing);
    }, missing);
    for (const tab of [page]) tab.on("pageerror", (error) => errors.push(error));
    const person = await signUp(page);
    await page.goto("/");
    await hydrated(page);
    const old = await sessionCookie(context);
    const other = await newContext();
    await signIn(await other.newPage(), person);
    await other.request.post("/api/sign_out", { form: { scope: "others" } });
    await refocus(page);
    await expect(signUpLink(page)).toBeVisible();
    await context.addCookies([old!]);
    expect(await signedInUser(context.request)).toBeNull();

    await signIn(page, person);
    const tab = await context.newPage();
    await tab.goto("/");
    await userButton(page).click();
    await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
    await expect(signUpLink(page)).toBeVisible();
    await refocus(tab);
    await expect(signUpLink(tab)).toBeVisible();
    expect(errors).toEqual([]);
  });
}

test("a browser that hands over what is none signs out like another", async ({ page, context }) => {
  const errors: Error[] = [];
  page.on("pageerror", (error) => errors.push(error));
  await context.addInitScript(() => {
    const refuse = () => {
      throw new RangeError("Incorrect locale information provided");
    };
    for (const [name, value] of [["language", "C"], ["languages", []], ["userAgent", ""]] as const) {
      Object.defineProperty(navigator, name, { get: () => value });
    }
    Object.defineProperty(window, "localStorage", { value: null });
    Reflect.deleteProperty(Crypto.prototype, "randomUUID");
    Date.prototype.toLocaleString = Date.prototype.toLocaleDateString = refuse;
    Intl.DateTimeFormat = refuse as unknown as typeof Intl.DateTimeFormat;
  });
  await signUp(page);
  await page.goto("/account/sessions");
  await live(page);
  await page.locator("time").first().hover();
  await expect(page.locator("time").first()).toHaveAttribute("title", / UTC$/);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText("This browser has forgotten you")).toBeVisible();
  await context.setOffline(false);
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
  expect(errors).toEqual([]);
});

test("a list of sessions keeps the server's time on a device whose clock is wrong, and changes", async ({ page, newContext }) => {
  await page.addInitScript(() => {
    const RealDate = Date;
    let hours = -3;
    Object.assign(window, { setClock: (to: number) => (hours = to) });
    window.Date = class extends RealDate {
      constructor(...all: []) {
        super(...(all.length > 0 ? all : ([window.Date.now()] as unknown as [])));
      }

      static now() {
        return RealDate.now() + hours * 3_600_000;
      }
    } as DateConstructor;
  });
  const person = await signUp(page);
  await page.goto("/account/sessions");
  await live(page);
  const lines = page.getByRole("main").getByRole("listitem");
  for (const [count, hours] of [[2, -3], [3, 5], [4, 1_000]] as const) {
    await page.evaluate((hours) => (window as any).setClock(hours), hours);
    const other = await newContext();
    await signIn(await other.newPage(), person);
    await expect(lines).toHaveCount(count, { timeout: 2 * NOTICE_LIMIT_MS });
    for (const time of await lines.first().locator("time").all()) await expect(time).toHaveText("just now");
  }
});

test("a pending sign-out whose cookie the browser has forgotten is still sent", async ({ page, context }) => {
  await signUp(page);
  await page.goto("/account");
  await live(page);
  const old = await sessionCookie(context);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText("This browser has forgotten you")).toBeVisible();
  await page.close();
  // After seven days, in some browsers.
  await context.clearCookies({ name: /pending_sign_out/ });
  await context.setOffline(false);
  const next = await context.newPage();
  await next.goto("/");
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
  await settled(next);
  await expect(signUpLink(next)).toBeVisible();
  await context.addCookies([old!]);
  expect(await signedInUser(context.request)).toBeNull();
});

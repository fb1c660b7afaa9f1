// The UserButton before the page's WebAssembly has arrived, and when it arrives late.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { hydrated, sessionCookie, signUp, userButton, whoIs } from "../site";
import { test } from "../test";

/** Holds the WebAssembly back, until the function that is returned is called. */
async function holdBack(page: Page) {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  return letGo;
}

function menuOf(page: Page) {
  return page.getByRole("dialog", { name: /^Account of / });
}

async function tab(page: Page, times: number) {
  for (let time = 0; time < times; time++) await page.keyboard.press("Tab");
}

/** Signed out, also for who has kept the cookie. */
async function expectSignedOut(page: Page, context: BrowserContext, old: Awaited<ReturnType<typeof sessionCookie>>) {
  await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
  await expect(page).toHaveURL("/");
  expect(await sessionCookie(context)).toBeUndefined();
  await context.addCookies([old!]);
  expect(await whoIs(context.request)).toBeNull();
}

test("without its WebAssembly the menu works by mouse, and signs out for real", async ({ page, context }) => {
  await holdBack(page);
  await signUp(page);
  const old = await sessionCookie(context);

  await page.goto("/");
  await userButton(page).click();
  await expect(menuOf(page).getByText("Ada Lovelace")).toBeVisible();
  await page.getByRole("heading", { level: 1 }).click();
  await expect(menuOf(page), "a click beside it closes it").toBeHidden();

  await userButton(page).click();
  await menuOf(page).getByRole("link", { name: "Where you are signed in" }).click();
  await expect(page).toHaveURL("/account/sessions");
  await userButton(page).click();
  await menuOf(page).getByRole("link", { name: "Add account" }).click();
  await expect(page).toHaveURL("/sign-in");
  await userButton(page).click();
  await menuOf(page).getByRole("link", { name: "Manage account" }).click();
  await expect(page).toHaveURL("/account");

  await userButton(page).click();
  await menuOf(page).getByRole("button", { name: "Sign out" }).click();
  await expectSignedOut(page, context, old);
});

test("without its WebAssembly the menu works by keyboard, and signs out for real", async ({ page, context }) => {
  await holdBack(page);
  await signUp(page);
  const old = await sessionCookie(context);

  await page.goto("/");
  await tab(page, 3); // Skip to content, the brand, the button
  await expect(userButton(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(menuOf(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(menuOf(page)).toBeHidden();
  await expect(userButton(page)).toBeFocused();

  await page.keyboard.press("Space");
  await tab(page, 1);
  await expect(menuOf(page).getByRole("link", { name: "Manage account" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/account");

  await tab(page, 3);
  await page.keyboard.press("Enter");
  await tab(page, 3);
  await expect(menuOf(page).getByRole("button", { name: "Sign out" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expectSignedOut(page, context, old);
});

test("WebAssembly that arrives late leaves an open menu as it is", async ({ page, context }) => {
  const letGo = await holdBack(page);
  await signUp(page);
  const old = await sessionCookie(context);
  await page.goto("/");
  await userButton(page).click();
  await tab(page, 2);
  const link = menuOf(page).getByRole("link", { name: "Where you are signed in" });
  await expect(link).toBeFocused();
  await page.evaluate(() => {
    const menu = document.querySelector("[popover]")!;
    const seen = { menu, focus: document.activeElement, changes: 0 };
    menu.addEventListener("toggle", () => seen.changes++);
    document.addEventListener("focusout", () => seen.changes++);
    Object.assign(window, { seen });
  });

  letGo();
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "true");
  await expect(menuOf(page)).toBeVisible();
  await expect(link).toBeFocused();
  await expect(page.locator("[popover]")).toHaveCount(1);
  const isSame = await page.evaluate(() => {
    const { seen } = window as unknown as { seen: { menu: Element; focus: Element; changes: number } };
    return seen.changes === 0 && seen.menu === document.querySelector("[popover]") && seen.focus === document.activeElement;
  });
  expect(isSame, "the same menu, the same focus, and neither was lost for a moment").toBe(true);

  // What works from now on is the hydrated button.
  await page.keyboard.press("Escape");
  await hydrated(page);
  await expect(userButton(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "true");
  const answer = page.waitForResponse("/api/sign_out");
  await menuOf(page).getByRole("button", { name: "Sign out" }).click();
  expect((await answer).headers()["content-type"], "asked for by the page, not by the form").toContain("json");
  await expectSignedOut(page, context, old);
});

test("WebAssembly that arrives late leaves a closed menu closed, and the focus on its button", async ({ page }) => {
  const letGo = await holdBack(page);
  await signUp(page);
  await page.goto("/");
  await tab(page, 3);
  await expect(userButton(page)).toBeFocused();
  letGo();
  await hydrated(page);
  await expect(userButton(page)).toBeFocused();
  await expect(menuOf(page)).toBeHidden();
  await page.keyboard.press("Enter");
  await expect(menuOf(page)).toBeVisible();
});

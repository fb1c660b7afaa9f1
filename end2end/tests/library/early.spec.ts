// The UserButton before hydration, and when the WebAssembly arrives late.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { delayWebAssembly, field, live, sessionCookie, signedInUser, signUp, userButton, signUpLink } from "./site";
import { test } from "./test";

function menuOf(page: Page) {
  return page.getByRole("dialog", { name: /^Account of / });
}

async function pressTab(page: Page, times: number) {
  for (let count = 0; count < times; count++) await page.keyboard.press("Tab");
}

/** Expects that the page shows nobody signed in, and that the old cookie no longer works. */
async function expectSignedOut(page: Page, context: BrowserContext, old: Awaited<ReturnType<typeof sessionCookie>>) {
  await expect(signUpLink(page)).toBeVisible();
  await expect(page).toHaveURL("/");
  expect(await sessionCookie(context)).toBeUndefined();
  await context.addCookies([old!]);
  expect(await signedInUser(context.request)).toBeNull();
}

test("without WebAssembly, the menu works with a mouse and signs out", async ({ page, context }) => {
  await delayWebAssembly(page);
  await signUp(page);
  const old = await sessionCookie(context);

  await page.goto("/");
  await userButton(page).click();
  await expect(menuOf(page).getByText("Ada Lovelace")).toBeVisible();
  await page.getByRole("heading", { level: 1 }).click();
  await expect(menuOf(page), "a click outside closes it").toBeHidden();

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

test("without WebAssembly, the menu works with a keyboard and signs out", async ({ page, context }) => {
  await delayWebAssembly(page);
  await signUp(page);
  const old = await sessionCookie(context);

  await page.goto("/");
  await pressTab(page, 3); // the skip link, the brand, the button
  await expect(userButton(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(menuOf(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(menuOf(page)).toBeHidden();
  await expect(userButton(page)).toBeFocused();

  await page.keyboard.press("Space");
  await pressTab(page, 1);
  await expect(menuOf(page).getByRole("link", { name: "Manage account" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/account");
  await expect(page.getByRole("heading", { level: 1 }), "keys reach the new page").toBeVisible();

  await pressTab(page, 3);
  await page.keyboard.press("Enter");
  await pressTab(page, 3);
  await expect(menuOf(page).getByRole("button", { name: "Sign out" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expectSignedOut(page, context, old);
});

test("late WebAssembly leaves an open menu unchanged", async ({ page, context }) => {
  const hydrate = await delayWebAssembly(page);
  await signUp(page);
  const old = await sessionCookie(context);
  await page.goto("/");
  await userButton(page).click();
  await pressTab(page, 2);
  const link = menuOf(page).getByRole("link", { name: "Where you are signed in" });
  await expect(link).toBeFocused();
  await page.evaluate(() => {
    const menu = document.querySelector("[popover]")!;
    const seen = { menu, focus: document.activeElement, changes: [] as string[] };
    const note = (event: Event) => seen.changes.push(event.type);
    menu.addEventListener("toggle", note);
    document.addEventListener("focusout", note);
    Object.assign(window, { seen });
  });

  await hydrate();
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "true");
  await expect(menuOf(page)).toBeVisible();
  await expect(link).toBeFocused();
  await expect(page.locator("[popover]")).toHaveCount(1);
  const now = await page.evaluate(() => {
    const { seen } = window as unknown as { seen: { menu: Element; focus: Element; changes: string[] } };
    const { menu, focus, changes } = seen;
    return { isSameMenu: menu === document.querySelector("[popover]"), isSameFocus: focus === document.activeElement, changes };
  });
  expect(now).toEqual({ isSameMenu: true, isSameFocus: true, changes: [] });

  // The page's script goes on working.
  await page.keyboard.press("Escape");
  await live(page);
  await expect(userButton(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "true");
  const response = page.waitForResponse("/api/sign_out");
  await menuOf(page).getByRole("button", { name: "Sign out" }).click();
  expect((await response).headers()["content-type"], "sent by the page, not by the form").toContain("json");
  await expectSignedOut(page, context, old);
});

test("late WebAssembly leaves a closed menu closed, and the focus on its button", async ({ page }) => {
  const hydrate = await delayWebAssembly(page);
  await signUp(page);
  await page.goto("/");
  await pressTab(page, 3);
  await expect(userButton(page)).toBeFocused();
  await hydrate();
  await live(page);
  await expect(userButton(page)).toBeFocused();
  await expect(menuOf(page)).toBeHidden();
  await page.keyboard.press("Enter");
  await expect(menuOf(page)).toBeVisible();
});

test("without WebAssembly, a double click changes the password once", async ({ page }) => {
  await delayWebAssembly(page);
  const { password } = await signUp(page);
  await page.goto("/account");
  let sent = 0;
  page.on("request", (request) => (sent += Number(request.url().endsWith("/api/change_password"))));
  await field(page, "current_password").fill(password);
  await field(page, "password").fill("another horse battery");
  await page.getByRole("button", { name: "Change password" }).dblclick();
  await expect(page.getByText("Your password is changed")).toBeVisible();
  expect(sent).toBe(1);
});

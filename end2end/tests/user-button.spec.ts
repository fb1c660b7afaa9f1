import { expect, test } from "@playwright/test";
import { hydrated, signUp, userButton, whoIs } from "./site";

test("by keyboard alone: open, close, sign out", async ({ page, context }) => {
  await signUp(page);
  await page.goto("/");
  await hydrated(page);
  const menu = page.getByRole("dialog", { name: /^Account of / });

  await page.keyboard.press("Tab"); // Skip to content
  await page.keyboard.press("Tab"); // the brand
  await page.keyboard.press("Tab");
  await expect(userButton(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(menu).toBeVisible();
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "true");

  await page.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  await expect(userButton(page)).toBeFocused();
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "false");

  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(menu.getByRole("link", { name: "Manage account" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(menu.getByRole("link", { name: "Where you are signed in" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(menu.getByRole("button", { name: "Sign out" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(menu.getByRole("link", { name: "Add account" })).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
  expect(await whoIs(context.request)).toBeNull();
});

test("before hydration it opens and signs out", async ({ page, context }) => {
  // The WebAssembly never arrives.
  await page.route("**/*.wasm", () => {});
  await signUp(page);
  await userButton(page).click();
  const menu = page.getByRole("dialog", { name: /^Account of / });
  await expect(menu.getByText("Ada Lovelace")).toBeVisible();
  await expect(userButton(page)).not.toHaveAttribute("aria-expanded", /.*/);
  await menu.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/");
  expect(await whoIs(context.request)).toBeNull();
});

test("the page shows who is signed in from its first byte", async ({ page, context }) => {
  await signUp(page);
  const html = await (await context.request.get("/")).text();
  expect(html).toContain("Account of Ada Lovelace");
  expect(html).not.toContain("Create an account");
});

test("a long name and a narrow screen do not break it", async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await signUp(page, {
    name: "Wolfeschlegelsteinhausenbergerdorff Hubert Blaine the Elder of Philadelphia",
    email: `${"w".repeat(40)}.${Date.now()}@example.com`,
    password: "correct horse battery",
  });
  for (const path of ["/", "/account", "/sign-out"]) {
    await page.goto(path);
    await userButton(page).click();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow, path).toBe(0);
    const menu = await page.getByRole("dialog").boundingBox();
    expect(menu!.x, path).toBeGreaterThanOrEqual(0);
    expect(menu!.x + menu!.width, path).toBeLessThanOrEqual(320);
  }
});

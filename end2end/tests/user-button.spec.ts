import { expect } from "@playwright/test";
import { hydrated, newPerson, signUp, userButton, whoIs } from "./site";
import { test } from "./test";

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

for (const name of ["👩‍👩‍👧 Family", "李小龍", "Wolfeschlegelsteinhausenbergerdorff Hubert Blaine the Elder of Philadelphia"]) {
  test(`from right to left, on a narrow screen: ${name}`, async ({ page }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await signUp(page, newPerson(name));
    await signUp(page, newPerson(name));
    await page.goto("/");
    await hydrated(page);
    await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await userButton(page).click();
    const menu = page.getByRole("dialog");
    const box = await menu.boundingBox();
    expect(box!.x).toBeGreaterThanOrEqual(0);
    expect(box!.x + box!.width).toBeLessThanOrEqual(320);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    // Every item can be reached, be it by scrolling.
    const last = menu.getByRole("button", { name: "Sign out of all accounts" });
    await last.scrollIntoViewIfNeeded();
    await expect(last).toBeInViewport();
  });
}

test("what a screen reader is told", async ({ page }) => {
  await signUp(page);
  await signUp(page, newPerson("Grace Hopper"));
  await page.goto("/");
  await hydrated(page);
  await userButton(page).click();
  await expect(page.getByRole("dialog")).toMatchAriaSnapshot(`
    - dialog "Account of Grace Hopper":
      - strong: Grace Hopper
      - text: /.+@example.com/
      - group "Account":
        - link "Manage account"
        - link "Where you are signed in"
        - button "Sign out"
      - group "Other accounts":
        - button /Switch to Ada Lovelace/
        - link "Add account"
        - button "Sign out of all accounts"
  `);
});

test("a menu that is open before hydration is not said to be closed", async ({ page }) => {
  await signUp(page);
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/");
  await userButton(page).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  letGo();
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "true");
  // And it does not stand over the page that one of its links leads to.
  await page.getByRole("link", { name: "Where you are signed in" }).click();
  await expect(page.getByRole("heading", { name: "Where you are signed in" })).toBeVisible();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "false");
});

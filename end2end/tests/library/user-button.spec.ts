import { expect } from "@playwright/test";
import { delayWebAssembly, live, newPerson, signedInUser, signUp, userButton, signUpLink } from "./site";
import { test } from "./test";

test("the keyboard alone opens the menu, closes it and signs out", async ({ page, context }) => {
  await signUp(page);
  await page.goto("/");
  await live(page);
  const menu = page.getByRole("dialog", { name: /^Account of / });

  await page.keyboard.press("Tab"); // the skip link
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
  await expect(signUpLink(page)).toBeVisible();
  expect(await signedInUser(context.request)).toBeNull();
});

test("the menu opens and signs out before any script runs", async ({ page, context }) => {
  // Neither the WebAssembly nor the page's script ever arrives.
  await page.route("**/*.wasm", () => {});
  await page.route("**/guardian/*.js", (route) => route.abort());
  await signUp(page);
  await userButton(page).click();
  const menu = page.getByRole("dialog", { name: /^Account of / });
  await expect(menu.getByText("Ada Lovelace")).toBeVisible();
  await expect(userButton(page)).not.toHaveAttribute("aria-expanded", /.*/);
  await menu.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/");
  expect(await signedInUser(context.request)).toBeNull();
});

test("the server-rendered page already shows the signed-in user", async ({ page, context }) => {
  await signUp(page);
  const html = await (await context.request.get("/")).text();
  expect(html).toMatch(/Account of <\/span><[^>]*>Ada Lovelace/);
  expect(html).not.toContain('href="/sign-up"');
});

test("the menu fits a narrow screen with a long name", async ({ page }) => {
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
  test(`the menu fits a narrow right-to-left page: ${name}`, async ({ page }) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await signUp(page, newPerson(name));
    await signUp(page, newPerson(name));
    await page.goto("/");
    await live(page);
    await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await userButton(page).click();
    const menu = page.getByRole("dialog");
    const box = await menu.boundingBox();
    expect(box!.x).toBeGreaterThanOrEqual(0);
    expect(box!.x + box!.width).toBeLessThanOrEqual(320);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    // Every item is reachable, if necessary by scrolling.
    const last = menu.getByRole("button", { name: "Sign out of all accounts" });
    await last.scrollIntoViewIfNeeded();
    await expect(last).toBeInViewport();
  });
}

test("screen readers get the menu's structure", async ({ page }) => {
  await signUp(page);
  await signUp(page, newPerson("Grace Hopper"));
  await page.goto("/");
  await live(page);
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

test("hydration does not report an open menu as closed", async ({ page }) => {
  await signUp(page);
  const hydrate = await delayWebAssembly(page);
  await page.goto("/");
  await userButton(page).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await hydrate();
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "true");
  // The menu closes when one of its links opens a page.
  await page.getByRole("link", { name: "Where you are signed in" }).click();
  await expect(page.getByRole("heading", { name: "Where you are signed in" })).toBeVisible();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "false");
});

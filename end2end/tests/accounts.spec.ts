import { expect, type Page } from "@playwright/test";
import { live, newPerson, signedInUser, signUp, userButton, field, signUpLink, accountOf } from "./site";
import { test } from "./test";

async function openMenu(page: Page) {
  await userButton(page).click();
  return page.getByRole("dialog", { name: /^Account of / });
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a user adds an account, switches, signs out of one and then of all", async ({ page, context }) => {
      const ada = await signUp(page);
      await (await openMenu(page)).getByRole("link", { name: "Add account" }).click();
      await expect(page).toHaveURL("/sign-in");
      const grace = await signUp(page, newPerson("Grace Hopper"));
      expect((await signedInUser(context.request)).profile.email).toBe(grace.email);

      await page.goto("/");
      if (javaScriptEnabled) await live(page);
      let menu = await openMenu(page);
      const others = menu.getByRole("group", { name: "Other accounts" });
      await others.getByRole("button", { name: /Switch to Ada Lovelace/ }).click();
      await expect(accountOf(page, "Ada Lovelace")).toBeVisible();
      await expect(page).toHaveURL("/");
      expect((await signedInUser(context.request)).profile.email).toBe(ada.email);

      if (javaScriptEnabled) await live(page);
      menu = await openMenu(page);
      await menu.getByRole("button", { name: "Sign out", exact: true }).click();
      await expect(accountOf(page, "Grace Hopper")).toBeVisible();

      const third = await signUp(page);
      await page.goto("/");
      if (javaScriptEnabled) await live(page);
      expect((await signedInUser(context.request)).profile.email).toBe(third.email);
      menu = await openMenu(page);
      await menu.getByRole("button", { name: "Sign out of all accounts" }).click();
      await expect(signUpLink(page)).toBeVisible();
      expect(await signedInUser(context.request)).toBeNull();
    });
  });
}

test("other tabs follow an account switch: private pages reload, public pages keep typed text", async ({ page, context }) => {
  const ada = await signUp(page);
  const grace = await signUp(page, newPerson("Grace Hopper"));
  const [account, form] = [await context.newPage(), await context.newPage()];
  await account.goto("/account");
  await form.goto("/sign-up");
  await field(form, "name").fill("half a nam");
  for (const tab of [account, form]) await live(tab);
  await expect(account.getByRole("definition").filter({ hasText: grace.email })).toBeVisible();
  await account.evaluate(() => Object.assign(window, { sameDocument: true }));

  await page.goto("/");
  await live(page);
  await (await openMenu(page)).getByRole("button", { name: /Switch to Ada/ }).click();
  await expect(account.getByRole("definition").filter({ hasText: ada.email })).toBeVisible();
  await expect(account.getByRole("definition").filter({ hasText: grace.email })).toHaveCount(0);
  // The reload also removes everything else that was loaded for the other account.
  await expect.poll(() => account.evaluate(() => "sameDocument" in window)).toBe(false);
  await expect(form.getByRole("button", { name: "Account of Ada Lovelace" })).toBeVisible();
  await expect(field(form, "name")).toHaveValue("half a nam");
});

test("switching to an account that has ended shows an error", async ({ page, context }) => {
  await signUp(page);
  await signUp(page, newPerson("Grace Hopper"));
  await page.goto("/");
  await live(page);
  const menu = await openMenu(page);
  const json = { error: "unknown_account", message: "This account is signed out. Sign in to it again." };
  await page.route("/api/switch_account", (route) => route.fulfill({ status: 404, json }));
  await menu.getByRole("button", { name: /Switch to Ada/ }).click();
  await expect(menu.getByRole("alert").filter({ hasText: "is signed out" })).toBeVisible();
  expect((await signedInUser(context.request)).profile.name).toBe("Grace Hopper");
});

test("the sign-out page offers all accounts if there are several", async ({ page, context }) => {
  await signUp(page);
  await page.goto("/sign-out?scope=browser");
  await expect(page.getByRole("radio", { name: /All accounts/ })).toHaveCount(0);
  await expect(page.getByRole("radio", { name: /^Here/ })).toBeChecked();
  await signUp(page);
  await page.goto("/sign-out?scope=browser");
  await expect(page.getByRole("radio", { name: /All accounts/ })).toBeChecked();
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/");
  expect(await signedInUser(context.request)).toBeNull();
});

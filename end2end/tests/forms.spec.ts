import { expect, type Page } from "@playwright/test";
import { newPerson, signIn, signUp, whoIs } from "./site";
import { test } from "./test";

/** Takes the browser's cookies, with no page open that would notice. */
async function forget(page: Page) {
  await page.goto("about:blank");
  await page.context().clearCookies();
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("an e-mail that is taken is said, and what was typed is kept", async ({ page }) => {
      const person = await signUp(page);
      await forget(page);
      await page.goto("/sign-up?callback_url=/sign-out");
      await page.getByLabel("Name").fill("Somebody Else");
      await page.getByLabel("Email").fill(person.email);
      await page.getByLabel("Password").fill("another password");
      await page.getByRole("button", { name: "Sign up" }).click();
      await expect(page.getByRole("alert")).toContainText("already has an account");
      await expect(page.getByLabel("Name")).toHaveValue("Somebody Else");
      await expect(page.getByLabel("Email")).toHaveValue(person.email);
      await expect(page.getByLabel("Email")).toHaveAttribute("aria-invalid", "true");
      await expect(page.getByLabel("Password")).toHaveValue("");

      await page.getByLabel("Email").fill(newPerson().email);
      await page.getByLabel("Password").fill("another password");
      await page.getByRole("button", { name: "Sign up" }).click();
      await expect(page, "the callback URL survives the mistake").toHaveURL("/sign-out");
    });

    test("a note is shown once", async ({ page }) => {
      await page.goto("/sign-in");
      await page.getByLabel("Email").fill(newPerson().email);
      await page.getByLabel("Password").fill("wrong password");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("alert")).toContainText("is wrong");
      await page.goto("/sign-in");
      await expect(page.getByRole("alert")).toHaveCount(0);
    });

    test("signing in leads back to the page that asked for it", async ({ page }) => {
      const person = await signUp(page);
      await forget(page);
      await page.goto("/account");
      await expect(page).toHaveURL("/sign-in?callback_url=%2Faccount");
      await page.getByRole("link", { name: "Sign up" }).last().click();
      await expect(page).toHaveURL("/sign-up?callback_url=%2Faccount");
      await signIn(page, person);

      await forget(page);
      await page.goto("/account?next=a%26b%2525");
      await page.getByLabel("Email").fill(person.email);
      await page.getByLabel("Password").fill(person.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page, "not a character is lost").toHaveURL("/account?next=a%26b%2525");
    });

    test("a hostile callback URL does not lead a sign-in away", async ({ page }) => {
      const person = await signUp(page);
      await forget(page);
      await page.goto("/sign-in?callback_url=https://evil.example/");
      await page.getByLabel("Email").fill(person.email);
      await page.getByLabel("Password").fill(person.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page).toHaveURL("/account");
    });

    test("a changed password ends the other sessions", async ({ page, context, newContext }) => {
      const person = await signUp(page);
      const other = await newContext();
      await signIn(await other.newPage(), person);

      await page.getByLabel("Current password").fill("not the password");
      await page.getByLabel("New password").fill("a new password");
      await page.getByRole("button", { name: "Change password" }).click();
      await expect(page.getByRole("alert").filter({ hasText: "current password is wrong" })).toBeVisible();
      expect(await whoIs(other.request)).not.toBeNull();

      await page.getByLabel("Current password").fill(person.password);
      await page.getByLabel("New password").fill("a new password");
      await page.getByRole("button", { name: "Change password" }).click();
      await expect(page.getByRole("status").filter({ hasText: "is changed" })).toBeVisible();
      expect(await whoIs(other.request)).toBeNull();
      expect(await whoIs(context.request)).not.toBeNull();
      await signIn(await other.newPage(), { ...person, password: "a new password" });
    });
  });
}

import { expect, type Page } from "@playwright/test";
import { newPerson, signedInUser, signIn, signUp, field } from "./site";
import { test } from "./test";

/** Clears the browser's cookies while no page is open that would react. */
async function clearCookies(page: Page) {
  await page.goto("about:blank");
  await page.context().clearCookies();
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a taken e-mail address shows an error and keeps the typed values", async ({ page }) => {
      const person = await signUp(page);
      await clearCookies(page);
      await page.goto("/sign-up?callback_url=/sign-out");
      await field(page, "name").fill("Somebody Else");
      await field(page, "email").fill(person.email);
      await field(page, "password").fill("another password");
      await page.getByRole("button", { name: "Sign up" }).click();
      await expect(page.getByRole("alert")).toContainText("already has an account");
      await expect(field(page, "name")).toHaveValue("Somebody Else");
      await expect(field(page, "email")).toHaveValue(person.email);
      await expect(field(page, "email")).toHaveAttribute("aria-invalid", "true");
      await expect(field(page, "password")).toHaveValue("");

      // Firefox does not replace an address.
      await field(page, "email").clear();
      await field(page, "email").fill(newPerson().email);
      await field(page, "password").fill("another password");
      await page.getByRole("button", { name: "Sign up" }).click();
      await expect(page, "the callback URL survives the error").toHaveURL("/sign-out");
    });

    test("an error message is shown once", async ({ page }) => {
      await page.goto("/sign-in");
      await field(page, "email").fill(newPerson().email);
      await field(page, "password").fill("wrong password");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("alert")).toContainText("is wrong");
      await page.goto("/sign-in");
      await expect(page.getByRole("alert")).toHaveCount(0);
    });

    test("a sign-in returns to the page that required it", async ({ page }) => {
      const person = await signUp(page);
      await clearCookies(page);
      await page.goto("/account");
      await expect(page).toHaveURL("/sign-in?callback_url=%2Faccount");
      await page.getByRole("link", { name: "Sign up" }).last().click();
      await expect(page).toHaveURL("/sign-up?callback_url=%2Faccount");
      await signIn(page, person);

      await clearCookies(page);
      await page.goto("/account?next=a%26b%2525");
      await field(page, "email").fill(person.email);
      await field(page, "password").fill(person.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page, "every character is kept").toHaveURL("/account?next=a%26b%2525");
    });

    test("a sign-in ignores a hostile callback URL", async ({ page }) => {
      const person = await signUp(page);
      await clearCookies(page);
      await page.goto("/sign-in?callback_url=https://evil.example/");
      await field(page, "email").fill(person.email);
      await field(page, "password").fill(person.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page).toHaveURL("/account");
    });

    test("changing the password ends the other sessions", async ({ page, context, newContext }) => {
      const person = await signUp(page);
      const other = await newContext();
      await signIn(await other.newPage(), person);

      await field(page, "current_password").fill("not the password");
      await field(page, "password").fill("a new password");
      await page.getByRole("button", { name: "Change password" }).click();
      await expect(page.getByRole("alert").filter({ hasText: "current password is wrong" })).toBeVisible();
      expect(await signedInUser(other.request)).not.toBeNull();

      await field(page, "current_password").fill(person.password);
      await field(page, "password").fill("a new password");
      await page.getByRole("button", { name: "Change password" }).click();
      await expect(page.getByRole("status").filter({ hasText: "is changed" })).toBeVisible();
      expect(await signedInUser(other.request)).toBeNull();
      expect(await signedInUser(context.request)).not.toBeNull();
      await signIn(await other.newPage(), { ...person, password: "a new password" });
    });
  });
}

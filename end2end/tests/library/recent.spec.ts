// The page that asks for the password again before something important.

import { expect, type Page } from "@playwright/test";
import { execFileSync } from "node:child_process";
import { field, live, signedInUser, signIn, signUp } from "./site";
import { test } from "./test";

const SQLITE3 = process.env.SQLITE3 ?? "sqlite3";

test.skip(SQLITE3 === "none", "needs sqlite3 to let time pass for a session");

/** Makes the last proofs of a user's sessions older than ten minutes. */
function passTenMinutes(email: string) {
  const file = process.env.DATABASE_URL!.replace("sqlite://", "");
  const sql = `update guardian_session set created_at = created_at - 601, proved_at = proved_at - 601
    where profile like '%${email}%'`;
  execFileSync(SQLITE3, ["-cmd", ".timeout 10000", file, sql]);
}

async function confirm(page: Page, password: string) {
  await expect(page.getByRole("heading", { name: "Confirm that it is you" })).toBeVisible();
  await field(page, "password").fill(password);
  await page.getByRole("button", { name: "Confirm" }).click();
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("other sessions end after the password was asked for again", async ({ page, newContext }) => {
      const person = await signUp(page);
      const elsewhere = await newContext();
      await signIn(await elsewhere.newPage(), person);
      await page.goto("/account/sessions");
      if (javaScriptEnabled) await live(page);
      passTenMinutes(person.email);
      await page.getByRole("button", { name: "Sign out everywhere else" }).click();
      await expect(page).toHaveURL("/confirm?callback_url=%2Faccount%2Fsessions");
      expect(await signedInUser(elsewhere.request)).not.toBeNull();

      await confirm(page, "not the password");
      await expect(page.getByRole("alert")).toHaveText("The password is wrong.");
      await confirm(page, person.password);
      await expect(page).toHaveURL("/account/sessions");
      await expect(page.getByRole("listitem").filter({ hasText: "Active" })).toHaveCount(2);
      if (javaScriptEnabled) await live(page);
      await page.getByRole("button", { name: /^End the session/ }).click();
      await expect(page.getByRole("listitem").filter({ hasText: "Active" })).toHaveCount(1);
      expect(await signedInUser(elsewhere.request)).toBeNull();
    });

    test("this browser is signed out without a question", async ({ page, context }) => {
      const person = await signUp(page);
      passTenMinutes(person.email);
      await page.getByRole("main").getByRole("button", { name: "Sign out", exact: true }).click();
      await expect(page).toHaveURL("/");
      expect(await signedInUser(context.request)).toBeNull();
    });

    test("an address changes after the password was asked for again, and what was typed is kept", async ({ page, context }) => {
      const person = await signUp(page);
      passTenMinutes(person.email);
      // With JavaScript, the router would show the page without asking the server.
      await page.getByRole("link", { name: "Change your e-mail address" }).click();
      await expect(page).toHaveURL("/confirm?callback_url=%2Faccount%2Femail");
      await confirm(page, person.password);
      await expect(page).toHaveURL("/account/email");

      // The page stays open for long.
      passTenMinutes(person.email);
      const email = `new-${person.email}`;
      await field(page, "email").fill(email);
      await page.getByRole("button", { name: "Change e-mail address" }).click();
      await expect(page).toHaveURL("/confirm?callback_url=%2Faccount%2Femail");
      await confirm(page, person.password);
      await expect(page).toHaveURL("/account/email");
      await expect(field(page, "email")).toHaveValue(email);
      await expect(page.getByRole("alert")).toContainText("send the form once more");
      await page.getByRole("button", { name: "Change e-mail address" }).click();
      await expect(page).toHaveURL("/account");
      await expect(page.getByText("Your e-mail address is changed.")).toBeVisible();
      await expect(page.getByRole("definition").filter({ hasText: email })).toBeVisible();
      expect((await signedInUser(context.request)).profile.email).toBe(email);
    });
  });
}

test("a recent sign-in is asked nothing, and the back button leads back", async ({ page }) => {
  await signUp(page);
  await live(page);
  await page.getByRole("link", { name: "Change your e-mail address" }).click();
  await expect(page).toHaveURL("/account/email");
  await expect(page.getByRole("heading", { name: "Change your e-mail address" })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL("/account");
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
});

test("a second tab goes on after the first one has confirmed", async ({ page, context, newContext }) => {
  const person = await signUp(page);
  const elsewhere = await newContext();
  await signIn(await elsewhere.newPage(), person);
  const other = await context.newPage();
  await other.goto("/account");
  await live(other);
  passTenMinutes(person.email);
  await page.goto("/account/email");
  await confirm(page, person.password);
  await expect(page).toHaveURL("/account/email");
  await other.getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(other.getByText("Signed out everywhere else.")).toBeVisible();
  expect(await signedInUser(elsewhere.request)).toBeNull();
});

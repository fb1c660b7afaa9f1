import { expect, type BrowserContext, type Page } from "@playwright/test";
import { newPerson, sessionCookie, signedInUser, signUp, field, signUpLink, accountOf } from "./site";
import { test } from "./test";

/** The same browser, after it was closed and opened again: it has lost the cookies that end with it. */
async function restarted(context: BrowserContext, newContext: () => Promise<BrowserContext>) {
  const cookies = await context.cookies();
  const again = await newContext();
  await again.addCookies(cookies.filter(({ expires }) => expires > 0));
  return again;
}

async function fillIn(page: Page, fields: Record<string, string>) {
  for (const [name, value] of Object.entries(fields)) await field(page, name).fill(value);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("a browser stays signed in after it was closed, unless the box says otherwise", async ({ page, context, newContext }) => {
      const person = await signUp(page);
      const again = await restarted(context, newContext);
      expect((await signedInUser(again.request)).profile.email).toBe(person.email);

      // While no page is open that would react.
      await page.goto("about:blank");
      await context.clearCookies();
      await page.goto("/sign-in");
      await fillIn(page, { email: person.email, password: person.password });
      await expect(page.getByLabel("Stay signed in")).toBeChecked();
      await page.getByLabel("Stay signed in").uncheck();
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page).toHaveURL("/account");
      expect((await sessionCookie(context))?.expires).toBe(-1);
      expect((await signedInUser(context.request)).profile.email).toBe(person.email);
      const closed = await restarted(context, newContext);
      const fresh = await closed.newPage();
      await fresh.goto("/");
      await expect(signUpLink(fresh)).toBeVisible();
    });

    test("a form that is not accepted keeps the box as it was", async ({ page, context }) => {
      const person = newPerson();
      await page.goto("/sign-up");
      await fillIn(page, { name: person.name, email: person.email, password: "password" });
      await page.getByLabel("Stay signed in").uncheck();
      await page.getByRole("button", { name: "Sign up" }).click();
      await expect(page.getByRole("alert")).toContainText("easy to guess");
      await expect(page.getByLabel("Stay signed in")).not.toBeChecked();
      await field(page, "password").fill(person.password);
      await page.getByRole("button", { name: "Sign up" }).click();
      await expect(page).toHaveURL("/account");
      expect((await sessionCookie(context))?.expires).toBe(-1);
    });

    test("each account of one browser is remembered or not", async ({ page, context, newContext }) => {
      const ada = await signUp(page);
      const grace = newPerson("Grace Hopper");
      await page.goto("/sign-up");
      await fillIn(page, { name: grace.name, email: grace.email, password: grace.password });
      await page.getByLabel("Stay signed in").uncheck();
      await page.getByRole("button", { name: "Sign up" }).click();
      await expect(page).toHaveURL("/account");
      await expect(accountOf(page, grace.name)).toBeVisible();
      const again = await restarted(context, newContext);
      const left = await signedInUser(again.request);
      expect(left.profile.email).toBe(ada.email);
      expect(left.others).toEqual([]);
      const open = await signedInUser(context.request);
      expect(open.profile.email).toBe(grace.email);
      expect(open.others).toHaveLength(1);
    });
  });
}

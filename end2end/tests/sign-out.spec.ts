import { expect } from "@playwright/test";
import { live, sessionCookie, signedInUser, signIn, signUp, userButton } from "./site";
import { test, type NewContext } from "./test";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("after a sign-out from the menu, the old cookie no longer works", async ({ page, context }) => {
      const person = await signUp(page);
      if (javaScriptEnabled) await live(page);
      const old = await sessionCookie(context);
      expect(old).toMatchObject({ httpOnly: true, sameSite: "Lax" });
      expect(await signedInUser(context.request)).toMatchObject({ profile: { email: person.email } });

      await userButton(page).click();
      await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
      await expect(page).toHaveURL("/");
      await expect(page.getByRole("link", { name: "Sign in" }).first()).toBeVisible();
      await expect(userButton(page)).toHaveCount(0);
      expect(await sessionCookie(context)).toBeUndefined();

      await context.addCookies([old!]);
      expect(await signedInUser(context.request)).toBeNull();
      await page.goto("/account");
      await expect(page).toHaveURL("/sign-in?callback_url=%2Faccount");
    });

    test("the sign-out page redirects to its callback URL", async ({ page, context }) => {
      await signUp(page);
      await page.goto("/sign-out?callback_url=/sign-up%3Fbye");
      expect(await signedInUser(context.request), "a GET changes nothing").not.toBeNull();
      await expect(page.getByText("You are signed in as")).toBeVisible();
      await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
      await expect(page).toHaveURL("/sign-up?bye");
      expect(await signedInUser(context.request)).toBeNull();
    });

    test("signing out everywhere else keeps this session, signing out everywhere ends it", async ({ page, context, newContext }) => {
      const person = await signUp(page);
      const other = await otherBrowser(newContext, javaScriptEnabled);
      await signIn(other, person);

      await page.goto("/account");
      await page.getByRole("button", { name: "Sign out everywhere else" }).click();
      await expect.poll(() => signedInUser(other.context().request)).toBeNull();
      expect(await signedInUser(context.request)).not.toBeNull();
      await expect(page).toHaveURL("/account");

      if (javaScriptEnabled) await expect(other).toHaveURL(/\/sign-in/);
      await signIn(other, person);
      await page.goto("/account");
      await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
      await expect(page).toHaveURL("/");
      expect(await signedInUser(other.context().request)).toBeNull();
      expect(await signedInUser(context.request)).toBeNull();
      if (!javaScriptEnabled) await other.reload();
      await expect(other).toHaveURL(/\/sign-in/);
    });

    test("the back button shows nothing private", async ({ page }) => {
      const person = await signUp(page);
      await expect(page.getByRole("definition").filter({ hasText: person.email })).toBeVisible();
      await page.goto("/sign-out");
      await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
      await expect(page).toHaveURL("/");
      await page.goBack();
      await expect(page.getByText("You are signed out")).toBeVisible();
      await page.goBack();
      await expect(page).toHaveURL("/sign-in?callback_url=%2Faccount");
      await expect(page.getByText(person.email)).toHaveCount(0);
    });
  });
}

async function otherBrowser(newContext: NewContext, javaScriptEnabled: boolean) {
  const context = await newContext({ javaScriptEnabled });
  return context.newPage();
}

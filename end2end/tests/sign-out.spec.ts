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

    test("a hostile callback URL is replaced by the default page", async ({ page }) => {
      for (const url of ["https://evil.example/", "/\\evil.example", "//evil.example", "javascript:alert(1)"]) {
        await signUp(page);
        await page.goto(`/sign-out?callback_url=${encodeURIComponent(url)}`);
        await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
        await expect(page).toHaveURL("/");
      }
    });

    test("signing out in place shows the signed-out page", async ({ page, context }) => {
      await signUp(page);
      await page.goto("/");
      if (javaScriptEnabled) await live(page);
      await page.getByRole("button", { name: "Sign out and stay here" }).click();
      await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
      await expect(page).toHaveURL("/");
      await expect(userButton(page)).toHaveCount(0);
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

test("signing out in place changes the page without a navigation", async ({ page }) => {
  await signUp(page);
  await page.goto("/");
  await live(page);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await page.getByRole("button", { name: "Sign out and stay here" }).click();
  await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
  expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
});

test("a sign-out with a redirect loads a new document", async ({ page }) => {
  await signUp(page);
  await page.goto("/");
  await live(page);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await userButton(page).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
  expect(await page.evaluate(() => "sameDocument" in window)).toBe(false);
});

test("the button shows its progress and offers a retry after a failure", async ({ page, context, newContext }) => {
  const person = await signUp(page);
  const other = await otherBrowser(newContext, true);
  await signIn(other, person);
  await live(page);
  const button = page.getByRole("button", { name: "Sign out everywhere else" });

  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("/api/sign_out", async (route) => {
    await held;
    await route.abort();
  });
  await button.click();
  await expect(button).toBeDisabled();
  await expect(page.getByRole("status").filter({ hasText: "Signing out…" })).toBeVisible();
  release();
  await expect(page.getByRole("alert").filter({ hasText: "may still be there" })).toBeVisible();
  expect(await signedInUser(other.context().request)).not.toBeNull();

  await page.unroute("/api/sign_out");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Signed out everywhere else." })).toBeVisible();
  expect(await signedInUser(other.context().request)).toBeNull();
  expect(await signedInUser(context.request)).not.toBeNull();
});

test("if the server cannot end the session, the page says so and offers a retry", async ({ page, context }) => {
  const person = await signUp(page);
  await page.goto("/account");
  await live(page);
  await page.route("/api/sign_out", (route) =>
    route.fulfill({
      status: 503,
      json: {
        error: "unavailable",
        signed_out_here: true,
        message: "You are signed out in this browser, but the server could not end the session. Please try again.",
      },
    }),
  );
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByRole("alert").filter({ hasText: "could not end the session" })).toBeVisible();
  await expect(userButton(page)).toHaveCount(0);
  await expect(page.getByText(person.email), "nothing private is left").toHaveCount(0);
  expect(await signedInUser(context.request)).not.toBeNull();

  await page.unroute("/api/sign_out");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page).toHaveURL("/");
  expect(await signedInUser(context.request)).toBeNull();
});

import { expect } from "@playwright/test";
import { accountOf, live, newPerson, signedInUser, signIn, signOutInPlace, signUp, signUpLink, userButton } from "./site";
import { test } from "./test";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

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
      await signOutInPlace(page);
      await expect(signUpLink(page)).toBeVisible();
      await expect(page).toHaveURL("/");
      await expect(userButton(page)).toHaveCount(0);
      expect(await signedInUser(context.request)).toBeNull();
    });
  });
}

test("signing out in place shows the next account", async ({ page }) => {
  await signUp(page);
  await signUp(page, newPerson("Grace Hopper"));
  await page.goto("/");
  await live(page);
  await signOutInPlace(page);
  await expect(accountOf(page, "Ada Lovelace")).toBeVisible();
});

test("signing out in place changes the page without a navigation", async ({ page }) => {
  await signUp(page);
  await page.goto("/");
  await live(page);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await signOutInPlace(page);
  await expect(signUpLink(page)).toBeVisible();
  expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
});

test("a sign-out with a redirect loads a new document", async ({ page }) => {
  await signUp(page);
  await page.goto("/");
  await live(page);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await userButton(page).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await expect(signUpLink(page)).toBeVisible();
  expect(await page.evaluate(() => "sameDocument" in window)).toBe(false);
});

test("the button shows its progress and offers a retry after a failure", async ({ page, context, newContext }) => {
  const person = await signUp(page);
  const other = await (await newContext()).newPage();
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

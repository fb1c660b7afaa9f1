// The app of the library's guide: what its reader sees in the first hour.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { NOTICE_LIMIT_MS, cookieName, sessionCookie, signedInUser, userButton } from "../tests/library/site";
import { test } from "../tests/test";

const PRIVATE_PAGE = "Where you are signed in";

async function submit(page: Page, password = "lovelace") {
  await page.getByLabel("Email").fill("ada@example.com");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Resolves once Leptos handles the page's events. */
async function hydrated(page: Page) {
  await page.goto("/");
  const button = page.getByRole("button", { name: /^Count/ });
  await expect(async () => {
    await button.click();
    await expect(button).not.toHaveText("Count: 0", { timeout: 500 });
  }).toPass();
}

async function signOut(page: Page) {
  await userButton(page).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
}

async function expectDead(context: BrowserContext, old: Awaited<ReturnType<typeof sessionCookie>>) {
  await context.addCookies([old!]);
  expect(await signedInUser(context.request)).toBeNull();
}

test("a wrong password is shown on the page", async ({ page }) => {
  await hydrated(page);
  await page.getByRole("link", { name: "Sign in" }).click();
  await submit(page, "wrong");
  await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is wrong.");
  await expect(userButton(page)).toHaveCount(0);
});

test("a sign-in in place shows the user at once, and a private page opens", async ({ page }) => {
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  let documents = 0;
  await hydrated(page);
  page.on("request", (request) => (documents += Number(request.isNavigationRequest())));
  await page.getByRole("link", { name: "Sign in" }).click();
  await submit(page);
  await expect(page).toHaveURL("/");
  await expect(userButton(page)).toContainText("Ada Lovelace");
  expect(documents).toBe(0);
  await page.goto("/sessions");
  await expect(page.getByRole("heading", { name: PRIVATE_PAGE })).toBeVisible();
  await expect(page.getByText("This device")).toBeVisible();
  // The other tests sign the same user in.
  await expect(page.getByText("127.0.0.1").first()).toBeVisible();
  expect(errors).toEqual([]);
});

test("a private page asks for the sign-in, which leads back to it", async ({ page }) => {
  await page.goto("/sessions");
  await expect(page).toHaveURL("/sign-in?callback_url=%2Fsessions");
  await submit(page);
  await expect(page).toHaveURL("/sessions");
  await expect(page.getByRole("heading", { name: PRIVATE_PAGE })).toBeVisible();
});

test("a private page that opens in place asks for the sign-in, too", async ({ page }) => {
  await hydrated(page);
  await page.evaluate(() => {
    const link = Object.assign(document.createElement("a"), { href: "/sessions" });
    document.body.append(link);
    link.click();
  });
  await expect(page).toHaveURL("/sign-in?callback_url=%2Fsessions");
  await submit(page, "wrong");
  await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is wrong.");
  await submit(page);
  await expect(page).toHaveURL("/sessions");
  await expect(page.getByRole("heading", { name: PRIVATE_PAGE })).toBeVisible();
  await expect(userButton(page)).toBeVisible();
});

test("a callback URL of another site is not followed", async ({ page }) => {
  await page.goto("/sign-in?callback_url=https://evil.example/");
  await submit(page);
  await expect(page).toHaveURL("/");
});

test("another tab learns of the sign-out, and the old cookie is dead", async ({ page, context }) => {
  await page.goto("/sessions");
  await submit(page);
  await expect(page.getByRole("heading", { name: PRIVATE_PAGE })).toBeVisible();
  const old = await sessionCookie(context, cookieName("session", undefined, "guardian"));
  const other = await context.newPage();
  await hydrated(other);
  await signOut(other);
  await expect(page).toHaveURL(/\/sign-in\?callback_url=%2Fsessions/, { timeout: 2 * NOTICE_LIMIT_MS });
  await expect(other.getByRole("link", { name: "Sign in" })).toBeVisible();
  await expectDead(context, old);
});

test("it works without JavaScript", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/sessions");
  await submit(page, "wrong");
  await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is wrong.");
  await submit(page);
  await expect(page.getByRole("heading", { name: PRIVATE_PAGE })).toBeVisible();
  const old = await sessionCookie(context, cookieName("session", undefined, "guardian"));
  await signOut(page);
  await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
  await expectDead(context, old);
  await page.goto("/sessions");
  await expect(page).toHaveURL(/\/sign-in\?callback_url=/);
  await context.close();
});

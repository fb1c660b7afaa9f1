// A hydrated page shows who is signed in, whatever has signed them in or out.

import { expect, type Page } from "@playwright/test";
import type {} from "../../../guardian/src/script/guardian.d.ts";
import { NOTICE_LIMIT_MS, cookieName, live, navigations, newPerson, sessionCookie, signUp, signedInUser, userButton, type Person, field, signUpLink } from "./site";
import { test, type NewContext } from "./test";

/** A user who is signed in nowhere. */
async function newUser(newContext: NewContext) {
  const context = await newContext();
  const person = await signUp(await context.newPage());
  await context.request.post("/api/sign_out");
  return person;
}

/** Sends a request as a page's own code does. */
function send(page: Page, path: string, fields: Record<string, string>) {
  return page.evaluate(
    async ([path, fields]) => {
      const response = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
      return response.status;
    },
    [path, fields] as const,
  );
}

async function signInByFetch(page: Page, { email, password }: Person) {
  expect(await send(page, "/api/sign_in", { email, password })).toBe(200);
}

test("a sign-in by a bare request is shown at once, and private pages open", async ({ page, newContext }) => {
  const person = await newUser(newContext);
  await page.goto("/");
  await expect(signUpLink(page)).toBeVisible();
  await signInByFetch(page, person);
  await expect(userButton(page)).toBeVisible({ timeout: NOTICE_LIMIT_MS });
  const paths = navigations(page);
  await userButton(page).click();
  await page.getByRole("link", { name: "Manage account" }).click();
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
  expect(paths, "the router has opened the page").not.toContain("/sign-in");
});

test("a private page that is opened right after a sign-in does not bounce", async ({ page, newContext }) => {
  const person = await newUser(newContext);
  await page.goto("/");
  await expect(signUpLink(page)).toBeVisible();
  // The answer to who is signed in is late.
  await page.route("/api/session", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await route.continue();
  });
  const paths = navigations(page);
  await signInByFetch(page, person);
  await page.evaluate(() => {
    const link = Object.assign(document.createElement("a"), { href: "/account" });
    document.querySelector("main")!.append(link);
    link.click();
  });
  await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
  await expect(userButton(page)).toBeVisible();
  expect(paths).not.toContain("/sign-in");
});

test("a sign-out by a bare request is shown at once", async ({ page, context }) => {
  await signUp(page);
  await page.goto("/");
  await live(page);
  const old = await sessionCookie(context);
  expect(await send(page, "/api/sign_out", {})).toBe(200);
  await expect(signUpLink(page)).toBeVisible({ timeout: NOTICE_LIMIT_MS });
  await context.addCookies([old!]);
  expect(await signedInUser(context.request)).toBeNull();
});

test("a switch by a bare request is shown at once", async ({ page }) => {
  await signUp(page);
  await signUp(page, newPerson("Grace Hopper"));
  await page.goto("/");
  await live(page);
  const { others } = await page.evaluate(async () => (await window.guardian.session())!);
  expect(await send(page, "/api/switch_account", { session: others[0].session })).toBe(200);
  await expect(page.getByRole("button", { name: "Account of Ada Lovelace" })).toBeVisible({ timeout: NOTICE_LIMIT_MS });
});

test("a private page of the user before is loaded again for the next", async ({ page, newContext }) => {
  const person = await newUser(newContext);
  await signUp(page, newPerson("Grace Hopper"));
  await page.goto("/account");
  await live(page);
  await field(page, "password").fill("typed by Grace");
  await signInByFetch(page, person);
  await expect(page.getByRole("button", { name: `Account of ${person.name}` })).toBeVisible();
  await expect(field(page, "password")).toHaveValue("");
});

test("a page that says so itself is shown, too", async ({ page, context, newContext }) => {
  const person = await newUser(newContext);
  await page.goto("/");
  await expect(signUpLink(page)).toBeVisible();
  // The page does not see this request.
  const { email, password } = person;
  expect((await context.request.post("/api/sign_in", { form: { email, password } })).status()).toBe(200);
  const accounts = await page.evaluate(() => window.guardian.refresh());
  expect(accounts!.active.profile.email).toBe(email);
  await expect(userButton(page)).toBeVisible();
});

test("a marker that lies signs nobody in, and does not make the page ask for ever", async ({ page, context, baseURL }) => {
  await page.goto("/");
  let asked = 0;
  await page.route("/api/session", (route) => {
    asked++;
    return route.continue();
  });
  const name = cookieName("signed_in", baseURL);
  await page.evaluate((name) => (document.cookie = `${name}=planted; Path=/`), name);
  await page.evaluate(() => fetch("/favicon.svg"));
  await expect.poll(() => asked).toBeGreaterThan(0);
  await expect.poll(async () => (await context.cookies()).some(({ value }) => value === "planted")).toBe(false);
  await page.evaluate(async () => {
    for (let count = 0; count < 5; count++) await fetch("/favicon.svg", { cache: "no-store" });
  });
  expect(asked).toBeLessThanOrEqual(2);
  await expect(signUpLink(page)).toBeVisible();
  await page.goto("/account");
  await expect(page).toHaveURL(/\/sign-in/);
});

test("a sign-in leads back to the same place on the page", async ({ page }) => {
  const person = await signUp(page);
  await page.goto("about:blank");
  await page.context().clearCookies();
  // The browser takes the fragment along to where the server redirects.
  await page.goto("/account#sign-out");
  await expect(page).toHaveURL("/sign-in?callback_url=%2Faccount#sign-out");
  await expect.poll(() => page.evaluate(() => typeof window.guardian?.refresh)).toBe("function");
  await field(page, "email").fill(person.email);
  await field(page, "password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/account#sign-out");

  // The script takes it along to where it leaves for.
  await live(page);
  await page.context().request.post("/api/sign_out");
  await expect(page).toHaveURL(/^[^#]*\/sign-in\?callback_url=%2Faccount%23sign-out/);
});

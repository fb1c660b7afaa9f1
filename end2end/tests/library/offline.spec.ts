import { expect, type BrowserContext, type Page } from "@playwright/test";
import { cookieName, live, newPerson, sessionCookie, settled, signedInUser, signIn, signUp, userButton, accountOf, signOutInPlace, fetchAsIs } from "./site";
import { test } from "./test";

const FORGOTTEN = "This browser has forgotten you";

test("an offline sign-out hides the user at once, and is sent once the network is back", async ({ page, context }) => {
  const person = await signUp(page);
  const tab = await context.newPage();
  await tab.goto("/account");
  await live(tab);
  await live(page);
  const old = await sessionCookie(context);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  for (const open of [page, tab]) {
    await expect(open.getByRole("alert").filter({ hasText: FORGOTTEN })).toBeVisible();
    await expect(open.getByText(person.email), "nothing private is left").toHaveCount(0);
    await expect(userButton(open)).toHaveCount(0);
  }
  await context.setOffline(false);
  await expect(page, "then the page follows the redirect").toHaveURL("/");
  await expect(tab.getByText(FORGOTTEN)).toHaveCount(0);
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
  await context.addCookies([old!]);
  expect(await signedInUser(context.request), "the old cookie no longer works").toBeNull();
});

test("a later page sends a pending sign-out, and no page shows the user until then", async ({ page, context }) => {
  await signUp(page);
  await live(page);
  const old = await sessionCookie(context);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await page.close();
  await context.setOffline(false);

  const html = await (await context.request.get("/")).text();
  expect(html).toContain('href="/sign-up"');
  expect(html).not.toContain("Account of");
  expect(await signedInUser(context.request)).toBeNull();
  const next = await context.newPage();
  await next.goto("/");
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
  await expect.poll(() => sessionCookie(context, cookieName("pending_sign_out"))).toBeUndefined();
  await context.addCookies([old!]);
  expect(await signedInUser(context.request), "the old cookie no longer works").toBeNull();
});

test("a sign-out is retried until the server responds", async ({ page, context }) => {
  await signUp(page);
  await live(page);
  let refused = 0;
  await page.route("/api/sign_out", (route) => (refused++ < 2 ? route.abort() : route.continue()));
  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await expect(page).toHaveURL("/");
  expect(refused).toBeGreaterThan(2);
  expect(await sessionCookie(context)).toBeUndefined();
});

test("an offline sign-out ends the account that the page showed", async ({ page, context }) => {
  const first = await signUp(page);
  await signUp(page);
  await page.goto("/");
  await live(page);
  await context.setOffline(true);
  await signOutInPlace(page);
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText(FORGOTTEN)).toHaveCount(0);
  await expect(userButton(page)).toBeVisible();
  expect((await signedInUser(context.request)).profile.email).toBe(first.email);
});

test("nothing private stays on the page if the server never responds", async ({ page }) => {
  const person = await signUp(page);
  await live(page);
  await page.route("/api/sign_out", () => {});
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await expect(page.getByText(person.email)).toHaveCount(0);
  await page.unroute("/api/sign_out");
  await expect(page, "the page retries by itself").toHaveURL("/");
});

test("sending a sign-out twice signs out no other account", async ({ page, context, newContext }) => {
  const ada = await signUp(page);
  const other = await newContext();
  await signIn(await other.newPage(), ada);
  const grace = await signUp(page, newPerson("Grace Hopper"));
  await page.goto("/account");
  await live(page);
  // The server signs out, but its response is lost, so the page sends the sign-out again.
  let lost = 0;
  await page.route("/api/sign_out", async (route) => {
    if (lost++ > 0) return route.continue();
    await fetchAsIs(route, "scope=global");
    await route.abort();
  });
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await expect(page).toHaveURL("/");
  expect(lost).toBeGreaterThan(1);
  await expect(accountOf(page, "Ada Lovelace")).toBeVisible();
  expect((await signedInUser(context.request)).profile.email).toBe(ada.email);
  expect((await signedInUser(other.request)).profile.email).toBe(ada.email);
  expect(grace.email).not.toBe(ada.email);
});

test("a new sign-in cancels a pending sign-out and removes its notice", async ({ page, context }) => {
  await page.clock.install();
  const person = await signUp(page);
  await page.goto("/");
  await live(page);
  await page.route("/api/sign_out", (route) => route.abort());
  await signOutInPlace(page);
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  const tab = await context.newPage();
  await tab.route("/api/sign_out", (route) => route.abort());
  await signIn(tab, person);
  await expect(userButton(page)).toBeVisible();
  await expect(page.getByText(FORGOTTEN)).toHaveCount(0);
  await page.unroute("/api/sign_out");
  let sent = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/sign_out")) sent++;
  });
  // Longer than any pause between retries.
  await page.clock.runFor("05:00");
  await settled(page);
  expect(sent).toBe(0);
  expect(await signedInUser(context.request)).not.toBeNull();
});

test("a pending sign-out with a long callback URL is still sent", async ({ page, context }) => {
  await signUp(page);
  await page.goto(`/sign-out?callback_url=/sign-up%3F${"é".repeat(600)}`);
  await live(page);
  await context.setOffline(true);
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  const names = (await context.cookies()).map((cookie) => cookie.name);
  expect(names).toContain(cookieName("pending_sign_out"));
  await context.setOffline(false);
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
});

const STORAGE_KEY = "leptos-guardian.pending_sign_out";

/** Sets the cookie, as another app on this host could, and optionally an old storage entry. */
async function plant(page: Page, cookie: string, stored?: string) {
  await page.evaluate(
    ([cookie, key, stored]) => {
      if (stored) localStorage.setItem(key, stored);
      document.cookie = `${cookie}; Path=/`;
    },
    [cookie, STORAGE_KEY, stored ?? ""] as const,
  );
}

async function expectNothingLeft(page: Page, context: BrowserContext) {
  await expect.poll(() => page.evaluate((key) => localStorage.getItem(key), STORAGE_KEY)).toBeNull();
  await expect.poll(() => sessionCookie(context, cookieName("pending_sign_out"))).toBeUndefined();
}

test("a later page signs out everywhere if that was requested", async ({ page, context, newContext }) => {
  const person = await signUp(page);
  const other = await newContext();
  await signIn(await other.newPage(), person);
  await page.goto("/account");
  await live(page);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  const marker = await sessionCookie(context, cookieName("pending_sign_out"));
  expect(marker!.value, "it holds no details").toBe("1");
  await page.close();
  await context.setOffline(false);
  const next = await context.newPage();
  await next.goto("/");
  await expect.poll(() => signedInUser(other.request)).toBeNull();
  await expectNothingLeft(next, context);
});

for (const [what, value, stored] of [
  ["a planted cookie with a scope", "scope=global", undefined],
  ["a planted cookie and an entry without a session", "1", "scope=global"],
  ["a planted cookie and an invalid entry", "1", "scope=everything&session=x"],
  ["a planted cookie and an entry for the other sessions", "1", "scope=others&session=x"],
  ["a planted cookie and an entry of an earlier session", "1", "scope=global&session=mgvEcr0AAAAAAAAAAAAAAA"],
] as const) {
  test(`${what} ends no session elsewhere`, async ({ page, context, newContext }) => {
    const person = await signUp(page);
    const other = await newContext();
    await signIn(await other.newPage(), person);
    await page.goto("/");
    await live(page);
    await plant(page, `${cookieName("pending_sign_out")}=${value}`, stored);
    const sent = page.waitForResponse((response) => response.url().endsWith("/api/sign_out"));
    await page.reload();
    await sent;
    await expectNothingLeft(page, context);
    expect(await signedInUser(other.request)).not.toBeNull();
  });
}

test("an entry of an earlier user does not sign out the next user", async ({ page, context }) => {
  await signUp(page);
  await page.goto("/");
  await live(page);
  await page.evaluate((key) => localStorage.setItem(key, "scope=browser"), STORAGE_KEY);
  await page.reload();
  await expectNothingLeft(page, context);
  await expect(userButton(page)).toBeVisible();
});

for (const storage of ["throws", "is null", "is full"]) {
  test(`a later page sends a pending sign-out even if the storage ${storage}`, async ({ page, context }) => {
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    await context.addInitScript((storage) => {
      const fail = () => {
        throw new DOMException("The storage is not available.", "SecurityError");
      };
      if (storage === "is full") Storage.prototype.setItem = fail;
      else Object.defineProperty(window, "localStorage", { get: storage === "throws" ? fail : () => null });
    }, storage);
    await signUp(page);
    await live(page);
    const old = await sessionCookie(context);
    await context.setOffline(true);
    await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
    await expect(page.getByText(FORGOTTEN)).toBeVisible();
    await page.close();
    await context.setOffline(false);
    const next = await context.newPage();
    next.on("pageerror", (error) => errors.push(error));
    await next.goto("/");
    await expect.poll(() => sessionCookie(context)).toBeUndefined();
    await context.addCookies([old!]);
    expect(await signedInUser(context.request), "the old cookie no longer works").toBeNull();
    expect(errors).toEqual([]);
  });
}

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { cookieName, hydrated, newPerson, sessionCookie, settled, signIn, signUp, userButton, whoIs } from "../site";
import { test } from "../test";

const FORGOTTEN = "This browser has forgotten you";

test("signing out without a network forgets at once, and is sent when it is back", async ({ page, context }) => {
  const person = await signUp(page);
  const tab = await context.newPage();
  await tab.goto("/account");
  await hydrated(tab);
  await hydrated(page);
  const old = await sessionCookie(context);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  for (const one of [page, tab]) {
    await expect(one.getByRole("alert").filter({ hasText: FORGOTTEN })).toBeVisible();
    await expect(one.getByText(person.email), "nothing private is left").toHaveCount(0);
    await expect(userButton(one)).toHaveCount(0);
  }
  await context.setOffline(false);
  await expect(page, "then it goes where it was to lead").toHaveURL("/");
  await expect(tab.getByText(FORGOTTEN)).toHaveCount(0);
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
  await context.addCookies([old!]);
  expect(await whoIs(context.request), "the old cookie is dead").toBeNull();
});

test("it is sent after a reload, too, and no page shows the user before", async ({ page, context }) => {
  await signUp(page);
  await hydrated(page);
  const old = await sessionCookie(context);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await page.close();
  await context.setOffline(false);

  const html = await (await context.request.get("/")).text();
  expect(html).toContain("Create an account");
  expect(html).not.toContain("Account of");
  expect(await whoIs(context.request)).toBeNull();
  const next = await context.newPage();
  await next.goto("/");
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
  const names = (await context.cookies()).map((cookie) => cookie.name);
  expect(names).not.toContain(cookieName("signing_out"));
  await context.addCookies([old!]);
  expect(await whoIs(context.request), "the old cookie is dead").toBeNull();
});

test("a server that does not answer is asked again until it does", async ({ page, context }) => {
  await signUp(page);
  await hydrated(page);
  let refused = 0;
  await page.route("/api/sign_out", (route) => (refused++ < 2 ? route.abort() : route.continue()));
  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await expect(page).toHaveURL("/");
  expect(refused).toBeGreaterThan(2);
  expect(await sessionCookie(context)).toBeUndefined();
});

test("of several accounts, the one that the page showed is signed out", async ({ page, context }) => {
  const first = await signUp(page);
  await signUp(page);
  await page.goto("/");
  await hydrated(page);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out and stay here" }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText(FORGOTTEN)).toHaveCount(0);
  await expect(userButton(page)).toBeVisible();
  expect((await whoIs(context.request)).profile.email).toBe(first.email);
});

test("a server that does not answer at all keeps nothing private on the page", async ({ page }) => {
  const person = await signUp(page);
  await hydrated(page);
  await page.route("/api/sign_out", () => {});
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await expect(page.getByText(person.email)).toHaveCount(0);
  await page.unroute("/api/sign_out");
  await expect(page, "it is sent again by itself").toHaveURL("/");
});

test("a sign-out that is sent twice signs nobody else out", async ({ page, context, newContext }) => {
  const ada = await signUp(page);
  const other = await newContext();
  await signIn(await other.newPage(), ada);
  const grace = await signUp(page, newPerson("Grace Hopper"));
  await page.goto("/account");
  await hydrated(page);
  // Carried out, but the answer is lost; the page sends it again.
  let lost = 0;
  await page.route("/api/sign_out", async (route) => {
    if (lost++ > 0) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  await expect(page).toHaveURL("/");
  expect(lost).toBeGreaterThan(1);
  await expect(page.getByText("You are signed in as Ada Lovelace")).toBeVisible();
  expect((await whoIs(context.request)).profile.email).toBe(ada.email);
  expect((await whoIs(other.request)).profile.email).toBe(ada.email);
  expect(grace.email).not.toBe(ada.email);
});

test("a notice that is overtaken by a new sign-in is gone, and signs nobody out", async ({ page, context }) => {
  await page.clock.install();
  const person = await signUp(page);
  await page.goto("/");
  await hydrated(page);
  await page.route("/api/sign_out", (route) => route.abort());
  await page.getByRole("button", { name: "Sign out and stay here" }).click();
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
  // Longer than any pause after which it would be sent again.
  await page.clock.runFor("05:00");
  await settled(page);
  expect(sent).toBe(0);
  expect(await whoIs(context.request)).not.toBeNull();
});

test("a long callback URL does not keep it from being sent", async ({ page, context }) => {
  await signUp(page);
  await page.goto(`/sign-out?callback_url=/sign-up%3F${"é".repeat(600)}`);
  await hydrated(page);
  await context.setOffline(true);
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  const names = (await context.cookies()).map((cookie) => cookie.name);
  expect(names).toContain(cookieName("signing_out"));
  await context.setOffline(false);
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
});

const STORED = "leptos-guardian.signing_out";

/** A page of another app on this host, on another port, sets the cookie; and perhaps the storage has an old entry. */
async function plant(page: Page, cookie: string, stored?: string) {
  await page.evaluate(
    ([cookie, key, stored]) => {
      if (stored) localStorage.setItem(key, stored);
      document.cookie = `${cookie}; Path=/`;
    },
    [cookie, STORED, stored ?? ""] as const,
  );
}

async function expectNothingLeft(page: Page, context: BrowserContext) {
  await expect.poll(() => page.evaluate((key) => localStorage.getItem(key), STORED)).toBeNull();
  const names = (await context.cookies()).map((cookie) => cookie.name);
  expect(names).not.toContain(cookieName("signing_out"));
}

test("a later page signs out everywhere, if that was asked for", async ({ page, context, newContext }) => {
  const person = await signUp(page);
  const other = await newContext();
  await signIn(await other.newPage(), person);
  await page.goto("/account");
  await hydrated(page);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText(FORGOTTEN)).toBeVisible();
  const marker = await sessionCookie(context, cookieName("signing_out"));
  expect(marker!.value, "it says no more than that").toBe("1");
  await page.close();
  await context.setOffline(false);
  const next = await context.newPage();
  await next.goto("/");
  await expect.poll(() => whoIs(other.request)).toBeNull();
  await expectNothingLeft(next, context);
});

for (const [what, value, stored] of [
  ["a cookie that asks for more", "scope=global", undefined],
  ["a cookie and an entry of nobody's", "1", "scope=global"],
  ["a cookie and an entry that cannot be read", "1", "scope=everything&session=x"],
  ["a cookie and an entry for the other sessions", "1", "scope=others&session=x"],
  ["a cookie and an earlier session's entry", "1", "scope=global&session=mgvEcr0AAAAAAAAAAAAAAA"],
] as const) {
  test(`${what} ends no session elsewhere`, async ({ page, context, newContext }) => {
    const person = await signUp(page);
    const other = await newContext();
    await signIn(await other.newPage(), person);
    await page.goto("/");
    await hydrated(page);
    await plant(page, `${cookieName("signing_out")}=${value}`, stored);
    const sent = page.waitForResponse((response) => response.url().endsWith("/api/sign_out"));
    await page.reload();
    await sent;
    await expectNothingLeft(page, context);
    expect(await whoIs(other.request)).not.toBeNull();
  });
}

test("what an earlier user has left does not wait for the next one", async ({ page, context }) => {
  await signUp(page);
  await page.goto("/");
  await hydrated(page);
  await page.evaluate((key) => localStorage.setItem(key, "scope=browser"), STORED);
  await page.reload();
  await expectNothingLeft(page, context);
  await expect(userButton(page)).toBeVisible();
});

for (const storage of ["throws", "is null", "is full"]) {
  test(`a browser whose storage ${storage} is signed out by a later page all the same`, async ({ page, context }) => {
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    await context.addInitScript((storage) => {
      const fail = () => {
        throw new DOMException("The storage is not to be had.", "SecurityError");
      };
      if (storage === "is full") Storage.prototype.setItem = fail;
      else Object.defineProperty(window, "localStorage", { get: storage === "throws" ? fail : () => null });
    }, storage);
    await signUp(page);
    await hydrated(page);
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
    expect(await whoIs(context.request), "the old cookie is dead").toBeNull();
    expect(errors).toEqual([]);
  });
}

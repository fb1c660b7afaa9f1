import { expect } from "@playwright/test";
import { hydrated, newPerson, sessionCookie, settled, signIn, signUp, userButton, whoIs } from "../site";
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
  expect(names).not.toContain("signing_out");
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
  expect(names).toContain("signing_out");
  await context.setOffline(false);
  await expect.poll(() => sessionCookie(context)).toBeUndefined();
});

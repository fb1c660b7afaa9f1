import { expect, type APIRequestContext, type BrowserContext, type Page } from "@playwright/test";
import { expectConsistent, watchCookies } from "./cookies";
import { test } from "./https";
import { cookieName, live, newPerson, sessionCookie, signedInUser, signIn, signUp, userButton, field, signUpLink, accountOf } from "./site";
import { test as plain } from "./test";

/** The attributes of every cookie that the server sets or removes, sorted. */
const ATTRIBUTES = ["HttpOnly", "Path=/", "SameSite=Lax"];
const SECURE_ATTRIBUTES = [...ATTRIBUTES, "Secure"];

/** The user whom the server sees as signed in with this cookie alone, or null. */
async function userWithCookie(request: APIRequestContext, name: string, value: string) {
  const response = await request.post("/api/session", { headers: { cookie: `${name}=${value}` } });
  expect(response.status()).toBe(200);
  return response.json();
}

/** All cookies except the one that recognizes a known browser, which stays. The marker comes and goes with the session. */
async function cookieNames(context: BrowserContext) {
  const names = (await context.cookies()).map(({ name }) => name);
  expect(names.some(isMarker)).toBe(names.some((name) => /_session(-\d+)?$/.test(name)));
  return names.filter((name) => !isKnownBrowser(name) && !isMarker(name)).sort();
}

/** The marker names the session for the page's script, which may read it. */
function isMarker(name: string) {
  return name.includes("signed_in");
}

function isKnownBrowser(name: string) {
  return name.includes("known_browser");
}

async function signOutFromMenu(page: Page, name: string) {
  await userButton(page).click();
  await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("the cookie belongs to this host alone, and a sign-out removes it", async ({ page, context, request, baseURL }) => {
      const sessionName = cookieName("session", baseURL);
      const person = await signUp(page);
      const cookie = await sessionCookie(context, sessionName);
      expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: "Lax", path: "/", domain: "127.0.0.1" });
      expect(await cookieNames(context)).toEqual([sessionName]);
      expect(await userWithCookie(request, sessionName, cookie!.value)).toMatchObject({ profile: { email: person.email } });
      expect(await userWithCookie(request, sessionName.replace("__Host-", ""), cookie!.value), "any host could set this one").toBeNull();

      if (javaScriptEnabled) await live(page);
      await signOutFromMenu(page, "Sign out");
      await expect(page).toHaveURL("/");
      await expect(signUpLink(page)).toBeVisible();
      expect(await cookieNames(context)).toEqual([]);
      expect(await userWithCookie(request, sessionName, cookie!.value), "the old cookie no longer works").toBeNull();
    });

    test("a second sign-in replaces the cookie", async ({ page, context, request, baseURL }) => {
      const sessionName = cookieName("session", baseURL);
      const person = await signUp(page);
      const old = await sessionCookie(context, sessionName);
      await signIn(page, person);
      const now = await sessionCookie(context, sessionName);
      expect(await cookieNames(context)).toEqual([sessionName]);
      expect(now!.value).not.toBe(old!.value);
      expect(await userWithCookie(request, sessionName, old!.value)).toBeNull();
      expect(await userWithCookie(request, sessionName, now!.value)).not.toBeNull();
    });

    test("several accounts share one cookie, and the last sign-out removes it", async ({ page, context, request, baseURL }) => {
      const sessionName = cookieName("session", baseURL);
      const ada = await signUp(page);
      const first = await sessionCookie(context, sessionName);
      await signUp(page, newPerson("Grace Hopper"));
      const both = await sessionCookie(context, sessionName);
      expect(await cookieNames(context)).toEqual([sessionName]);
      expect(await userWithCookie(request, sessionName, first!.value)).toBeNull();

      if (javaScriptEnabled) await live(page);
      await signOutFromMenu(page, "Sign out");
      await expect(accountOf(page, "Ada Lovelace")).toBeVisible();
      expect((await signedInUser(context.request)).profile.email).toBe(ada.email);
      if (javaScriptEnabled) await live(page);
      await signOutFromMenu(page, "Sign out");
      await expect(signUpLink(page)).toBeVisible();
      expect(await cookieNames(context)).toEqual([]);
      expect(await userWithCookie(request, sessionName, both!.value)).toBeNull();
    });
  });
}

test("a pending sign-out is kept in a cookie of this host alone", async ({ page, context, request, baseURL }) => {
  const [sessionName, pendingName] = ["session", "pending_sign_out"].map((name) => cookieName(name, baseURL));
  const person = await signUp(page);
  await live(page);
  const old = await sessionCookie(context, sessionName);
  const setCookies = watchCookies(context);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText("This browser has forgotten you")).toBeVisible();
  const pending = await sessionCookie(context, pendingName);
  expect(pending).toMatchObject({ secure: true, httpOnly: false, sameSite: "Lax", path: "/", domain: "127.0.0.1" });
  expect(await signedInUser(context.request), "nobody is shown as signed in").toBeNull();
  expect(await userWithCookie(request, sessionName, old!.value)).toMatchObject({ profile: { email: person.email } });

  await context.setOffline(false);
  await expect(page, "then it is sent").toHaveURL("/");
  expect(await cookieNames(context)).toEqual([]);
  const removed = (await setCookies()).flat().filter(({ isOurs, name }) => isOurs && !isMarker(name));
  expect(removed.map(({ name }) => name).sort()).toEqual([pendingName, sessionName].sort());
  for (const cookie of removed) expect(cookie).toMatchObject({ isRemoval: true, attributes: SECURE_ATTRIBUTES });
  expect(await userWithCookie(request, sessionName, old!.value), "the old cookie no longer works").toBeNull();
});

/** Signs in and out in every way, so that each cookie is set and removed. */
async function signInAndOut(page: Page, javaScriptEnabled: boolean) {
  const person = await signUp(page);
  await page.goto("/sign-in");
  await field(page, "email").fill(person.email);
  await field(page, "password").fill("a wrong guess");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await signIn(page, person);
  await signUp(page, newPerson("Grace Hopper"));
  if (javaScriptEnabled) await live(page);
  await userButton(page).click();
  await page.getByRole("button", { name: /Switch to Ada Lovelace/ }).click();
  await expect(page.getByRole("button", { name: "Account of Ada Lovelace" })).toBeVisible();
  if (javaScriptEnabled) await live(page);
  await signOutFromMenu(page, "Sign out of all accounts");
  await expect(signUpLink(page)).toBeVisible();
}

for (const [over, scheme, attributes] of [
  [test, "https", SECURE_ATTRIBUTES],
  [plain, "http", ATTRIBUTES],
] as const) {
  for (const javaScriptEnabled of [true, false]) {
    over.describe(`over ${scheme}, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () => {
      over.use({ javaScriptEnabled });

      over("a cookie is removed with the attributes it was set with", async ({ page, context, baseURL }) => {
        const setCookies = watchCookies(context);
        await signInAndOut(page, javaScriptEnabled);
        const all = await setCookies();
        const responses = all.map((cookies) => cookies.filter(({ name }) => !isKnownBrowser(name) && !isMarker(name)));
        // The starter's forms store an error message for the next page in `flash`.
        expectConsistent(responses, ["flash", "session"].map((name) => cookieName(name, baseURL)), attributes);
        const markers = all.map((cookies) => cookies.filter(({ name }) => isMarker(name)));
        expectConsistent(markers, [cookieName("signed_in", baseURL)], attributes.filter((name) => name !== "HttpOnly"));
        expect(await cookieNames(context)).toEqual([]);
      });
    });
  }
}

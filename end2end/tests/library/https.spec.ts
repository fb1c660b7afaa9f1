import { expect, type APIRequestContext, type BrowserContext, type Page } from "@playwright/test";
import { expectSound, watchCookies } from "./cookies";
import { test } from "./https";
import { cookieName, hydrated, newPerson, sessionCookie, signIn, signUp, userButton, whoIs } from "../site";
import { test as plain } from "../test";

/** Of every cookie that the server sets or removes, in the order of the alphabet. */
const ATTRIBUTES = ["HttpOnly", "Path=/", "SameSite=Lax"];
const SECURE_ATTRIBUTES = [...ATTRIBUTES, "Secure"];

/** Who the server says is signed in with this cookie alone. */
async function whoHas(request: APIRequestContext, name: string, value: string) {
  const answer = await request.post("/api/session", { headers: { cookie: `${name}=${value}` } });
  expect(answer.status()).toBe(200);
  return answer.json();
}

/** All cookies but the one by which the starter knows a browser again, which stays. */
async function names(context: BrowserContext) {
  const cookies = await context.cookies();
  return cookies.map(({ name }) => name).filter((name) => !isKnownBrowser(name)).sort();
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

    test("the cookie belongs to this host alone, and leaves with the sign-out", async ({ page, context, request, baseURL }) => {
      const sessionName = cookieName("session", baseURL);
      const person = await signUp(page);
      const cookie = await sessionCookie(context, sessionName);
      expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: "Lax", path: "/", domain: "127.0.0.1" });
      expect(await names(context)).toEqual([sessionName]);
      expect(await whoHas(request, sessionName, cookie!.value)).toMatchObject({ profile: { email: person.email } });
      expect(await whoHas(request, "session", cookie!.value), "any host could set this one").toBeNull();

      if (javaScriptEnabled) await hydrated(page);
      await signOutFromMenu(page, "Sign out");
      await expect(page).toHaveURL("/");
      await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
      expect(await names(context)).toEqual([]);
      expect(await whoHas(request, sessionName, cookie!.value), "the old cookie is dead").toBeNull();
    });

    test("a second sign-in replaces the cookie", async ({ page, context, request, baseURL }) => {
      const sessionName = cookieName("session", baseURL);
      const person = await signUp(page);
      const old = await sessionCookie(context, sessionName);
      await signIn(page, person);
      const now = await sessionCookie(context, sessionName);
      expect(await names(context)).toEqual([sessionName]);
      expect(now!.value).not.toBe(old!.value);
      expect(await whoHas(request, sessionName, old!.value)).toBeNull();
      expect(await whoHas(request, sessionName, now!.value)).not.toBeNull();
    });

    test("several accounts share one cookie, and the last one takes it along", async ({ page, context, request, baseURL }) => {
      const sessionName = cookieName("session", baseURL);
      const ada = await signUp(page);
      const first = await sessionCookie(context, sessionName);
      await signUp(page, newPerson("Grace Hopper"));
      const both = await sessionCookie(context, sessionName);
      expect(await names(context)).toEqual([sessionName]);
      expect(await whoHas(request, sessionName, first!.value)).toBeNull();

      if (javaScriptEnabled) await hydrated(page);
      await signOutFromMenu(page, "Sign out");
      await expect(page.getByText("You are signed in as Ada Lovelace")).toBeVisible();
      expect((await whoIs(context.request)).profile.email).toBe(ada.email);
      if (javaScriptEnabled) await hydrated(page);
      await signOutFromMenu(page, "Sign out");
      await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
      expect(await names(context)).toEqual([]);
      expect(await whoHas(request, sessionName, both!.value)).toBeNull();
    });
  });
}

test("a sign-out without a network waits in a cookie of this host, too", async ({ page, context, request, baseURL }) => {
  const [sessionName, queuedName] = ["session", "signing_out"].map((name) => cookieName(name, baseURL));
  const person = await signUp(page);
  await hydrated(page);
  const old = await sessionCookie(context, sessionName);
  const heard = watchCookies(context);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page.getByText("This browser has forgotten you")).toBeVisible();
  const queued = await sessionCookie(context, queuedName);
  expect(queued).toMatchObject({ secure: true, httpOnly: false, sameSite: "Lax", path: "/", domain: "127.0.0.1" });
  expect(await whoIs(context.request), "nobody is shown as signed in").toBeNull();
  expect(await whoHas(request, sessionName, old!.value)).toMatchObject({ profile: { email: person.email } });

  await context.setOffline(false);
  await expect(page, "then it is sent").toHaveURL("/");
  expect(await names(context)).toEqual([]);
  const removed = (await heard()).flat().filter(({ isOurs }) => isOurs);
  expect(removed.map(({ name }) => name).sort()).toEqual([sessionName, queuedName]);
  for (const cookie of removed) expect(cookie).toMatchObject({ isRemoval: true, attributes: SECURE_ATTRIBUTES });
  expect(await whoHas(request, sessionName, old!.value), "the old cookie is dead").toBeNull();
});

/** In and out in every way, with each cookie set and removed. */
async function inAndOut(page: Page, javaScriptEnabled: boolean) {
  const person = await signUp(page);
  await page.goto("/sign-in");
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password").fill("a wrong guess");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").first()).toBeVisible();
  await signIn(page, person);
  await signUp(page, newPerson("Grace Hopper"));
  if (javaScriptEnabled) await hydrated(page);
  await userButton(page).click();
  await page.getByRole("button", { name: /Switch to Ada Lovelace/ }).click();
  await expect(page.getByRole("button", { name: "Account of Ada Lovelace" })).toBeVisible();
  if (javaScriptEnabled) await hydrated(page);
  await signOutFromMenu(page, "Sign out of all accounts");
  await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
}

for (const [over, scheme, attributes] of [
  [test, "https", SECURE_ATTRIBUTES],
  [plain, "http", ATTRIBUTES],
] as const) {
  for (const javaScriptEnabled of [true, false]) {
    over.describe(`over ${scheme}, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () => {
      over.use({ javaScriptEnabled });

      over("every removal has the attributes of the cookie", async ({ page, context, baseURL }) => {
        const heard = watchCookies(context);
        await inAndOut(page, javaScriptEnabled);
        const answers = (await heard()).map((answer) => answer.filter(({ name }) => !isKnownBrowser(name)));
        // The starter's forms leave a note for the next page.
        expectSound(answers, ["flash", "session"].map((name) => cookieName(name, baseURL)), attributes);
        expect(await names(context)).toEqual([]);
      });
    });
  }
}

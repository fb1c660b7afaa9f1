// The library's script on pages that Leptos does not render: static files, other template engines.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { test, type NewContext } from "./test";
import { NOTICE_LIMIT_MS, newPerson, sessionCookie, signIn, signUp, signedInUser, signUpLink } from "./site";

const STATIC_PAGE = `<!DOCTYPE html>
<html lang="en">
  <head>
    <title>A static page</title>
    <script type="module" src="/guardian/guardian.js"></script>
  </head>
  <body>
    <p data-guardian-signed-in hidden>Hello, user</p>
    <guardian-user-button show-name><a href="/sign-out">Sign out</a></guardian-user-button>
    <p data-guardian-signed-out hidden>Hello, stranger</p>
    <label>Note <input name="note"></label>
    <form method="post" action="/api/sign_out">
      <input type="hidden" name="redirect" value="false">
      <button>Sign out</button>
      <div role="status"></div>
      <div role="alert"></div>
    </form>
  </body>
</html>`;

const PRIVATE_PAGE = STATIC_PAGE.replace("<body>", '<body><main data-guardian-requires-user="/sign-in">Private</main>');

/** Serves the pages as static files of the site, with a strict policy. */
async function addStaticPages(context: BrowserContext) {
  for (const [path, body] of [["**/static.html", STATIC_PAGE], ["**/private.html", PRIVATE_PAGE]] as const) {
    await context.route(path, (route) => route.fulfill({
      contentType: "text/html",
      headers: { "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'" },
      body,
    }));
  }
}

async function signedInOnStaticPage(page: Page) {
  await addStaticPages(page.context());
  const person = await signUp(page);
  await page.goto("/static.html");
  await expect(page.getByText("Hello, user")).toBeVisible();
  await expect(page.getByRole("button", { name: `Account of ${person.name}` })).toBeVisible();
  return person;
}

test("a static page shows who is signed in, and signs out", async ({ page, context }) => {
  await signedInOnStaticPage(page);
  const old = await sessionCookie(context);
  await page.getByLabel("Note").fill("typed");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("Hello, stranger")).toBeVisible();
  await expect(page.getByLabel("Note")).toHaveValue("typed");
  await expect(page).toHaveURL("/static.html");
  await context.addCookies([old!]);
  expect(await signedInUser(context.request), "the old cookie no longer works").toBeNull();
});

test("a static page and a Leptos page of one browser follow each other", async ({ page, context }) => {
  await signedInOnStaticPage(page);
  const leptos = await context.newPage();
  await leptos.goto("/");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(signUpLink(leptos)).toBeVisible({ timeout: NOTICE_LIMIT_MS });
  await signUp(leptos, newPerson("Grace Hopper"));
  await expect(page.getByRole("button", { name: "Account of Grace Hopper" })).toBeVisible();
});

test("a private static page is left when the session ends in another browser", async ({ page, newContext }) => {
  const person = await signedInOnStaticPage(page);
  await page.goto("/private.html");
  await expect(page.getByRole("main")).toHaveText("Private");
  const other = await signInElsewhere(newContext, person);
  await other.request.post("/api/sign_out", { form: { scope: "others" } });
  await expect(page).toHaveURL(/\/sign-in\?/, { timeout: 2 * NOTICE_LIMIT_MS });
  await page.goBack();
  await expect(page.getByText("Private")).toBeHidden();
});

test("signing out without a network hides the user, and is sent once the network is back", async ({ page, context, newContext }) => {
  const person = await signedInOnStaticPage(page);
  const old = await sessionCookie(context);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("Hello, stranger")).toBeVisible();
  await expect(page.getByText("This browser has forgotten you").first()).toBeVisible();
  await context.setOffline(false);
  const attacker = await newContext();
  await attacker.addCookies([old!]);
  await expect.poll(() => signedInUser(attacker.request), person.email).toBeNull();
});

test("without JavaScript the form of a static page signs out", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await addStaticPages(context);
  await signUp(page);
  await page.goto("/static.html");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/static.html");
  expect(await signedInUser(context.request)).toBeNull();
  await context.close();
});

async function signInElsewhere(newContext: NewContext, person: ReturnType<typeof newPerson>) {
  const context = await newContext();
  await signIn(await context.newPage(), person);
  return context;
}

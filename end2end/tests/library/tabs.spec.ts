import { expect, type Request } from "@playwright/test";
import { hydrated, live, listening, navigations, refocus, sessionCookie, settled, signedInUser, signIn, signUp, userButton, field, signUpLink, signOutInPlace, fetchAsIs } from "./site";
import { test } from "./test";

test("other tabs show a sign-out at once and keep typed text", async ({ page, context }) => {
  await signUp(page);
  const [home, form, account] = [await context.newPage(), await context.newPage(), await context.newPage()];
  await home.goto("/");
  await form.goto("/sign-up");
  await field(form, "name").fill("half a nam");
  await account.goto("/account");
  for (const tab of [home, form, account]) await live(tab);

  await page.goto("/account");
  await live(page);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(userButton(page)).toHaveCount(0);
  const start = Date.now();
  await expect(signUpLink(home)).toBeVisible({ timeout: 2_000 });
  // On a busy machine, the tab sees that its cookie is gone before it hears why.
  await expect(account).toHaveURL(/\/sign-in\?callback_url=%2Faccount(&reason=unknown)?$/, { timeout: 2_000 });
  await expect(userButton(form)).toHaveCount(0, { timeout: 2_000 });
  console.log(`the other tabs showed it within ${Date.now() - start} ms`);
  await expect(field(form, "name")).toHaveValue("half a nam");
});

for (const missing of ["EventSource", "locks"]) {
  test(`without ${missing}, a tab that becomes visible again asks who is signed in`, async ({ page, context, newContext }) => {
    await page.addInitScript((missing) => {
      if (missing === "locks") Object.defineProperty(navigator, "locks", { value: undefined });
      else Reflect.deleteProperty(window, missing);
    }, missing);
    const person = await signUp(page);
    await page.goto("/");
    await live(page);
    const old = await sessionCookie(context);
    const other = await newContext();
    const elsewhere = await other.newPage();
    await signIn(elsewhere, person);
    await elsewhere.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
    await expect(elsewhere).toHaveURL("/");
    // Not from the page's browser, which would notice that its cookies change.
    await other.addCookies([old!]);
    expect(await signedInUser(other.request)).toBeNull();
    await expect(userButton(page)).toBeVisible();
    const sessionRequest = page.waitForRequest("**/api/session");
    await refocus(page);
    await sessionRequest;
    await expect(signUpLink(page)).toBeVisible();
  });
}

test("the tab that signs out reaches its destination even if the navigation is slow", async ({ page }) => {
  await signUp(page);
  await live(page);
  await listening(page);
  // The page requests /favicon.svg?checked once it knows that nobody is signed in: a private page
  // could then leave for the sign-in page. `evaluate` does not work during a navigation.
  await page.evaluate(() => {
    const originalFetch = window.fetch.bind(window);
    window.fetch = async (...args) => {
      const response = await originalFetch(...args);
      if (String(args[0]).endsWith("/api/session")) {
        void response.clone().text().then(() => setTimeout(() => void originalFetch("/favicon.svg?checked")));
      }
      return response;
    };
  });
  const checked = page.waitForRequest("**/favicon.svg?checked");
  await page.route(
    (url) => url.pathname === "/",
    async (route) => {
      await checked;
      await route.continue();
    },
  );
  const paths = navigations(page);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page).toHaveURL("/");
  expect(paths).toEqual(["/"]);
});

test("a late response does not bring back a signed-out user", async ({ page }) => {
  await signUp(page);
  await page.goto("/");
  await live(page);
  // The request is sent before the sign-out, and its response arrives after it.
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let fetched = (_: Request) => {};
  const fetchedRequest = new Promise<Request>((resolve) => (fetched = resolve));
  await page.route(
    "/api/session",
    async (route) => {
      const response = await fetchAsIs(route);
      fetched(route.request());
      await held;
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  await refocus(page);
  const request = await fetchedRequest;
  await signOutInPlace(page);
  await expect(signUpLink(page)).toBeVisible();
  // The user must not appear even for a moment.
  await page.evaluate(() => {
    const look = () => {
      if (document.querySelector(".guardian-user")) Object.assign(window, { seen: true });
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  const late = page.waitForEvent("requestfinished", (finished) => finished === request);
  release();
  await late;
  await settled(page);
  expect(await page.evaluate(() => "seen" in window)).toBe(false);
});

test("a page from the browser's history asks who is signed in", async ({ page }) => {
  await page.goto("/");
  await expect(signUpLink(page)).toBeVisible();
  await signUp(page);
  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL("/");
  await expect(userButton(page)).toBeVisible();
});

test("a link within the app to a private page keeps that page as the callback URL", async ({ page }) => {
  await page.goto("/sign-up?from=here");
  await hydrated(page);
  await page.evaluate(() => {
    const link = document.createElement("a");
    link.href = "/account/sessions?x=1";
    link.textContent = "private";
    document.querySelector("main")!.append(link);
  });
  await page.getByRole("link", { name: "private" }).click();
  await expect(page).toHaveURL("/sign-in?callback_url=%2Faccount%2Fsessions%3Fx%3D1");
});

test("other tabs show a sign-in and keep typed text", async ({ page, context }) => {
  const form = await context.newPage();
  await form.goto("/sign-up");
  await hydrated(form);
  await field(form, "name").fill("half a nam");
  await signUp(page);
  await expect(userButton(form)).toBeVisible();
  await expect(field(form, "name")).toHaveValue("half a nam");
});

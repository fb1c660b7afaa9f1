import { expect, type Request } from "@playwright/test";
import { hydrated, listening, lookAt, navigations, settled, signIn, signUp, userButton, whoIs } from "../site";
import { test } from "../test";

test("the other tabs learn of a sign-out at once, and keep what was typed", async ({ page, context }) => {
  await signUp(page);
  const [home, form, account] = [await context.newPage(), await context.newPage(), await context.newPage()];
  await home.goto("/");
  await form.goto("/sign-up");
  await form.getByLabel("Name").fill("half a nam");
  await account.goto("/account");
  for (const tab of [home, form, account]) await hydrated(tab);

  await page.goto("/");
  await hydrated(page);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(userButton(page)).toHaveCount(0);
  const start = Date.now();
  await expect(home.getByRole("link", { name: "Create an account" })).toBeVisible({ timeout: 2_000 });
  await expect(account).toHaveURL("/sign-in?callback_url=%2Faccount", { timeout: 2_000 });
  await expect(userButton(form)).toHaveCount(0, { timeout: 2_000 });
  console.log(`the other tabs showed it within ${Date.now() - start} ms`);
  await expect(form.getByLabel("Name")).toHaveValue("half a nam");
});

for (const missing of ["EventSource", "locks"]) {
  test(`without ${missing}, a tab that is looked at again asks who is signed in`, async ({ page, context, newContext }) => {
    await page.addInitScript((missing) => {
      if (missing === "locks") Object.defineProperty(navigator, "locks", { value: undefined });
      else Reflect.deleteProperty(window, missing);
    }, missing);
    const person = await signUp(page);
    await page.goto("/");
    await hydrated(page);
    const other = await newContext();
    const elsewhere = await other.newPage();
    await signIn(elsewhere, person);
    await elsewhere.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
    await expect(elsewhere).toHaveURL("/");
    expect(await whoIs(context.request)).toBeNull();
    await expect(userButton(page)).toBeVisible();
    const asked = page.waitForRequest("**/api/session");
    await lookAt(page);
    await asked;
    await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
  });
}

test("the tab that signs out goes where it was sent, however slow the way", async ({ page }) => {
  await signUp(page);
  await hydrated(page);
  await listening(page);
  // The page says when it has heard of its sign-out, and that nobody is signed in: one that needs
  // a user could leave for the sign-in page. It cannot be asked while it is on its way.
  await page.evaluate(() => {
    const ask = window.fetch.bind(window);
    window.fetch = async (...question) => {
      const answer = await ask(...question);
      if (question[0] === "/api/session") {
        void answer.clone().text().then(() => setTimeout(() => void ask("/favicon.svg?heard")));
      }
      return answer;
    };
  });
  const heard = page.waitForRequest("**/favicon.svg?heard");
  await page.route(
    (url) => url.pathname === "/",
    async (route) => {
      await heard;
      await route.continue();
    },
  );
  const leftFor = navigations(page);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await expect(page).toHaveURL("/");
  expect(leftFor).toEqual(["/"]);
});

test("a late answer does not bring back who has signed out", async ({ page }) => {
  await signUp(page);
  await page.goto("/");
  await hydrated(page);
  // Asked before the sign-out, and arriving after it.
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let answered = (_: Request) => {};
  const answer = new Promise<Request>((resolve) => (answered = resolve));
  await page.route(
    "/api/session",
    async (route) => {
      const response = await route.fetch();
      answered(route.request());
      await held;
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  await lookAt(page);
  const request = await answer;
  await page.getByRole("button", { name: "Sign out and stay here" }).click();
  await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
  // Not even for a moment.
  await page.evaluate(() => {
    const look = () => {
      if (document.querySelector(".guardian-user")) Object.assign(window, { seen: true });
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
  const late = page.waitForEvent("requestfinished", (finished) => finished === request);
  letGo();
  await late;
  await settled(page);
  expect(await page.evaluate(() => "seen" in window)).toBe(false);
});

test("a page from the browser's history asks who is signed in", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("link", { name: "Create an account" })).toBeVisible();
  await signUp(page);
  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL("/");
  await expect(userButton(page)).toBeVisible();
});

test("a link within the app to a private page leads back to that page", async ({ page }) => {
  await page.goto("/sign-up?from=here");
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => {
    const link = document.createElement("a");
    link.href = "/account/sessions?x=1";
    link.textContent = "private";
    document.querySelector("main")!.append(link);
  });
  await page.getByRole("link", { name: "private" }).click();
  await expect(page).toHaveURL("/sign-in?callback_url=%2Faccount%2Fsessions%3Fx%3D1");
});

test("a sign-in in one tab is seen in the others, and keeps what was typed", async ({ page, context }) => {
  const form = await context.newPage();
  await form.goto("/sign-up");
  await form.waitForLoadState("networkidle");
  await form.getByLabel("Name").fill("half a nam");
  await signUp(page);
  await expect(userButton(form)).toBeVisible();
  await expect(form.getByLabel("Name")).toHaveValue("half a nam");
});

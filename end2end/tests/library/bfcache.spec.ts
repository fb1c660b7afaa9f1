import { expect, type BrowserType, type Page } from "@playwright/test";
import { hydrated, live, signedInUser, signUp, userButton, field, signUpLink } from "./site";
import { test } from "./test";

// Playwright disables the back/forward cache, which these tests need.
async function withCache(browserType: BrowserType, use: (page: Page) => Promise<void>) {
  const { channel, launchOptions } = test.info().project.use;
  const browser = await browserType.launch({
    channel,
    ...launchOptions,
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  const context = await browser.newContext({ baseURL: test.info().project.use.baseURL });
  const page = await context.newPage();
  await page.addInitScript(() => {
    addEventListener("pageshow", ({ persisted }) => Object.assign(window, { persisted }));
  });
  await use(page);
  await browser.close();
}

// Playwright's own `goBack` waits for a load, and a restored page does not load.
const goBack = (page: Page) => page.evaluate(() => void setTimeout(() => history.back()));

const wasRestored = (page: Page) => page.evaluate(() => "persisted" in window && window.persisted);

// Chromium does not cache a page that was sent with `no-store` and has a script's open connections.
// Other browsers, and pages of other apps, may be cached.
async function withoutNoStore(page: Page, path: string) {
  await page.route(
    (url) => url.pathname === path,
    async (route) => {
      const response = await route.fetch();
      const headers = { ...response.headers() };
      delete headers["cache-control"];
      await route.fulfill({ response, headers });
    },
  );
}

test("a restored page is shown if its session still exists", { tag: "@needs-bfcache" }, async ({ playwright, browserName }) => {
  await withCache(playwright[browserName], async (page) => {
    await signUp(page);
    await withoutNoStore(page, "/");
    await page.goto("/");
    await live(page);
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    await page.goto("/favicon.svg");
    await goBack(page);
    await expect(userButton(page)).toBeVisible();
    expect(await wasRestored(page), "from the cache").toBe(true);
    expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
    // It still receives events.
    await page.context().request.post("/api/sign_out");
    await expect(signUpLink(page)).toBeVisible();
  });
});

test("a restored public page keeps typed text, even offline", { tag: "@needs-bfcache" }, async ({ playwright, browserName }) => {
  await withCache(playwright[browserName], async (page) => {
    await page.goto("/sign-up");
    await hydrated(page);
    await field(page, "name").fill("half a nam");
    // The library hides a page that is left, until it knows who is signed in.
    await page.evaluate(() => {
      addEventListener("pagehide", () => sessionStorage.setItem("left", String(document.documentElement.hidden)));
    });
    await page.goto("/favicon.svg");
    await page.context().setOffline(true);
    await goBack(page);
    await expect(field(page, "name")).toBeVisible();
    await expect(field(page, "name")).toHaveValue("half a nam");
    expect(await page.evaluate(() => sessionStorage.getItem("left")), "hidden when it was left").toBe("true");
    expect(await wasRestored(page), "from the cache").toBe(true);
  });
});

test("going back after a sign-out with a redirect shows nothing private", async ({ playwright, browserName }) => {
  await withCache(playwright[browserName], async (page) => {
    const person = await signUp(page);
    await withoutNoStore(page, "/sign-out");
    await page.goto("/sign-out?callback_url=/favicon.svg");
    await live(page);
    await expect(page.getByText(`(${person.email})`)).toBeVisible();
    await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL("/favicon.svg");
    await goBack(page);
    await expect(page.getByText("You are signed out. Nobody is signed in")).toBeVisible();
    await expect(page.getByText(person.email)).toHaveCount(0);
  });
});

test("a restored page whose session has ended shows nothing private", { tag: "@needs-bfcache" }, async ({ playwright, browserName }) => {
  await withCache(playwright[browserName], async (page) => {
    await signUp(page);
    await withoutNoStore(page, "/");
    await page.goto("/");
    await live(page);
    // Checks every frame from the first one.
    await page.evaluate(() => {
      addEventListener("pageshow", () => {
        const visible = () => document.body.checkVisibility() && !!document.querySelector(".guardian-user");
        sessionStorage.setItem("restored", "yes");
        const look = () => {
          if (visible()) sessionStorage.setItem("seen", "yes");
          requestAnimationFrame(look);
        };
        look();
      });
    });
    await page.goto("/favicon.svg");
    await page.context().request.post("/api/sign_out");
    expect(await signedInUser(page.context().request)).toBeNull();
    await goBack(page);
    await expect(signUpLink(page)).toBeVisible();
    expect(await page.evaluate(() => sessionStorage.getItem("restored")), "from the cache").toBe("yes");
    expect(await page.evaluate(() => sessionStorage.getItem("seen"))).toBeNull();
  });
});

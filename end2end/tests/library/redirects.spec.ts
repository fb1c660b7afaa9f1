import { expect, type BrowserContext, type Page } from "@playwright/test";
import { decode, hostileFields } from "./hostile";
import { live, newPerson, signedInUser } from "./site";
import { test } from "./test";

// Tracing so many pages takes longer than loading them.
test.use({ trace: "off" });

/** Records the browser's requests to other sites, and scripts that ran. */
function watchOtherSites(context: BrowserContext, site: string) {
  const found: string[] = [];
  // An event, because a route does not see redirected requests.
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== site) found.push(request.url());
  });
  context.on("dialog", (dialog) => {
    found.push(`a script said ${dialog.message()}`);
    void dialog.dismiss();
  });
  return found;
}

/** Presses the sign-out page's button, and returns the origin where that leads. */
async function pressSignOut(page: Page) {
  const before = page.url();
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  const left = page.waitForURL((url) => url.href !== before, { waitUntil: "commit", timeout: 15_000 });
  return left.then(() => new URL(page.url()).origin, (failure: Error) => failure.message);
}

test("no response leads to another site, as the browser reads and follows it", async ({ page, context, baseURL }) => {
  const elsewhere = watchOtherSites(context, baseURL!);
  await page.goto("/sign-out");
  const urls = hostileFields(baseURL!).flat().map((field) => ({ field, url: decode(field) }));
  const results = await page.evaluate(async (urls) => {
    const post = (accept: string, field: string) =>
      fetch("/api/sign_out", {
        method: "POST",
        headers: { accept, "content-type": "application/x-www-form-urlencoded" },
        body: `callback_url=${field}`,
      });
    const originOf = (url: string) => (URL.canParse(url, location.href) ? new URL(url, location.href).origin : "nowhere");
    const results = [];
    for (const { field, url } of urls) {
      const target: string = (await (await post("application/json", field)).json()).url;
      const link = document.createElement("a");
      link.href = target;
      const followed = await post("text/html", field).catch(() => ({ url: "refused:" }));
      const ends = [originOf(target), originOf(link.href), originOf(followed.url)];
      results.push({ field, target, ends, ownOrigin: originOf(url) });
    }
    return results;
  }, urls);
  let refused = 0;
  for (const { field, target, ends, ownOrigin } of results) {
    expect(ends, `${field} leads to ${target}`).toEqual([baseURL, baseURL, baseURL]);
    if (ownOrigin === baseURL) continue;
    refused++;
    expect(target, `${field}, which leads to ${ownOrigin} by itself`).toBe("/");
  }
  expect(elsewhere).toEqual([]);
  console.log(`${results.length} hostile callback URLs, ${refused} of them refused`);
  expect(refused).toBeGreaterThan(200);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  // Only some of each kind, because a click and two page loads take time.
  test("no form leads to another site", async ({ page, context, baseURL }) => {
    const elsewhere = watchOtherSites(context, baseURL!);
    const some = hostileFields(baseURL!).flatMap((kind) => kind.filter((_, index) => index % 8 === 0));
    for (const field of some) {
      // After a failure the page always has its form, even if nobody is signed in.
      await page.goto(`/sign-out?error=unavailable&callback_url=${field}`, { waitUntil: "commit" });
      expect(await pressSignOut(page), field).toBe(baseURL);
      expect(elsewhere, field).toEqual([]);
    }
  });
});

// Only one of each kind, because hydration takes longer.
test("no hydrated page leads to another site", async ({ page, context, baseURL }) => {
  const elsewhere = watchOtherSites(context, baseURL!);
  let sentByPage = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/sign_out") && request.resourceType() === "fetch") sentByPage++;
  });
  const some = hostileFields(baseURL!).map((kind) => kind[0]);
  for (const field of some) {
    await context.request.post("/api/sign_up", { form: { ...newPerson() } });
    await page.goto(`/sign-out?callback_url=${field}`);
    await live(page);
    expect(await pressSignOut(page), field).toBe(baseURL);
    expect(await signedInUser(context.request), field).toBeNull();
    expect(elsewhere, field).toEqual([]);
  }
  expect(sentByPage).toBe(some.length);
});

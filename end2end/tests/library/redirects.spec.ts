import { expect, type BrowserContext, type Page } from "@playwright/test";
import { decode, hostile } from "./hostile";
import { hydrated, newPerson, whoIs } from "../site";
import { test } from "../test";

// A trace of so many pages takes longer than the pages.
test.use({ trace: "off" });

/** Keeps whatever the browser asks another site for. Names that end in `example` are nobody's. */
function strangers(context: BrowserContext, site: string) {
  const asked: string[] = [];
  // Not a route: that one does not see what a redirect leads to.
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== site) asked.push(request.url());
  });
  context.on("dialog", (dialog) => {
    asked.push(`a script said ${dialog.message()}`);
    void dialog.dismiss();
  });
  return asked;
}

/** Presses the sign-out page's button, and answers at which origin that ends. */
async function pressSignOut(page: Page) {
  const before = page.url();
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  const left = page.waitForURL((url) => url.href !== before, { waitUntil: "commit", timeout: 15_000 });
  return left.then(() => new URL(page.url()).origin, (failure: Error) => failure.message);
}

test("no answer leads to a stranger, as the browser reads and follows it", async ({ page, context, baseURL }) => {
  const asked = strangers(context, baseURL!);
  await page.goto("/sign-out");
  const urls = hostile(baseURL!).flat().map((field) => ({ field, url: decode(field) }));
  const answers = await page.evaluate(async (urls) => {
    const post = (accept: string, field: string) =>
      fetch("/api/sign_out", {
        method: "POST",
        headers: { accept, "content-type": "application/x-www-form-urlencoded" },
        body: `callback_url=${field}`,
      });
    const originOf = (url: string) => (URL.canParse(url, location.href) ? new URL(url, location.href).origin : "nowhere");
    const answers = [];
    for (const { field, url } of urls) {
      const target: string = (await (await post("application/json", field)).json()).url;
      const link = document.createElement("a");
      link.href = target;
      const followed = await post("text/html", field).catch(() => ({ url: "refused:" }));
      const ends = [originOf(target), originOf(link.href), originOf(followed.url)];
      answers.push({ field, target, ends, itself: originOf(url) });
    }
    return answers;
  }, urls);
  let refused = 0;
  for (const { field, target, ends, itself } of answers) {
    expect(ends, `${field} leads to ${target}`).toEqual([baseURL, baseURL, baseURL]);
    if (itself === baseURL) continue;
    refused++;
    expect(target, `${field}, which by itself leads to ${itself}`).toBe("/");
  }
  expect(asked).toEqual([]);
  console.log(`${answers.length} hostile callback URLs, ${refused} of which by themselves lead away`);
  expect(refused).toBeGreaterThan(200);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  // Some of each kind: a click and two pages take their time.
  test("no form leads to a stranger", async ({ page, context, baseURL }) => {
    const asked = strangers(context, baseURL!);
    const some = hostile(baseURL!).flatMap((kind) => kind.filter((_, index) => index % 8 === 0));
    for (const field of some) {
      // After a failure the page has its form, whether or not anybody is signed in.
      await page.goto(`/sign-out?error=unavailable&callback_url=${field}`, { waitUntil: "commit" });
      expect(await pressSignOut(page), field).toBe(baseURL);
      expect(asked, field).toEqual([]);
    }
  });
});

// One of each kind: a page that runs takes longer.
test("no hydrated page leads to a stranger", async ({ page, context, baseURL }) => {
  const asked = strangers(context, baseURL!);
  let sentByThePage = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/sign_out") && request.resourceType() === "fetch") sentByThePage++;
  });
  const some = hostile(baseURL!).map((kind) => kind[0]);
  for (const field of some) {
    await context.request.post("/api/sign_up", { form: { ...newPerson() } });
    await page.goto(`/sign-out?callback_url=${field}`);
    await hydrated(page);
    expect(await pressSignOut(page), field).toBe(baseURL);
    expect(await whoIs(context.request), field).toBeNull();
    expect(asked, field).toEqual([]);
  }
  expect(sentByThePage).toBe(some.length);
});

import { expect, type APIRequestContext } from "@playwright/test";
import { NOTICE_LIMIT_MS, live, listening, refocus, settled, signedInUser, signIn, signUp, type Person } from "./site";
import { test, type NewContext } from "./test";

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";

/** Where the page's script gets the list. */
const LIST = "/guardian/fragment/session-list";

async function signInElsewhere(newContext: NewContext, person: Person, userAgent = FIREFOX) {
  const context = await newContext({ userAgent });
  await signIn(await context.newPage(), person);
  return context;
}

/** Signs in several times like a script, without keeping the cookies. */
async function signInRepeatedly(newContext: NewContext, { email, password }: Person, times: number) {
  const context = await newContext({ userAgent: FIREFOX });
  for (let count = 0; count < times; count++) {
    await context.clearCookies();
    const response = await context.request.post("/api/sign_in", { form: { email, password } });
    expect(response.status()).toBe(200);
  }
}

async function sessionsOf(request: APIRequestContext, after = ""): Promise<{ handle: string }[]> {
  const response = await request.post("/api/sessions", { form: { after } });
  return (await response.json()).sessions;
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("the list ends one session, then the others, then all", async ({ page, context, newContext }) => {
      const person = await signUp(page);
      const firefox = await signInElsewhere(newContext, person);
      const script = await signInElsewhere(newContext, person, "curl/8.4.0");
      await page.goto("/account/sessions");
      if (javaScriptEnabled) await live(page);
      const lines = page.getByRole("main").getByRole("listitem");
      await expect(lines).toHaveCount(3);
      await expect(lines.first()).toContainText("This device");
      await expect(lines.first()).toContainText("127.0.0.1");
      await expect(lines.first()).toContainText("with password");
      await expect(page.getByText("Firefox 128 on Windows")).toBeVisible();

      await page.bringToFront();
      const line = lines.filter({ hasText: "Firefox 128" });
      await line.getByRole("button", { name: "End the session: Firefox 128 on Windows" }).click();
      await expect(lines).toHaveCount(2);
      await expect(page).toHaveURL("/account/sessions");
      if (javaScriptEnabled) {
        // The button disappears with its line. The focus must not move to another "End" button.
        const status = page.getByRole("status").filter({ hasText: "The session has ended." });
        await page.bringToFront();
        await expect(status).toBeFocused();
      }
      expect(await signedInUser(firefox.request)).toBeNull();
      expect(await signedInUser(script.request)).not.toBeNull();

      await page.getByRole("button", { name: "Sign out everywhere else" }).click();
      await expect(lines).toHaveCount(1);
      expect(await signedInUser(script.request)).toBeNull();
      expect(await signedInUser(context.request)).not.toBeNull();

      await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
      await expect(page).toHaveURL("/");
      expect(await signedInUser(context.request)).toBeNull();
    });

    test("a long list of sessions is shown in pages", async ({ page, newContext }) => {
      const person = await signUp(page);
      await signInRepeatedly(newContext, person, 54);
      await page.goto("/account/sessions");
      const lines = page.getByRole("main").getByRole("listitem");
      const device = page.getByText("This device");
      await expect(lines).toHaveCount(50);
      await expect(lines.first()).toContainText("This device");

      await page.getByRole("link", { name: "Show more" }).click();
      await expect(lines).toHaveCount(5);
      await expect(device).toHaveCount(0);
      await expect(page).toHaveURL(/[?]after=[^&]+#guardian-sessions$/);
      if (javaScriptEnabled) await live(page);
      // The keyboard focus continues in the list.
      await page.keyboard.press("Tab");
      await expect(page.getByRole("link", { name: "Back to the first" })).toBeFocused();
      await page.keyboard.press("Tab");
      await expect(lines.first().getByRole("button")).toBeFocused();

      await page.keyboard.press("Enter");
      await expect(lines).toHaveCount(4);
      await expect(page).toHaveURL(/[?]after=/);
      await page.getByRole("link", { name: "Back to the first" }).click();
      await expect(lines).toHaveCount(50);
      await expect(device).toBeVisible();
      await expect(page.getByRole("link", { name: "Back to the first" })).toHaveCount(0);
    });
  });
}

test("the list updates when a session ends elsewhere", async ({ page, newContext }) => {
  const person = await signUp(page);
  const other = await signInElsewhere(newContext, person);
  await page.goto("/account/sessions");
  await live(page);
  const lines = page.getByRole("main").getByRole("listitem");
  await expect(lines).toHaveCount(2);
  await other.request.post("/api/sign_out");
  await expect(lines).toHaveCount(1);
});

test("each page of the list updates when a session ends elsewhere, and loads only its own sessions", async ({
  page,
  context,
  newContext,
}) => {
  const person = await signUp(page);
  const other = await signInElsewhere(newContext, person);
  await signInRepeatedly(newContext, person, 58);
  const end = (session: string) =>
    other.request.post("/api/sign_out", { form: { session, redirect: "false" } });
  const lines = page.getByRole("main").getByRole("listitem");
  await page.goto("/account/sessions");
  await live(page);
  await listening(page);
  const link = page.getByRole("link", { name: "Show more" });
  const before = await link.getAttribute("href");
  const [, , shown] = await sessionsOf(context.request);
  await end(shown.handle);
  // The next session moves up, and the link now starts after it.
  await expect(link).not.toHaveAttribute("href", before!);
  await expect(lines).toHaveCount(50);

  await link.click();
  await expect(lines).toHaveCount(9);
  await live(page);
  await listening(page);
  const after = new URL(page.url()).searchParams.get("after")!;
  const reload = page.waitForResponse((response) => response.url().includes(LIST));
  const [first, second] = await sessionsOf(context.request, after);
  await end(first.handle);
  await expect(lines).toHaveCount(8);
  expect(new URL((await reload).url()).searchParams.get("after")).toBe(after);
  expect((await (await reload).text()).split("<li ").length - 1).toBeLessThanOrEqual(50);
  await end(second.handle);
  await expect(lines).toHaveCount(7);
  await expect(page).toHaveURL(/after=/);
});

test("a list that fails to load shows an error, and a retry loads it", async ({ page, newContext }) => {
  const person = await signUp(page);
  const other = await signInElsewhere(newContext, person);
  await page.goto("/account/sessions");
  await live(page);
  await listening(page);
  let refused = 0;
  await page.route(`**${LIST}*`, (route) => {
    refused++;
    return route.abort();
  });
  await other.request.post("/api/sign_out");
  await expect(page.getByRole("alert").filter({ hasText: "could not be loaded" })).toBeVisible();
  // Its own retry fails too.
  const before = refused;
  await refocus(page);
  await expect.poll(() => refused).toBeGreaterThan(before);
  await settled(page);
  await page.unroute(`**${LIST}*`);
  await page.getByRole("link", { name: "Try again" }).click();
  await expect(page.getByText("This device")).toBeVisible();
});

test("a sign-in elsewhere appears in an open list at once", async ({ page, newContext }) => {
  const person = await signUp(page);
  await page.goto("/account/sessions");
  await live(page);
  await listening(page);
  const lines = page.getByRole("main").getByRole("listitem");
  await expect(lines).toHaveCount(1);
  await signInElsewhere(newContext, person);
  await expect(lines).toHaveCount(2, { timeout: NOTICE_LIMIT_MS });
  await expect(page.getByText("Firefox 128 on Windows")).toBeVisible();
});

test("another user's session handle gets the same response as an unknown one", async ({ page, newContext }) => {
  const victim = await newContext();
  await signUp(await victim.newPage());
  const [{ handle }] = await sessionsOf(victim.request);
  await signUp(page);
  const end = async (session: string) => {
    const response = await page.context().request.post("/api/sign_out", { form: { session, redirect: "false" } });
    return [response.status(), await response.text()];
  };
  expect(await end(handle)).toEqual(await end("no-such-session"));
  expect(await signedInUser(victim.request)).not.toBeNull();
});

test.describe("in Tokyo", () => {
  test.use({ timezoneId: "Asia/Tokyo", locale: "en-GB" });

  test("the exact time is in UTC at first, and in the viewer's time zone on hover", async ({ page, context }) => {
    await signUp(page);
    const html = await (await context.request.get("/account/sessions")).text();
    expect(html).toMatch(/title="\d+ \w{3} \d{4}, \d\d:\d\d UTC"/);
    await page.goto("/account/sessions");
    await live(page);
    const now = new Date().toLocaleDateString("en-GB", { timeZone: "Asia/Tokyo" });
    await page.locator("time").first().hover();
    await expect(page.locator("time").first()).toHaveAttribute("title", new RegExp(`^${now}, `));
    await expect(page.locator("time").first()).toHaveText("just now");
  });
});

test("the list fits a narrow screen", async ({ page, newContext }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const person = await signUp(page);
  const other = await signInElsewhere(newContext, person, `Mozilla/5.0 ${"W".repeat(200)}/1.0`);
  await page.goto("/account/sessions");
  await expect(page.getByRole("main").getByRole("listitem")).toHaveCount(2);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
});

import { devices, expect, type Page, type Request } from "@playwright/test";
import { command, TestServer } from "./server";
import {
  NOTICE_LIMIT_MS,
  live,
  listening,
  measureLatency,
  navigations,
  settled,
  signedInUser,
  signIn,
  signOutReceived,
  signUp,
  userButton, field, signUpLink, fetchAsIs } from "./site";
import { test } from "./test";

test("two tabs, another browser and a phone show a sign-out at once", async ({ page, context, newContext }) => {
  const person = await signUp(page);
  const tab = await context.newPage();
  await tab.goto("/");
  const laptop = await newContext();
  const home = await laptop.newPage();
  await signIn(home, person);
  await home.goto("/");
  const phone = await newContext({ viewport: devices["Pixel 7"].viewport });
  const form = await phone.newPage();
  await signIn(form, person);
  await form.goto("/sign-up");
  await field(form, "name").fill("half a nam");
  for (const open of [tab, home, form]) await live(open);
  for (const open of [home, form]) await listening(open);

  const end = () => context.request.post("/api/sign_out", { form: { scope: "global" } });
  await Promise.all([
    measureLatency("another tab", tab, async () => {}),
    measureLatency("another browser", home, end),
    measureLatency("a phone", form, async () => {}),
  ]);
  await expect(signUpLink(home)).toBeVisible();
  await expect(home.getByRole("status").filter({ hasText: "from another device" })).toBeVisible();
  await expect(field(form, "name"), "the typed text is kept").toHaveValue("half a nam");
  await expect(page, "a private page redirects to the sign-in page").toHaveURL(/\/sign-in\?callback_url=%2Faccount/);
});

test("after a sign-out everywhere else, the other devices leave and say why, and this one stays", async ({ page, newContext }) => {
  const person = await signUp(page);
  await live(page);
  const other = await newContext();
  const account = await other.newPage();
  await signIn(account, person);
  await listening(account);
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(account).toHaveURL("/sign-in?callback_url=%2Faccount&reason=other_device", { timeout: NOTICE_LIMIT_MS });
  await expect(account.getByRole("status").filter({ hasText: "signed out from another device" })).toBeVisible();
  await expect(userButton(page)).toBeVisible();
});

test("other devices say that the password was changed", async ({ page, newContext }) => {
  const person = await signUp(page);
  const other = await newContext();
  const account = await other.newPage();
  await signIn(account, person);
  await listening(account);
  await field(page, "current_password").fill(person.password);
  await field(page, "password").fill("a new password");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(account.getByRole("status").filter({ hasText: "password was changed" })).toBeVisible();
});

test("a shell command signs out an open page within two seconds", async ({ page, context }) => {
  const person = await signUp(page);
  await page.goto("/");
  await live(page);
  await listening(page);
  await measureLatency("a shell command", page, async () => {
    expect(await command("sign-out", "--user", person.email, "--reason", "a test")).toBe("1 session ended.");
  });
  await expect(page.getByRole("status").filter({ hasText: "An administrator" })).toBeVisible();
  expect(await signedInUser(context.request)).toBeNull();
});

test("eight tabs of one browser share one stream, and another tab takes it over", async ({ page, context }) => {
  const streams = new Set<Request>();
  const open = () => [...streams].filter((request) => !request.frame().page().isClosed()).length;
  await signUp(page);
  await page.goto("about:blank");
  context.on("request", (request) => {
    if (request.url().endsWith("/guardian/events")) streams.add(request);
  });
  context.on("requestfailed", (request) => streams.delete(request));
  context.on("requestfinished", (request) => streams.delete(request));
  await page.goto("/");
  const tabs = [page];
  while (tabs.length < 8) {
    const tab = await context.newPage();
    await tab.goto("/");
    tabs.push(tab);
  }
  for (const tab of tabs) await live(tab);
  const locks = () =>
    tabs.at(-1)!.evaluate(async () => {
      const { held, pending } = await navigator.locks.query();
      return [held!.length, pending!.length];
    });
  await expect.poll(locks).toEqual([1, 7]);
  console.log(`eight tabs: ${open()} open stream`);
  expect(open()).toBe(1);

  await tabs.shift()!.close();
  await expect.poll(locks).toEqual([1, 6]);
  await expect.poll(open).toBe(1);
  await listening(tabs[0]);
  await context.request.post("/api/sign_out");
  for (const tab of tabs) await expect(userButton(tab)).toHaveCount(0, { timeout: NOTICE_LIMIT_MS });
});

test("the stream reconnects after a server restart", async ({ newContext }) => {
  const server = await TestServer.start();
  const context = await newContext({ baseURL: server.url });
  const other = await newContext({ baseURL: server.url });
  try {
    const page = await context.newPage();
    const person = await signUp(page);
    await page.goto("/");
    await live(page);
    await listening(page);
    const elsewhere = await other.newPage();
    await signIn(elsewhere, person);

    const took = await server.stop();
    console.log(`the server stopped after ${took} ms, with two pages open`);
    expect(took, "open pages do not delay it").toBeLessThan(5_000);
    await server.run();
    // The browser reconnects by itself.
    await listening(page);
    await measureLatency("after a restart", page, () =>
      other.request.post("/api/sign_out", { form: { scope: "global" } }),
    );
  } finally {
    await server.end();
  }
});

test("a sign-out during a server restart is shown once the server is back", async ({ newContext }) => {
  const server = await TestServer.start();
  const context = await newContext({ baseURL: server.url });
  try {
    const page = await context.newPage();
    await signUp(page);
    await page.goto("/");
    await listening(page);
    await server.stop();
    expect(await server.command("sign-out", "--everyone")).toBe("1 session ended.");
    await expect(userButton(page), "the page does not know yet").toBeVisible();
    await server.run();
    await expect(userButton(page)).toHaveCount(0);
    await expect(page.getByRole("status").filter({ hasText: "You were signed out." })).toBeVisible();
  } finally {
    await server.end();
  }
});

test("the tab that signs out ignores the event of its own sign-out", async ({ page }) => {
  await signUp(page);
  await live(page);
  await listening(page);
  // The event arrives before the response.
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("/api/sign_out", async (route) => {
    const response = await fetchAsIs(route, "scope=global");
    await held;
    await route.fulfill({ response });
  });
  let sessionRequests = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/session")) sessionRequests++;
  });
  const paths = navigations(page);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await signOutReceived(page);
  await settled(page);
  expect(sessionRequests, "it does not ask who is signed in").toBe(0);
  await expect(page).toHaveURL("/account");
  release();
  await expect(page, "it follows its own response").toHaveURL("/");
  expect(paths).toEqual(["/"]);
});

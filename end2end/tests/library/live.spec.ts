import { devices, expect, type Page, type Request } from "@playwright/test";
import { command, OwnServer } from "./server";
import {
  AT_ONCE,
  hydrated,
  latency,
  listening,
  navigations,
  settled,
  signIn,
  signUp,
  toldOfSignOut,
  userButton,
  whoIs,
} from "../site";
import { test } from "../test";

test("two tabs, another browser and a phone learn of a sign-out at once", async ({ page, context, newContext }) => {
  const person = await signUp(page);
  const tab = await context.newPage();
  await tab.goto("/");
  const laptop = await newContext();
  const home = await laptop.newPage();
  await signIn(home, person);
  await home.goto("/");
  const handset = await newContext(devices["Pixel 7"]);
  const form = await handset.newPage();
  await signIn(form, person);
  await form.goto("/sign-up");
  await form.getByLabel("Name").fill("half a nam");
  for (const one of [tab, home, form]) await hydrated(one);
  for (const one of [home, form]) await listening(one);

  const end = () => context.request.post("/api/sign_out", { form: { scope: "global" } });
  await Promise.all([
    latency("another tab", tab, async () => {}),
    latency("another browser", home, end),
    latency("a phone", form, async () => {}),
  ]);
  await expect(home.getByRole("link", { name: "Create an account" })).toBeVisible();
  await expect(home.getByRole("status").filter({ hasText: "from another device" })).toBeVisible();
  await expect(form.getByLabel("Name"), "what was typed is kept").toHaveValue("half a nam");
  await expect(page, "a page that needs a user is left").toHaveURL(/\/sign-in\?callback_url=%2Faccount/);
});

test("everywhere else: the others leave and say why, this one stays", async ({ page, newContext }) => {
  const person = await signUp(page);
  await hydrated(page);
  const other = await newContext();
  const account = await other.newPage();
  await signIn(account, person);
  await listening(account);
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(account).toHaveURL("/sign-in?callback_url=%2Faccount&reason=other_device", { timeout: AT_ONCE });
  await expect(account.getByRole("status").filter({ hasText: "signed out from another device" })).toBeVisible();
  await expect(userButton(page)).toBeVisible();
});

test("a changed password says so on the other devices", async ({ page, newContext }) => {
  const person = await signUp(page);
  const other = await newContext();
  const account = await other.newPage();
  await signIn(account, person);
  await listening(account);
  await page.getByLabel("Current password").fill(person.password);
  await page.getByLabel("New password").fill("a new password");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(account.getByRole("status").filter({ hasText: "password was changed" })).toBeVisible();
});

test("a command in a shell is seen on the open page within two seconds", async ({ page, context }) => {
  const person = await signUp(page);
  await page.goto("/");
  await hydrated(page);
  await listening(page);
  await latency("a command in a shell", page, async () => {
    expect(await command("sign-out", "--user", person.email, "--reason", "a test")).toBe("1 session ended.");
  });
  await expect(page.getByRole("status").filter({ hasText: "An administrator" })).toBeVisible();
  expect(await whoIs(context.request)).toBeNull();
});

test("eight tabs of one browser hold one stream, and hand it on", async ({ page, context }) => {
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
  for (const tab of tabs) await hydrated(tab);
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
  for (const tab of tabs) await expect(userButton(tab)).toHaveCount(0, { timeout: AT_ONCE });
});

test("the stream survives a restart of the server", async ({ newContext }) => {
  const server = await OwnServer.start();
  const context = await newContext({ baseURL: server.url });
  const other = await newContext({ baseURL: server.url });
  try {
    const page = await context.newPage();
    const person = await signUp(page);
    await page.goto("/");
    await hydrated(page);
    await listening(page);
    const elsewhere = await other.newPage();
    await signIn(elsewhere, person);

    const took = await server.stop();
    console.log(`the server stopped after ${took} ms, with two pages open`);
    expect(took, "open pages do not hold it up").toBeLessThan(5_000);
    await server.run();
    // The browser comes back by itself.
    await listening(page);
    await latency("after a restart", page, () =>
      other.request.post("/api/sign_out", { form: { scope: "global" } }),
    );
  } finally {
    await server.end();
  }
});

test("a sign-out while the server is restarting is seen when it is back", async ({ newContext }) => {
  const server = await OwnServer.start();
  const context = await newContext({ baseURL: server.url });
  try {
    const page = await context.newPage();
    await signUp(page);
    await page.goto("/");
    await listening(page);
    await server.stop();
    expect(await server.command("sign-out", "--everyone")).toBe("1 session ended.");
    await expect(userButton(page), "nobody has told it yet").toBeVisible();
    await server.run();
    await expect(userButton(page)).toHaveCount(0);
    await expect(page.getByRole("status").filter({ hasText: "You were signed out." })).toBeVisible();
  } finally {
    await server.end();
  }
});

test("the tab that signs out is not hurried away by what it hears of itself", async ({ page }) => {
  await signUp(page);
  await hydrated(page);
  await listening(page);
  // The stream is faster than the answer.
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route("/api/sign_out", async (route) => {
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/session")) asked++;
  });
  const leftFor = navigations(page);
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await toldOfSignOut(page);
  await settled(page);
  expect(asked, "it does not ask who is signed in now").toBe(0);
  await expect(page).toHaveURL("/account");
  letGo();
  await expect(page, "it goes where it was sent").toHaveURL("/");
  expect(leftFor).toEqual(["/"]);
});

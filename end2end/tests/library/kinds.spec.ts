// The ways of building an app other than the starter's: islands, Leptos on the server alone, and no Leptos.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { NOTICE_LIMIT_MS, cookieName, refocus, userButton } from "./site";
import { test } from "./test";
import { ROOT, freePort } from "./server";

/** The examples, which scripts/build-examples has built. */
const PROGRAMS = {
  islands: "target/debug/islands",
  "Leptos on the server alone": "target/debug/examples/server_rendered",
  "no Leptos": "target/debug/examples/without_leptos",
};

async function signIn(page: Page, url: string, name = "Ada Lovelace") {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: `Hello, ${name}` })).toBeVisible();
}

async function sessionCookie(context: BrowserContext, url: string) {
  const name = cookieName("session", url, "guardian");
  return (await context.cookies(url)).find((cookie) => cookie.name === name)!;
}

async function signedInUser(context: BrowserContext, url: string) {
  const response = await context.request.post(`${url}/api/session`);
  expect(response.status()).toBe(200);
  return response.json();
}

for (const [name, program] of Object.entries(PROGRAMS)) {
  test.describe(name, () => {
    let server: ChildProcess;
    let url: string;
    let staticSite: string;

    test.beforeEach(async () => {
      const address = `127.0.0.1:${await freePort()}`;
      url = `http://${address}`;
      staticSite = `http://127.0.0.1:${await freePort()}`;
      const env = { ...process.env, ADDRESS: address, STATIC_SITE: staticSite };
      server = spawn(join(ROOT, program), { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
      await once(server.stdout!, "data");
    });

    test.afterEach(async () => {
      server.kill("SIGTERM");
      await once(server, "exit");
    });

    test("a page shows who is signed in and signs out from the menu", async ({ page, context }) => {
      await signIn(page, url);
      const old = await sessionCookie(context, url);
      await userButton(page).click();
      await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
      await expect(page.getByRole("heading", { name: "Hello, stranger" })).toBeVisible();
      await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
      await context.addCookies([old]);
      expect(await signedInUser(context, url)).toBeNull();
    });

    test("another tab shows the sign-out at once, and keeps what was typed", async ({ page, context }) => {
      await signIn(page, url);
      const other = await context.newPage();
      await other.goto(url);
      await other.getByLabel("Note").fill("typed");
      await userButton(page).click();
      await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
      await expect(other.getByRole("link", { name: "Sign in" })).toBeVisible({ timeout: NOTICE_LIMIT_MS });
      await expect(other.getByRole("heading", { name: "Hello, stranger" })).toBeVisible();
      await expect(userButton(other)).toHaveCount(0);
      expect(await other.content()).not.toContain("Ada Lovelace");
      await expect(other.getByLabel("Note")).toHaveValue("typed");
    });

    test("another tab shows a sign-in, and keeps what was typed", async ({ page, context }) => {
      await page.goto(url);
      await page.getByLabel("Note").fill("typed");
      await signIn(await context.newPage(), url);
      await expect(userButton(page)).toBeVisible({ timeout: NOTICE_LIMIT_MS });
      await expect(page.getByRole("heading", { name: "Hello, Ada Lovelace" })).toBeVisible();
      await expect(page.getByLabel("Note")).toHaveValue("typed");
    });

    test("a page that needs a user is left when the session ends in another browser", async ({ page, newContext }) => {
      await signIn(page, url);
      await page.goto(`${url}/account`);
      await expect(page.getByRole("heading", { name: "Your account" })).toBeVisible();
      const elsewhere = await newContext();
      await signIn(await elsewhere.newPage(), url);
      const response = await elsewhere.request.post(`${url}/api/sign_out`, { form: { scope: "others" } });
      expect(response.status()).toBe(200);
      await expect(page).toHaveURL(/\/sign-in\?callback_url=%2Faccount/, { timeout: 2 * NOTICE_LIMIT_MS });
    });

    test("without a network, signing out forgets the user, and ends the session once it is back", async ({ page, context, newContext }) => {
      await signIn(page, url);
      const old = await sessionCookie(context, url);
      await userButton(page).click();
      await context.setOffline(true);
      await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
      await expect(page.getByText("This browser has forgotten you").first()).toBeVisible();
      await expect(page.getByText("Ada Lovelace").filter({ visible: true })).toHaveCount(0);
      await context.setOffline(false);
      const thief = await newContext();
      await thief.addCookies([old]);
      await expect.poll(() => signedInUser(thief, url)).toBeNull();
    });

    test("without JavaScript the pages work", async ({ browser }) => {
      const context = await browser.newContext({ javaScriptEnabled: false });
      const page = await context.newPage();
      await signIn(page, url);
      const old = await sessionCookie(context, url);
      if (name === "no Leptos") await page.getByRole("link", { name: "Sign out" }).click();
      else await userButton(page).click();
      await page.getByRole("button", { name: "Sign out", exact: true }).click();
      await expect(page.getByRole("heading", { name: "Hello, stranger" })).toBeVisible();
      await context.addCookies([old]);
      expect(await signedInUser(context, url)).toBeNull();
      await context.close();
    });

    test("a sign-in by a bare request is shown", async ({ page }) => {
      await page.goto(url);
      await page.evaluate(() => fetch("/sign-in", { method: "POST", body: new URLSearchParams({ name: "Grace Hopper" }) }));
      await expect(page.getByRole("heading", { name: "Hello, Grace Hopper" })).toBeVisible();
      await expect(userButton(page)).toBeVisible();
    });

    if (name === "no Leptos") {
      test("a changed field shows on the user's open pages, in other tabs and on other devices", async ({ page, context, newContext }) => {
        await signIn(page, url);
        const tab = await context.newPage();
        await tab.goto(url);
        const device = await (await newContext()).newPage();
        await signIn(device, url);
        for (const open of [page, tab, device]) await expect(open.getByText("Plan: free")).toBeVisible();
        await tab.getByLabel("Note").fill("typed");
        const response = await page.request.post(`${url}/plan`, { form: { plan: "pro" } });
        expect(response.status()).toBe(200);
        for (const open of [page, tab, device]) {
          await expect(open.getByText("Plan: pro")).toBeVisible({ timeout: NOTICE_LIMIT_MS });
          expect(await open.evaluate(async () => (await window.guardian.session())?.active.profile)).toMatchObject({ fields: { plan: "pro" } });
        }
        await expect(tab.getByLabel("Note")).toHaveValue("typed");
      });
    }

    if (name !== "islands") {
      test("what the page's own scripts have added stays", async ({ page, context }) => {
        await page.goto(url);
        await page.locator("main").evaluate((main) => {
          const [kept, lost] = ["kept", "lost"].map((text) => Object.assign(document.createElement("p"), { textContent: text }));
          kept.dataset.guardianKeep = "";
          main.append(kept, lost);
        });
        await signIn(await context.newPage(), url);
        await expect(page.getByRole("heading", { name: "Hello, Ada Lovelace" })).toBeVisible({ timeout: NOTICE_LIMIT_MS });
        await expect(page.getByText("lost")).toHaveCount(0);
        await expect(page.getByText("kept")).toBeVisible();
      });
    }

    if (name === "islands") {
      test("an island signs out in place, and is told why", async ({ page, context }) => {
        await signIn(page, url);
        const old = await sessionCookie(context, url);
        await page.getByLabel("Note").fill("typed");
        await page.getByRole("button", { name: "Sign out of here" }).click();
        await expect(page.getByRole("heading", { name: "Hello, stranger" })).toBeVisible();
        await expect(page.getByRole("status").filter({ hasText: "You signed out." })).toBeVisible();
        await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
        await expect(page.getByLabel("Note")).toHaveValue("typed");
        await context.addCookies([old]);
        expect(await signedInUser(context, url)).toBeNull();
      });

      test("a sign-in through an <ActionForm> is shown at once", async ({ page }) => {
        await page.goto(url);
        await page.getByLabel("Note").fill("typed");
        await page.getByLabel("Your name").fill("Grace Hopper");
        await page.getByRole("button", { name: "Sign in here" }).click();
        await expect(page.getByRole("heading", { name: "Hello, Grace Hopper" })).toBeVisible();
        await expect(userButton(page)).toBeVisible();
        await expect(page.getByLabel("Note")).toHaveValue("typed");
      });

      test("an island is told that the server cannot be reached", async ({ page, context }) => {
        await signIn(page, url);
        await context.setOffline(true);
        await page.getByRole("button", { name: "Sign out of here" }).click();
        await expect(page.getByRole("alert").filter({ hasText: "This browser has forgotten you" }).first()).toBeVisible();
        await expect(page.getByRole("heading", { name: "Hello, stranger" })).toBeVisible();
      });
    }

    if (name === "no Leptos") {
      test("a static file has a button, a menu and a list, and follows sign-outs", async ({ page, context }) => {
        await signIn(page, url);
        const old = await sessionCookie(context, url);
        await page.goto(`${url}/static.html`);
        await expect(userButton(page)).toBeVisible();
        await expect(page.getByText("Welcome back")).toBeVisible();
        await expect(page.getByText("This device")).toBeVisible();
        await page.getByLabel("Note").fill("typed");
        await userButton(page).click();
        await expect(page.getByRole("link", { name: "Manage account" })).toBeVisible();
        await page.keyboard.press("Escape");
        await page.locator("guardian-sign-out-button").getByRole("button").click();
        await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
        await expect(page.getByText("Welcome back")).toBeHidden();
        expect(await page.content()).not.toContain("Ada Lovelace");
        await expect(page.getByText("This device")).toHaveCount(0);
        await expect(page.getByLabel("Note")).toHaveValue("typed");
        await context.addCookies([old]);
        expect(await signedInUser(context, url)).toBeNull();
      });

      test("a static file on another origin follows and signs out", async ({ page, context, newContext }) => {
        const file = await readFile(join(ROOT, "guardian/examples/without_leptos.html"), "utf8");
        const html = file.replaceAll('"/', `"${url}/`);
        const files = createServer((_, response) => response.setHeader("content-type", "text/html").end(html));
        files.listen(Number(new URL(staticSite).port), "127.0.0.1");
        await once(files, "listening");
        try {
          await page.goto(staticSite);
          await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
          const app = await context.newPage();
          await signIn(app, url);
          await refocus(page);
          await expect(userButton(page)).toBeVisible();
          await expect(page.getByText("This device")).toBeVisible();
          await userButton(page).click();
          await expect(page.getByRole("link", { name: "Manage account" })).toHaveAttribute("href", `${url}/account`);
          await page.keyboard.press("Escape");

          const elsewhere = await newContext();
          await signIn(await elsewhere.newPage(), url);
          const response = await elsewhere.request.post(`${url}/api/sign_out`, { form: { scope: "others" } });
          expect(response.status()).toBe(200);
          await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible({ timeout: 2 * NOTICE_LIMIT_MS });
          expect(await page.content()).not.toContain("Ada Lovelace");

          await signIn(app, url);
          const old = await sessionCookie(context, url);
          await refocus(page);
          await userButton(page).click();
          await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
          // The app says where a sign-out leads, and that is on its own origin.
          await expect(page).toHaveURL(`${url}/`);
          await expect(app.getByRole("heading", { name: "Hello, stranger" })).toBeVisible({ timeout: NOTICE_LIMIT_MS });
          await context.addCookies([old]);
          expect(await signedInUser(context, url)).toBeNull();
        } finally {
          files.close();
        }
      });

      test("a static file has links to the sign-out page without JavaScript", async ({ browser }) => {
        const context = await browser.newContext({ javaScriptEnabled: false });
        const page = await context.newPage();
        await page.goto(`${url}/static.html`);
        await expect(page.getByRole("link", { name: "Sign out" }).first()).toHaveAttribute("href", "/sign-out");
        await context.close();
      });

      test("a list in a static file follows other browsers", async ({ page, newContext }) => {
        await signIn(page, url);
        await page.goto(`${url}/static.html`);
        const rows = page.locator("#mounted").getByRole("listitem");
        await expect(rows).toHaveCount(1);
        const elsewhere = await newContext();
        await signIn(await elsewhere.newPage(), url);
        await expect(rows).toHaveCount(2, { timeout: NOTICE_LIMIT_MS });
        await page.bringToFront();
        await rows.getByRole("button", { name: "End the session" }).click();
        await expect(rows).toHaveCount(1);
        await expect(page.getByRole("status").filter({ hasText: "The session has ended." })).toBeFocused();
        expect(await signedInUser(elsewhere, url)).toBeNull();
      });
    }
  });
}

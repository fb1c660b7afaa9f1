// Settings of the cookie for which a browser decides: the hosts that get it, and the links that bring it.

import { expect, type Page } from "@playwright/test";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ROOT, freePort } from "./server";
import { cookieName, userButton } from "./site";
import { test } from "./test";

/** An example that takes the settings from its environment; scripts/build-examples has built it. */
const PROGRAM = join(ROOT, "target/debug/examples/without_leptos");

let server: ChildProcess;
let port: number;

async function start(settings: NodeJS.ProcessEnv) {
  port = await freePort();
  const env = { ...process.env, ADDRESS: `127.0.0.1:${port}`, SITE_URL: site("www"), ...settings };
  server = spawn(PROGRAM, { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
  await once(server.stdout!, "data");
}

test.afterEach(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
});

function site(host: string) {
  return `http://${host}.app.test:${port}`;
}

function greeting(page: Page, name: string) {
  return page.getByRole("heading", { name: `Hello, ${name}` });
}

async function signIn(page: Page, url: string) {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("Name").fill("Ada Lovelace");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(greeting(page, "Ada Lovelace")).toBeVisible();
}

async function signOutFromMenu(page: Page) {
  await userButton(page).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
}

test("subdomains share a session, and a sign-out on one of them holds on all", { tag: "@needs-host-rules" }, async ({ page, context }) => {
  await start({ COOKIE_DOMAIN: "app.test" });
  await signIn(page, site("www"));
  const cookies = await context.cookies();
  expect(cookies.map(({ domain }) => domain)).toEqual([".app.test", ".app.test"]);
  const other = await context.newPage();
  await other.goto(site("shop"));
  await expect(greeting(other, "Ada Lovelace")).toBeVisible();
  await signOutFromMenu(other);
  await expect(greeting(other, "stranger")).toBeVisible();
  expect(await context.cookies(), "both are removed, also for the other host").toEqual([]);
  await page.reload();
  await expect(greeting(page, "stranger")).toBeVisible();
});

test("without a domain, the session is one host's", { tag: "@needs-host-rules" }, async ({ page }) => {
  await start({});
  await signIn(page, site("www"));
  await page.goto(site("shop"));
  await expect(greeting(page, "stranger")).toBeVisible();
});

test("a sign-out without a network holds on all subdomains, and is sent once it is back", { tag: "@needs-host-rules" }, async ({ page, context }) => {
  await start({ COOKIE_DOMAIN: "app.test" });
  await signIn(page, site("www"));
  const pending = cookieName("pending_sign_out", site("www"), "guardian");
  await userButton(page).click();
  // This host's requests alone fail.
  await page.route("**/api/sign_out", (route) => route.abort());
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("This browser has forgotten you").first()).toBeVisible();
  const kept = (await context.cookies()).find(({ name }) => name === pending);
  expect(kept).toMatchObject({ domain: ".app.test", path: "/" });
  const other = await context.newPage();
  await other.goto(site("shop"));
  await expect(greeting(other, "stranger")).toBeVisible();
  // The other host's page sends it.
  await expect.poll(async () => (await context.cookies()).map(({ name }) => name)).toEqual([]);
});

/** Follows a link from a page of another site. */
async function followLink(page: Page, url: string) {
  const elsewhere = `http://other.test:${port}/`;
  const body = `<a href="${url}">A link</a>`;
  await page.route(elsewhere, (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto(elsewhere);
  await page.getByRole("link", { name: "A link" }).click();
}

test("with Strict, a link from another site finds the user signed in as soon as the script runs", { tag: "@needs-host-rules" }, async ({ page }) => {
  await start({ SAME_SITE: "Strict" });
  await signIn(page, site("www"));
  const sent = page.waitForResponse(`${site("www")}/`);
  await followLink(page, `${site("www")}/`);
  expect(await (await sent).text(), "the browser sends no cookie").toContain("Hello, stranger");
  await expect(greeting(page, "Ada Lovelace")).toBeVisible();
  await expect(userButton(page)).toBeVisible();
  await signOutFromMenu(page);
  await expect(greeting(page, "stranger")).toBeVisible();
  await expect.poll(async () => (await page.context().cookies()).length).toBe(0);
});

test("with Strict and without JavaScript, the next click finds the user signed in", { tag: "@needs-host-rules" }, async ({ browser }) => {
  await start({ SAME_SITE: "Strict" });
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, site("www"));
  await followLink(page, `${site("www")}/`);
  await expect(greeting(page, "stranger")).toBeVisible();
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.goto(`${site("www")}/`);
  await expect(greeting(page, "Ada Lovelace")).toBeVisible();
  await context.close();
});

test("with Lax, a link from another site finds the user signed in", { tag: "@needs-host-rules" }, async ({ page }) => {
  await start({});
  await signIn(page, site("www"));
  const sent = page.waitForResponse(`${site("www")}/`);
  await followLink(page, `${site("www")}/`);
  expect(await (await sent).text()).toContain("Ada Lovelace");
});

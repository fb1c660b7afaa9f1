// A browser that refuses the cookie of a sign-in: the person reads why, and what to do.

import { expect, type Page } from "@playwright/test";
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { TestServer } from "./server";
import { field, newPerson, signedInUser, signIn, userButton, type Person } from "./site";
import { test as plain } from "./test";

/** A server behind a proxy that can drop its cookies. To the server, all browsers then refuse them. */
class Site {
  private constructor(
    readonly url: string,
    private readonly proxy: Server,
    private readonly server: TestServer,
  ) {}

  dropsCookies = false;

  static async start() {
    const proxy = createServer().listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const site = new Site(url, proxy, await TestServer.start({ SITE_URL: url, RUST_LOG: "error" }));
    proxy.on("request", (incoming, response) => {
      const { method, headers } = incoming;
      const outgoing = request(site.server.url + incoming.url, { method, headers }, (upstream) => {
        // The raw headers, names and values in turn, keep several `Set-Cookie` headers apart.
        const raw = upstream.rawHeaders;
        const isDropped = (name: string) => site.dropsCookies && name.toLowerCase() === "set-cookie";
        response.writeHead(upstream.statusCode!, raw.filter((_, index) => !isDropped(raw[index - (index % 2)])));
        upstream.pipe(response);
      });
      incoming.pipe(outgoing);
      outgoing.on("error", () => response.destroy());
      response.on("close", () => outgoing.destroy());
    });
    return site;
  }

  async end() {
    this.proxy.close();
    this.proxy.closeAllConnections();
    await this.server.end();
  }
}

const test = plain.extend<{ site: Site }>({
  site: async ({}, use) => {
    const site = await Site.start();
    await use(site);
    await site.end();
  },
  baseURL: ({ site }, use) => use(site.url),
});

function title(page: Page) {
  return page.getByRole("heading", { level: 1, name: "This browser is not signed in" });
}

async function submitSignUp(page: Page, person: Person) {
  await field(page, "name").fill(person.name);
  await field(page, "email").fill(person.email);
  await field(page, "password").fill(person.password);
  await page.getByRole("button", { name: "Sign up" }).click();
}

async function submitSignIn(page: Page, { email, password }: Person) {
  await field(page, "email").fill(email);
  await field(page, "password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("whoever blocks cookies reads it after the sign-in, and signs in once they are allowed", async ({ page, context, site }) => {
      const person = newPerson();
      site.dropsCookies = true;
      await page.goto("/sign-up?callback_url=%2Faccount%2Fsessions");
      await submitSignUp(page, person);
      await expect(title(page)).toBeVisible();
      await expect(page).toHaveTitle("This browser is not signed in");
      await expect(page.getByText("Allow cookies for this site, then sign in again.")).toBeVisible();
      expect(await signedInUser(context.request)).toBeNull();

      await page.goto("/sign-in?callback_url=%2Faccount%2Fsessions");
      await submitSignIn(page, person);
      await expect(title(page)).toBeVisible();
      await page.setViewportSize({ width: 320, height: 640 });
      const main = await page.getByRole("main").boundingBox();
      expect(main!.x).toBeGreaterThanOrEqual(0);
      expect(main!.x + main!.width).toBeLessThanOrEqual(320);

      site.dropsCookies = false;
      await page.getByRole("link", { name: "Try again" }).click();
      await expect(page).toHaveURL("/sign-in?callback_url=%2Faccount%2Fsessions");
      await submitSignIn(page, person);
      await expect(page).toHaveURL("/account/sessions");
      await expect(userButton(page)).toBeVisible();
      expect(await signedInUser(context.request)).toMatchObject({ profile: { email: person.email } });
    });
  });
}

test("Back after a sign-in passes by the check", async ({ page }) => {
  const person = newPerson();
  await page.goto("/sign-up");
  await submitSignUp(page, person);
  await expect(page).toHaveURL("/account");
  await page.goto("/");
  await page.context().clearCookies();
  await signIn(page, person);
  await page.goBack();
  await expect(page).toHaveURL("/sign-in");
  await page.goBack();
  await expect(page).toHaveURL("/");
});

for (const javaScriptEnabled of [true, false]) {
  plain.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    plain.use({ javaScriptEnabled });

    plain("a site for https that is opened over http names its address", { tag: "@needs-host-rules" }, async ({ page, context }) => {
      const server = await TestServer.start({ SITE_URL: "https://www.app.test", RUST_LOG: "error" });
      // Browsers take such cookies from http://127.0.0.1.
      const opened = server.url.replace("127.0.0.1", "www.app.test");
      await page.goto(`${opened}/sign-up?callback_url=%2Faccount`);
      await submitSignUp(page, newPerson());
      await expect(title(page)).toBeVisible();
      await expect(page.getByText(`You have opened this site at ${opened}.`)).toBeVisible();
      const link = page.getByRole("link", { name: "Sign in at https://www.app.test" });
      await expect(link).toHaveAttribute("href", "https://www.app.test/sign-up?callback_url=%2Faccount");
      expect(await context.cookies(opened)).toEqual([]);
      await server.end();
    });
  });
}

// A page on a sibling host plants cookies for the parent domain of both hosts.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { test } from "./https";
import { TestServer } from "./server";
import { cookieName, live, newPerson, sessionCookie, signedInUser, signUp, userButton, field } from "./site";

test.use({ host: "www.app.test" });

/** Sets cookies from a script on a sibling host. */
async function plant(context: BrowserContext, site: string, cookies: string[]) {
  const evil = await context.newPage();
  const url = new URL("/", site.replace("www.", "evil."));
  await evil.route(url.href, (route) => route.fulfill({ contentType: "text/html", body: "evil" }));
  await evil.goto(url.href);
  await evil.evaluate((cookies) => cookies.forEach((cookie) => (document.cookie = cookie)), cookies);
  await evil.close();
}

async function expectUser(page: Page, name: string) {
  await expect(page.getByRole("button", { name: `Account of ${name}` })).toBeVisible();
}

test("over https, no space around the name makes a planted cookie count as the site's", { tag: "@needs-host-rules" }, async ({ page, context, newContext, baseURL }) => {
  const other = await newContext();
  await signUp(await other.newPage(), newPerson("Eve"));
  const [session, pending] = ["session", "pending_sign_out"].map((name) => cookieName(name, baseURL));
  const { value } = (await sessionCookie(other, session))!;
  await signUp(page);
  const everywhere = "; Domain=app.test; Path=/; Secure";
  for (const name of [session, pending]) {
    const cookies = ["", "\u2000", "\u00a0", "\ufeff", "\u0085", "\u3000"].flatMap((space) =>
      [value, "junk"].flatMap((value) => [`${space}${name}=${value}${everywhere}`, `${name}${space}=${value}${everywhere}`]),
    );
    await plant(context, baseURL!, cookies);
    expect((await context.cookies()).length, "the browser keeps some of them").toBeGreaterThan(5);
    await page.goto("/");
    await expectUser(page, "Ada Lovelace");
  }
});

test.describe("over http", () => {
  let server: TestServer;
  test.beforeEach(async () => {
    server = await TestServer.start({}, "www.app.test");
  });
  test.afterEach(() => server.end());

  test("a valid planted cookie signs nobody in as another user, and is removed at once", { tag: "@needs-host-rules" }, async ({ page, context, newContext }) => {
    const other = await newContext();
    await signUp(await other.newPage(), newPerson("Eve"), server.url);
    const name = cookieName("session", server.url);
    const { value } = (await sessionCookie(other, name))!;
    await signUp(page, undefined, server.url);
    for (const place of ["Domain=app.test; Path=/", "Domain=www.app.test; Path=/account"]) {
      await plant(context, server.url, [`${name}=${value}; ${place.replace("www.", "")}`]);
      await page.goto(`${server.url}/account`);
      await expect(page, "with both cookies, nobody is signed in").toHaveURL(/sign-in/);
      await page.goto(`${server.url}/account`);
      await expectUser(page, "Ada Lovelace");
      const left = (await context.cookies()).filter((cookie) => cookie.name === name);
      expect(left.map(({ domain }) => domain)).toEqual(["www.app.test"]);
    }
  });

  test("a planted pending sign-out ends at most this browser's session, and is then removed", { tag: "@needs-host-rules" }, async ({ page, context, newContext }) => {
    const ada = await signUp(page, undefined, server.url);
    const other = await newContext();
    const there = await other.newPage();
    await there.goto(`${server.url}/sign-in`);
    await field(there, "email").fill(ada.email);
    await field(there, "password").fill(ada.password);
    await there.getByRole("button", { name: "Sign in" }).click();
    await expectUser(there, "Ada Lovelace");
    const name = cookieName("pending_sign_out", server.url);
    await plant(context, server.url, [`${name}=scope=global; Domain=app.test; Path=/`]);
    await page.goto(server.url);
    await expect.poll(async () => (await context.cookies()).map(({ name }) => name)).not.toContain(name);
    // The server may have removed it before the page could act on it.
    const user = await page.evaluate(async () => (await fetch("/api/session", { method: "POST" })).json());
    await expect(userButton(page)).toHaveCount(user ? 1 : 0);
    await there.reload();
    await expectUser(there, "Ada Lovelace");
  });
});

// Several servers on one database: pages of one server show what happens on the others.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { TestServer } from "./server";
import {
  NOTICE_LIMIT_MS,
  RECONNECT_LIMIT_MS,
  listening,
  measureLatency,
  signedInUser,
  signUp,
  userButton,
} from "./site";
import { test } from "./test";

const { TEST_POSTGRES_URL } = process.env;

/** Creates a database that servers share. */
const databases = {
  SQLite: async () => {
    const folder = await mkdtemp(join(tmpdir(), "shared-"));
    return { url: `sqlite://${join(folder, "app.db")}`, end: () => rm(folder, { recursive: true }) };
  },
  PostgreSQL: async () => {
    const name = `test_${randomUUID().replaceAll("-", "")}`;
    const run = async (statement: string) => {
      const client = new Client(`${TEST_POSTGRES_URL}/postgres`);
      await client.connect();
      await client.query(statement);
      await client.end();
    };
    await run(`create database ${name}`);
    return { url: `${TEST_POSTGRES_URL}/${name}`, end: () => run(`drop database ${name} with (force)`) };
  },
};

for (const [name, create] of Object.entries(databases)) {
  test.describe(`on ${name}`, () => {
    test.skip(name === "PostgreSQL" && !TEST_POSTGRES_URL, "no PostgreSQL server: see scripts/with-postgres");
    let database: Awaited<ReturnType<typeof create>>;
    let servers: TestServer[];

    test.beforeEach(async () => {
      database = await create();
      // Both start at once on an empty database. One SITE_URL gives them the same cookie name.
      const settings = { DATABASE_URL: database.url, SITE_URL: "http://127.0.0.1" };
      servers = await Promise.all([TestServer.start(settings), TestServer.start(settings)]);
    });

    test.afterEach(async () => {
      for (const server of servers) await server.end();
      await database.end();
    });

    /** Opens a signed-in page of each server. Browsers send a cookie to every port of a host. */
    async function openPages(context: BrowserContext): Promise<Page[]> {
      const pages = [];
      for (const server of servers) {
        const page = await context.newPage();
        if (pages.length === 0) await signUp(page, undefined, server.url);
        // A public page changes in place.
        await page.goto(server.url);
        await expect(userButton(page)).toBeVisible();
        await listening(page);
        pages.push(page);
      }
      return pages;
    }

    async function signOut(page: Page) {
      await userButton(page).click();
      await page.getByRole("dialog").getByRole("button", { name: "Sign out", exact: true }).click();
      await expect(userButton(page)).toHaveCount(0);
    }

    test("a page of one server shows a sign-out on the other at once", async ({ context }) => {
      const [here, there] = await openPages(context);
      const old = await context.cookies();
      await measureLatency(`the other server, ${name}`, there, () => signOut(here));
      await expect(there.getByRole("link", { name: "Sign in" }).first()).toBeVisible();
      await context.addCookies(old);
      for (const server of servers) expect(await signedInUser(context.request, server.url)).toBeNull();
    });

    test("a page of one server shows a sign-out even if the other is killed right after it", async ({ context }) => {
      const [here, there] = await openPages(context);
      await measureLatency(`the other server, after a kill, ${name}`, there, async () => {
        await signOut(here);
        await servers[0].kill();
      });
      expect(await signedInUser(context.request, servers[1].url)).toBeNull();
    });

    test("a rolling restart signs nobody out and misses no sign-out", async ({ context, newContext }) => {
      const [here, there] = await openPages(context);
      for (const server of servers) {
        await server.stop();
        await server.run();
      }
      for (const [server, page] of [[servers[0], here], [servers[1], there]] as const) {
        expect(await signedInUser(context.request, server.url)).not.toBeNull();
        await page.reload();
        await expect(userButton(page)).toBeVisible();
        await listening(page);
      }
      // A user signs out on the first server while the second restarts.
      await servers[1].stop();
      await signOut(here);
      const limit = RECONNECT_LIMIT_MS + NOTICE_LIMIT_MS;
      await measureLatency(`a restarted server, ${name}`, there, () => servers[1].run(), limit);
      const elsewhere = await newContext();
      await signUp(await elsewhere.newPage(), undefined, servers[1].url);
      expect(await signedInUser(elsewhere.request, servers[0].url)).not.toBeNull();
    });
  });
}

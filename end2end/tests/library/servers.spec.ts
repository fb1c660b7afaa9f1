// Several servers on one database: the pages of one learn what happens on the others.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { OwnServer } from "./server";
import { latency, listening, signUp, userButton, whoIs } from "../site";
import { test } from "../test";

const { TEST_POSTGRES_URL } = process.env;

/** A database for servers to share. */
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

for (const [name, make] of Object.entries(databases)) {
  test.describe(`on ${name}`, () => {
    test.skip(name === "PostgreSQL" && !TEST_POSTGRES_URL, "no PostgreSQL server: see scripts/with-postgres");
    let database: Awaited<ReturnType<typeof make>>;
    let servers: OwnServer[];

    test.beforeEach(async () => {
      database = await make();
      // At once, on an empty database. One site, with one name for the cookie.
      const settings = { DATABASE_URL: database.url, SITE_URL: "http://127.0.0.1" };
      servers = await Promise.all([OwnServer.start(settings), OwnServer.start(settings)]);
    });

    test.afterEach(async () => {
      for (const server of servers) await server.end();
      await database.end();
    });

    /** A page of each server, signed in. Browsers send a cookie to every port of a host. */
    async function onePageEach(context: BrowserContext): Promise<Page[]> {
      const pages = [];
      for (const server of servers) {
        const page = await context.newPage();
        if (pages.length === 0) await signUp(page, undefined, server.url);
        // A public page, which flips in place.
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

    test("a sign-out on one is seen at once on a page of the other", async ({ context }) => {
      const [here, there] = await onePageEach(context);
      const old = await context.cookies();
      await latency(`the other server, ${name}`, there, () => signOut(here));
      await expect(there.getByRole("link", { name: "Sign in" }).first()).toBeVisible();
      await context.addCookies(old);
      for (const server of servers) expect(await whoIs(context.request, server.url)).toBeNull();
    });

    test("one is killed after a sign-out, and the other shows it", async ({ context }) => {
      const [here, there] = await onePageEach(context);
      await latency(`the other server, after a kill, ${name}`, there, async () => {
        await signOut(here);
        await servers[0].kill();
      });
      expect(await whoIs(context.request, servers[1].url)).toBeNull();
    });

    test("a rolling restart signs nobody out, and misses nothing", async ({ context, newContext }) => {
      const [here, there] = await onePageEach(context);
      for (const server of servers) {
        await server.stop();
        await server.run();
      }
      for (const [server, page] of [[servers[0], here], [servers[1], there]] as const) {
        expect(await whoIs(context.request, server.url)).not.toBeNull();
        await page.reload();
        await expect(userButton(page)).toBeVisible();
        await listening(page);
      }
      // Somebody signs out on the first while the second is restarting.
      await servers[1].stop();
      await signOut(here);
      await latency(`a server that was away, ${name}`, there, () => servers[1].run());
      const elsewhere = await newContext();
      await signUp(await elsewhere.newPage(), undefined, servers[1].url);
      expect(await whoIs(elsewhere.request, servers[0].url)).not.toBeNull();
    });
  });
}

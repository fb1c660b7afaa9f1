// The tab that has the server's stream may be busy, or its stream dead without an error. Then another takes it over.

import { expect, type BrowserContext, type Page } from "@playwright/test";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { TestServer } from "./server";
import { live, listening, signIn, signUp, signUpLink, type Person } from "./site";
import { test, type NewContext } from "./test";

/** How long the others may take. */
const TAKEOVER_LIMIT_MS = 10_000;

/** Signs in in another browser. Returns what ends all other sessions. */
async function signInElsewhere(newContext: NewContext, person: Person, baseURL?: string) {
  const context = await newContext(baseURL ? { baseURL } : {});
  await signIn(await context.newPage(), person);
  return () => context.request.post("/api/sign_out", { form: { scope: "others" } });
}

/** Two tabs: the first one has the stream. */
async function twoTabs(page: Page, context: BrowserContext) {
  const person = await signUp(page);
  await page.goto("/");
  await live(page);
  await expect.poll(() => page.evaluate(() => window.stream?.hasBegun)).toBe(true);
  const second = await context.newPage();
  await second.goto("/");
  await live(second);
  expect(await second.evaluate(() => window.stream === undefined)).toBe(true);
  return { person, second };
}

test("while the leading tab shows an alert, another tab learns of a sign-out", async ({ page, context, newContext }) => {
  const { person, second } = await twoTabs(page, context);
  const signOutOthers = await signInElsewhere(newContext, person);
  const shown = page.waitForEvent("dialog");
  await page.evaluate(() => void setTimeout(() => alert("Are you still there?")));
  const dialog = await shown;
  await signOutOthers();
  await expect(signUpLink(second)).toBeVisible({ timeout: TAKEOVER_LIMIT_MS });
  await dialog.dismiss();
  await expect(signUpLink(page)).toBeVisible();
});

test("while the leading tab is busy, another tab learns of a sign-out, and then the tabs share one stream again", async ({ page, context, newContext }) => {
  const { person, second } = await twoTabs(page, context);
  const signOutOthers = await signInElsewhere(newContext, person);
  await page.evaluate(() => {
    setTimeout(() => {
      const end = performance.now() + 12_000;
      while (performance.now() < end);
    });
  });
  await expect.poll(() => second.evaluate(() => window.stream?.hasBegun), { timeout: TAKEOVER_LIMIT_MS }).toBe(true);
  // The first tab notices, once it can.
  await expect.poll(() => page.evaluate(() => window.stream!.readyState), { timeout: 20_000 }).toBe(EventSource_CLOSED);
  await signOutOthers();
  for (const tab of [page, second]) await expect(signUpLink(tab)).toBeVisible();
});

const EventSource_CLOSED = 2;

/** A network in front of a server, which can lose a stream without telling anybody. */
class Network {
  readonly streams = new Set<Socket>();
  private constructor(readonly port: number, private readonly stop: () => void) {}

  static async start(target: () => number) {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      const upstream = connect(target(), "127.0.0.1");
      for (const one of [socket, upstream]) {
        sockets.add(one);
        one.on("error", () => {});
        one.on("close", () => sockets.delete(one));
      }
      socket.on("data", (data) => {
        if (String(data).startsWith("GET /guardian/events")) network.streams.add(upstream);
      });
      socket.pipe(upstream).pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const network = new Network((server.address() as AddressInfo).port, () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return network;
  }

  loseStreams() {
    for (const stream of this.streams) {
      stream.unpipe();
      stream.removeAllListeners("data");
      stream.resume();
    }
  }

  end() {
    this.stop();
  }
}

test("a stream that has died without an error is opened again", async ({ newContext }) => {
  let port = 0;
  const network = await Network.start(() => port);
  const url = `http://127.0.0.1:${network.port}`;
  const server = await TestServer.start({ SITE_URL: url });
  port = Number(new URL(server.url).port);
  try {
    const context = await newContext({ baseURL: url });
    const page = await context.newPage();
    const person = await signUp(page);
    await page.goto("/");
    await listening(page);
    const signOutOthers = await signInElsewhere(newContext, person, url);
    network.loseStreams();
    await signOutOthers();
    await expect(signUpLink(page)).toBeVisible({ timeout: TAKEOVER_LIMIT_MS });
  } finally {
    network.end();
    await server.end();
  }
});

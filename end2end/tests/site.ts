// What every test uses: a fresh person, and the ways through the site.

import { expect, type APIRequestContext, type BrowserContext, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

/** What is tested, from the project's root. */
export const PROGRAM = `target/${process.env.PROFILE ?? "debug"}/server`;

/** The servers'. */
export const SESSION_KEY = "ZW5kLXRvLWVuZCB0ZXN0cyBvbmx5LCBuZXZlciBhIHJlYWwga2V5";

export interface Person {
  name: string;
  email: string;
  password: string;
}

export function newPerson(name = "Ada Lovelace"): Person {
  return { name, email: `${randomUUID()}@example.com`, password: "correct horse battery" };
}

/** Signs up through the page, and lands signed in. On another server if its origin is given. */
export async function signUp(page: Page, person = newPerson(), origin = ""): Promise<Person> {
  await page.goto(`${origin}/sign-up`);
  await page.getByLabel("Name").fill(person.name);
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await expect(page).toHaveURL(`${origin}/account`);
  return person;
}

export async function signIn(page: Page, person: Person) {
  await page.goto("/sign-in");
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/account");
}

/** The UserButton. */
export function userButton(page: Page) {
  return page.getByRole("button", { name: /^Account of / });
}

/** Resolves once the page's WebAssembly has taken over. */
export async function hydrated(page: Page) {
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "false");
}

/** Resolves once the page, or another tab of its browser, hears what the server has to say. */
export async function listening(page: Page) {
  const hears = (one: Page) => one.evaluate(() => window.stream?.hasBegun && window.stream.readyState === EventSource.OPEN);
  await expect(async () => {
    const heard = await Promise.all(page.context().pages().map(hears));
    expect(heard).toContain(true);
  }).toPass();
}

/** Resolves once the page's own stream has told it of a sign-out. */
export async function toldOfSignOut(page: Page) {
  await expect.poll(() => page.evaluate(() => window.signOutsTold)).toBeGreaterThan(0);
}

/** Resolves once the page has acted on every answer that it has got: what it asks for now comes later. */
export async function settled(page: Page) {
  await page.evaluate(async () => {
    await fetch("/favicon.svg", { cache: "no-store" });
    await new Promise((resolve) => setTimeout(resolve));
  });
}

/** The paths that the page leaves for, from now on. */
export function navigations(page: Page) {
  const paths: string[] = [];
  page.on("request", (request) => {
    if (request.isNavigationRequest()) paths.push(new URL(request.url()).pathname);
  });
  return paths;
}

/** Lets the page ask who is signed in, as when somebody looks at it again. Headless Chromium never hides a page. */
export async function lookAt(page: Page) {
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
}

/** The name of a cookie on the site at this address: over https of this host, and with its port. */
export function cookieName(name: string, url = `http://127.0.0.1:${process.env.PORT}`) {
  const { protocol, port } = new URL(url);
  return (protocol === "https:" ? "__Host-" : "") + name + (port && `-${port}`);
}

export async function sessionCookie(context: BrowserContext, name = cookieName("session")) {
  const cookies = await context.cookies();
  return cookies.find((cookie) => cookie.name === name);
}

/** Who the server says is signed in with this context's cookies. */
export async function whoIs(request: APIRequestContext, origin = "") {
  const answer = await request.post(`${origin}/api/session`);
  expect(answer.status()).toBe(200);
  return answer.json();
}

/** How long until somebody sees a sign-out that happened elsewhere. */
export const AT_ONCE = 2_000;

/** Runs what ends sessions, and measures until the page shows nobody signed in. */
export async function latency(what: string, page: Page, end: () => Promise<unknown>) {
  // The moment in the page itself, undisturbed by how fast the test looks.
  const gone = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () => {
          if (document.querySelector(".guardian-user")) requestAnimationFrame(look);
          else resolve(Date.now());
        };
        look();
      }),
  );
  const start = Date.now();
  await end();
  const answered = Date.now();
  const shown = await gone;
  console.log(`${what}: shown ${shown - start} ms after the click, ${shown - answered} ms after the answer`);
  expect(shown - answered, what).toBeLessThan(AT_ONCE);
}

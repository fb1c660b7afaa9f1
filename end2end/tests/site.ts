// Shared helpers: new users, the site's forms, and waiting for a page.

import { expect, type APIRequestContext, type BrowserContext, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The server under test, relative to the project's root. */
export const PROGRAM = `target/${process.env.PROFILE ?? "debug"}/server`;

/** The key of every server under test. */
export const SESSION_KEY = "ZW5kLXRvLWVuZCB0ZXN0cyBvbmx5LCBuZXZlciBhIHJlYWwga2V5";

export interface Person {
  name: string;
  email: string;
  password: string;
}

export function newPerson(name = "Ada Lovelace"): Person {
  return { name, email: `${randomUUID()}@example.com`, password: "correct horse battery" };
}

/** A form's field, by its name in the code. Its label is free to change. */
export function field(page: Page, name: string) {
  return page.locator(`input[name="${name}"]`);
}

/** Signs up through the page, on another server if its origin is given. */
export async function signUp(page: Page, person = newPerson(), origin = ""): Promise<Person> {
  await page.goto(`${origin}/sign-up`);
  await field(page, "name").fill(person.name);
  await field(page, "email").fill(person.email);
  await field(page, "password").fill(person.password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await expect(page).toHaveURL(`${origin}/account`);
  return person;
}

export async function signIn(page: Page, person: Person) {
  await page.goto("/sign-in");
  await field(page, "email").fill(person.email);
  await field(page, "password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/account");
}

export function userButton(page: Page) {
  return page.getByRole("button", { name: /^Account of / });
}

/** The user's button on a page that shows this user as signed in. */
export function accountOf(page: Page, name: string) {
  return page.getByRole("button", { name: `Account of ${name}` });
}

/** The header's link for visitors. A page that has it shows nobody as signed in. */
export function signUpLink(page: Page) {
  return page.getByRole("navigation", { name: "Account" }).getByRole("link", { name: "Sign up" });
}

/** Resolves once the page's script runs. */
export async function live(page: Page) {
  await expect(userButton(page)).toHaveAttribute("aria-expanded", "false");
}

/** What the name of the app's session cookie is made of. */
const APP = /LEPTOS_OUTPUT_NAME = "(.*)"/.exec(readFileSync(resolve(__dirname, "../../.cargo/config.toml"), "utf8"))![1];

/** How the names of the library's cookies end. */
const SUFFIXES: Record<string, string> = {
  session: "",
  unrevoked: "_unrevoked",
  pending_sign_out: "_pending_sign_out",
  signed_in: "_signed_in",
};

/** The full name of a cookie on the site at `url`: with the `__Host-` prefix over https, and with the port. */
export function cookieName(name: string, url = `http://127.0.0.1:${process.env.PORT}`, session = `${APP}_session`) {
  const { protocol, port } = new URL(url);
  const own = name in SUFFIXES ? session + SUFFIXES[name] : name;
  return (protocol === "https:" ? "__Host-" : "") + own + (port && `-${port}`);
}

export async function sessionCookie(context: BrowserContext, name = cookieName("session")) {
  const cookies = await context.cookies();
  return cookies.find((cookie) => cookie.name === name);
}

/** The user whom the server sees as signed in with this context's cookies, or null. */
export async function signedInUser(request: APIRequestContext, origin = "") {
  const response = await request.post(`${origin}/api/session`);
  expect(response.status()).toBe(200);
  return response.json();
}

// Signing out in WebKit: what may differ from the other browsers, which run all tests.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Key, WebKit, signedInUser, until } from "./browser.mjs";

const TRIGGER = ".guardian-trigger";
const MENU = ".guardian-menu";
const SIGN_UP_LINK = "header a[href^='/sign-up']";

const newPerson = (name = "Ada Lovelace") => ({ name, email: `${randomUUID()}@example.com`, password: "correct horse battery" });

/** @param {WebKit} browser */
async function signUp(browser, person = newPerson()) {
  await browser.submit("/sign-up", person);
  await browser.at("/account");
  return person;
}

/** @param {WebKit} browser */
async function signIn(browser, { email, password }) {
  await browser.submit("/sign-in", { email, password });
  await browser.at("/account");
}

/** Waits until the page's script runs. @param {WebKit} browser */
const live = (browser) => browser.find(`${TRIGGER}[aria-expanded=false]`);

/** Whether Leptos answers for the script's changes. @param {WebKit} browser */
const isHydrated = (browser) =>
  browser.driver.executeScript("return !document.dispatchEvent(new CustomEvent('guardian:change', { cancelable: true }))");

/** @param {string} cookie */
const isSignedOut = (cookie) => until(async () => (await signedInUser(cookie)) === null, async () => "the old cookie is dead");

test("the menu by mouse: it opens below its button, Tab enters it, a click outside closes it", async (t) => {
  const browser = await WebKit.open(t);
  await signUp(browser);
  await browser.goto("/");
  await live(browser);
  await browser.click(TRIGGER);
  const menu = await (await browser.find(MENU, /Ada Lovelace/)).getRect();
  const button = await (await browser.find(TRIGGER)).getRect();
  assert.ok(Math.abs(menu.x + menu.width - (button.x + button.width)) < 2, "beside its button");
  await browser.press(Key.TAB);
  assert.equal(await browser.focus(), "Manage account");
  await browser.click("h1");
  await browser.lacks(MENU);
});

test("the menu by keyboard: opens, closes, and signs out", async (t) => {
  const browser = await WebKit.open(t);
  await signUp(browser);
  const old = await browser.cookies();
  await browser.goto("/");
  await live(browser);
  await browser.press(Key.TAB, Key.TAB, Key.TAB); // the skip link, the brand, the button
  await browser.press(Key.ENTER);
  await browser.find(MENU, /Ada Lovelace/);
  await browser.press(Key.ESCAPE);
  await browser.lacks(MENU);
  await browser.press(Key.ENTER, Key.TAB, Key.TAB, Key.TAB);
  assert.equal(await browser.focus(), "Sign out");
  await browser.press(Key.ENTER);
  await browser.find(SIGN_UP_LINK);
  await isSignedOut(old);
});

for (const scope of ["local", "others", "global"]) {
  test(`the scope ${scope}, and a second session that is told live`, async (t) => {
    const [here, there] = [await WebKit.open(t), await WebKit.open(t)];
    const person = await signUp(here);
    await signIn(there, person);
    const [cookieHere, cookieThere] = [await here.cookies(), await there.cookies()];
    await there.goto("/");
    await live(there);
    await here.goto(`/sign-out?scope=${scope}`);
    await live(here);
    await here.click("main form button[type=submit]", /Sign out/);
    await here.at("/");
    if (scope === "others") assert.ok(await signedInUser(cookieHere));
    else await isSignedOut(cookieHere);
    if (scope === "local") {
      assert.ok(await signedInUser(cookieThere));
      await there.find(TRIGGER);
    } else {
      await there.find(SIGN_UP_LINK);
      await there.lacks(TRIGGER);
      await isSignedOut(cookieThere);
    }
  });
}

test("the scope browser: every account of this browser", async (t) => {
  const browser = await WebKit.open(t);
  await signUp(browser);
  await signUp(browser, newPerson("Grace Hopper"));
  const old = await browser.cookies();
  await browser.goto("/");
  await live(browser);
  await browser.click(TRIGGER);
  await browser.click(`${MENU} button`, /Sign out of all accounts/);
  await browser.find(SIGN_UP_LINK);
  await isSignedOut(old);
});

test("of two windows, the other one leaves its private page at once", async (t) => {
  const browser = await WebKit.open(t);
  await signUp(browser);
  await live(browser);
  const first = await browser.driver.getWindowHandle();
  await browser.driver.switchTo().newWindow("window");
  await browser.goto("/");
  await live(browser);
  await browser.click("main button", /^Sign out$/);
  await browser.find(SIGN_UP_LINK);
  await browser.driver.switchTo().window(first);
  await browser.at("/sign-in?callback_url=%2Faccount");
});

for (const program of ["with", "without"]) {
  test(`going back after a sign-out shows nothing private, ${program} WebAssembly`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "webkit-"));
    t.after(() => rm(folder, { recursive: true }));
    const filter = join(folder, "filter.json");
    await writeFile(filter, JSON.stringify([{ trigger: { "url-filter": "[.]wasm$" }, action: { type: "block" } }]));
    const browser = await WebKit.open(t, ...(program === "with" ? [] : [`--content-filter=${filter}`]));
    const { email } = await signUp(browser);
    await browser.find("dd", new RegExp(email));
    await live(browser);
    if (program === "with") await until(() => isHydrated(browser), async () => "hydrated");
    else assert.equal(await isHydrated(browser), false);
    await browser.click("main .actions button", /^Sign out$/);
    await browser.at("/");
    await browser.driver.navigate().back();
    await browser.lacks("dd", new RegExp(email));
    await browser.lacks(TRIGGER);
  });
}

test("without JavaScript the menu opens and signs out", async (t) => {
  const browser = await WebKit.open(t, "--enable-javascript-markup=false");
  await signUp(browser);
  const old = await browser.cookies();
  await browser.click(TRIGGER);
  await browser.click(`${MENU} button`, /^Sign out$/);
  await browser.find(SIGN_UP_LINK);
  await isSignedOut(old);
});

test("without anchor positioning the menu is below its button, too", async (t) => {
  const browser = await WebKit.open(t, "--features=-CSSAnchorPositioning");
  await signUp(browser);
  await browser.driver.manage().window().setRect({ width: 1600, height: 900 });
  await live(browser);
  await browser.click(TRIGGER);
  const menu = await (await browser.find(MENU, /Ada Lovelace/)).getRect();
  const button = await (await browser.find(TRIGGER)).getRect();
  assert.ok(Math.abs(menu.x + menu.width - (button.x + button.width)) < 2, "beside its button");
  assert.ok(menu.y >= button.y + button.height && menu.y < button.y + button.height + 20, "below its button");
});

// Pages that somebody else has changed, so that Leptos cannot hydrate them, or stops later. Signing out stays true.

import { expect, type Page } from "@playwright/test";
import { NOTICE_LIMIT_MS, delayWebAssembly, hydrated, live, listening, signIn, signUp, signUpLink, userButton } from "./site";
import { test } from "./test";

/** What others do to a page: functions that run in it. */
const CHANGES = {
  "an extension adds the body's first child": () => document.body.prepend(document.createElement("some-extension")),
  "a translator wraps every text": () => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: Text[] = [];
    while (texts.nextNode()) found.push(texts.currentNode as Text);
    for (const text of found.filter(({ data, parentElement }) => data.trim() && !parentElement!.closest("script"))) {
      const font = document.createElement("font");
      text.replaceWith(font);
      font.append(text.data);
    }
  },
  "a network hides e-mail addresses": () => {
    for (const element of document.querySelectorAll("dd, .guardian-details")) {
      if (element.textContent!.includes("@")) element.innerHTML = '<a class="__cf_email__" href="/cdn-cgi/l/email-protection">[email&#160;protected]</a>';
    }
  },
  "a script removes the comments": () => {
    const comments = document.createTreeWalker(document.body, NodeFilter.SHOW_COMMENT);
    const found: Comment[] = [];
    while (comments.nextNode()) found.push(comments.currentNode as Comment);
    for (const comment of found) comment.remove();
  },
};

/** The messages in the console that say that the program has failed. */
function recordFailures(page: Page) {
  const messages: string[] = [];
  page.on("console", (message) => {
    if (message.text().includes("leptos-guardian")) messages.push(message.text());
  });
  return messages;
}

/** Opens a page, and changes it before, during or after hydration. */
async function openChanged(page: Page, path: string, change: () => void, when: string) {
  if (when === "after") {
    await page.goto(path);
    await hydrated(page);
    return page.evaluate(change);
  }
  if (when === "before") {
    const hydrate = await delayWebAssembly(page, false);
    await page.goto(path);
    await live(page);
    await page.evaluate(change);
    return hydrate();
  }
  // When the program is there, and has not begun.
  await page.addInitScript(`if (location.pathname === "${path}") {
    const change = ${change};
    const { instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = async (...all) => {
      const program = await instantiateStreaming(...all);
      change();
      return program;
    };
  }`);
  const arrived = page.waitForEvent("requestfinished", (request) => request.url().endsWith(".wasm"));
  await page.goto(path);
  await arrived;
}

for (const [what, change] of Object.entries(CHANGES)) {
  for (const when of ["before", "during", "after"]) {
    test(`${what} ${when} hydration: a sign-out elsewhere is shown at once`, async ({ page, context, newContext }) => {
      const person = await signUp(page);
      const failures = recordFailures(page);
      await openChanged(page, "/account", change, when);
      const home = await context.newPage();
      await openChanged(home, "/", change, when);
      for (const tab of [page, home]) await live(tab);
      await listening(page);
      const other = await newContext();
      await signIn(await other.newPage(), person);
      await other.request.post("/api/sign_out", { form: { scope: "others" } });
      await expect(page).toHaveURL(/\/sign-in\?callback_url=%2Faccount/, { timeout: 2 * NOTICE_LIMIT_MS });
      await expect(userButton(home)).toHaveCount(0, { timeout: 2 * NOTICE_LIMIT_MS });
      await expect(home.getByText(person.name).filter({ visible: true })).toHaveCount(0);
      // Leptos puts what it builds where its comments were.
      const isBuilt = !(when === "after" && what.includes("comments"));
      if (isBuilt) await expect(signUpLink(home)).toBeVisible();
      expect(failures.length, failures.join("\n")).toBeLessThanOrEqual(1);
    });
  }
}

test("a page whose program has failed signs out, and says once in the console that it goes on", async ({ page }) => {
  const person = await signUp(page);
  const failures = recordFailures(page);
  await openChanged(page, "/", CHANGES["a script removes the comments"], "before");
  await expect.poll(() => failures).toEqual(["The page's program has failed. leptos-guardian goes on without it."]);
  await page.getByRole("main").getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(signUpLink(page)).toBeVisible();
  await expect(page.getByText(person.name).filter({ visible: true })).toHaveCount(0);
  await expect(userButton(page)).toHaveCount(0);
  expect(failures).toHaveLength(1);
});

test("a page whose program does not come is changed without it", async ({ page }) => {
  const rejections: string[] = [];
  await page.exposeFunction("rejected", (reason: string) => rejections.push(reason));
  await page.addInitScript(() => {
    addEventListener("unhandledrejection", ({ reason }) => void (window as any).rejected(String(reason)));
  });
  const errors: Error[] = [];
  await signUp(page);
  await page.route("**/*.wasm", (route) => route.abort());
  await page.clock.install();
  page.on("pageerror", (error) => errors.push(error));
  await page.goto("/");
  await page.clock.runFor("00:20");
  await expect.poll(() => errors.length, "it says why").toBe(1);
  expect(rejections).toEqual([]);
  await page.evaluate(() => fetch("/api/sign_out", { method: "POST" }));
  await expect(signUpLink(page)).toBeVisible();
  await expect(page.getByRole("main").getByRole("link", { name: "Sign up" }).first()).toBeVisible();
});

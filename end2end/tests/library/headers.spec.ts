import { expect } from "@playwright/test";
import { signUp } from "../site";
import { test } from "../test";

test("every page keeps its own Content-Security-Policy", async ({ page }) => {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await signUp(page);
  for (const path of ["/", "/account", "/sign-out", "/sign-up", "/sign-in"]) {
    const answer = await page.goto(path);
    const policy = answer!.headers()["content-security-policy"];
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toMatch(/script-src 'self' 'nonce-[\w-]+' 'wasm-unsafe-eval';/);
    expect(policy).not.toContain("unsafe-inline");
    await page.waitForLoadState("networkidle");
  }
  expect(complaints).toEqual([]);
});

test("a private page is stored nowhere", async ({ page }) => {
  await signUp(page);
  const answer = await page.goto("/account");
  expect(answer!.headers()["cache-control"]).toBe("no-store");
});

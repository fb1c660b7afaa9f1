import { expect } from "@playwright/test";
import { hydrated, signUp } from "./site";
import { test } from "./test";

test("no page violates its Content-Security-Policy", async ({ page }) => {
  const violations: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") violations.push(message.text());
  });
  page.on("pageerror", (error) => violations.push(error.message));
  await signUp(page);
  for (const path of ["/", "/account", "/sign-out", "/sign-up", "/sign-in"]) {
    const response = await page.goto(path);
    const policy = response!.headers()["content-security-policy"];
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toMatch(/script-src 'self' 'nonce-[\w-]+' 'wasm-unsafe-eval';/);
    expect(policy).not.toContain("unsafe-inline");
    await hydrated(page);
  }
  expect(violations).toEqual([]);
});

test("a private page is stored nowhere", async ({ page }) => {
  await signUp(page);
  const response = await page.goto("/account");
  expect(response!.headers()["cache-control"]).toBe("no-store");
});

import { expect } from "@playwright/test";
import { live, newPerson, signUp, userButton } from "./site";
import { test } from "./test";

test("the README's picture @picture", async ({ page }) => {
  test.skip(!process.env.PICTURE, "only `make picture` takes it");
  await page.setViewportSize({ width: 1200, height: 760 });
  await signUp(page, { ...newPerson(), email: "ada@example.com" });
  await page.goto("/");
  await live(page);
  await userButton(page).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.screenshot({ path: "../docs/picture.png" });
});

import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";
import { live, newPerson, signUp, userButton, field } from "./site";
import { test } from "./test";

async function expectNoViolations(page: Page, what: string) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`),
    what,
  ).toEqual([]);
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("no page has accessibility violations when signed out", async ({ page }) => {
      for (const path of ["/", "/sign-up", "/sign-in", "/sign-out", "/sign-out?error=unavailable", "/guardian/signed-in", "/no-such-page"]) {
        await page.goto(path);
        await expectNoViolations(page, path);
      }
      await page.goto("/sign-in");
      await field(page, "email").fill(newPerson().email);
      await field(page, "password").fill("wrong password");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("alert")).toBeVisible();
      await expectNoViolations(page, "a rejected form");
    });

    test("no page and no open menu has accessibility violations when signed in", async ({ page }) => {
      await signUp(page);
      await signUp(page); // With two accounts, the menu has all its items.
      for (const path of ["/", "/account", "/account/email", "/confirm", "/account/sessions", "/account/sessions?after=nonsense", "/sign-out", "/sign-out?error=unavailable&scope=others", "/sign-out?error=malformed"]) {
        await page.goto(path);
        await live(page);
        await expectNoViolations(page, path);
        await userButton(page).click();
        await expect(page.getByRole("dialog")).toBeVisible();
        await expectNoViolations(page, `${path} with the menu open`);
      }
    });
  });
}

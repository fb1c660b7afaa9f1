import { defineConfig, devices } from "@playwright/test";
import { PROGRAM, SESSION_KEY } from "./tests/site";

// scripts/end2end chooses the port and the database, and a Chromium if Playwright's own is missing.
const { PORT, DATABASE_URL, CHROMIUM } = process.env;
if (!PORT || !DATABASE_URL) throw new Error("run scripts/end2end");
const baseURL = `http://127.0.0.1:${PORT}`;

export default defineConfig({
  testDir: "tests",
  // Only scripts/picture takes the picture.
  grepInvert: process.env.PICTURE ? undefined : /@picture/,
  forbidOnly: true,
  // Long enough for a busy machine.
  timeout: 60_000,
  expect: { timeout: 15_000 },
  fullyParallel: true,
  workers: 2,
  // A test that passes only at its second try is listed as flaky.
  retries: process.env.CI ? 1 : 0,
  reporter: "list",
  use: {
    ...devices["Desktop Chrome"],
    baseURL,
    trace: "retain-on-failure",
    launchOptions: CHROMIUM
      ? {
          executablePath: CHROMIUM,
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
          ],
        }
      : {},
  },
  webServer: {
    command: PROGRAM,
    cwd: "..",
    url: baseURL,
    env: {
      DATABASE_URL,
      LEPTOS_SITE_ADDR: `127.0.0.1:${PORT}`,
      SITE_URL: baseURL,
      SESSION_KEY,
      // Every test signs up from the same address.
      ATTEMPTS_PER_MINUTE: "10000",
      RUST_LOG: "warn",
    },
  },
});

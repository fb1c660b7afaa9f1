// For scripts/test-guide alone: the app that the library's guide makes.

import { defineConfig, devices } from "@playwright/test";
import { join, resolve } from "node:path";

const { PORT, CHROMIUM } = process.env;
if (!PORT) throw new Error("run scripts/test-guide");
const url = `http://127.0.0.1:${PORT}`;
const folder = resolve(__dirname, "../../target/guide");

export default defineConfig({
  testDir: ".",
  forbidOnly: true,
  // Long enough for a busy machine.
  timeout: 60_000,
  expect: { timeout: 15_000 },
  fullyParallel: true,
  workers: 2,
  reporter: "list",
  outputDir: "../test-results",
  use: {
    ...devices["Desktop Chrome"],
    baseURL: url,
    launchOptions: CHROMIUM ? { executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] } : {},
  },
  webServer: {
    command: join(folder, "target/server"),
    cwd: folder,
    url,
    // What cargo-leptos tells a server that it starts.
    env: {
      LEPTOS_OUTPUT_NAME: "my-app",
      LEPTOS_SITE_ROOT: "target/site",
      LEPTOS_SITE_PKG_DIR: "pkg",
      LEPTOS_SITE_ADDR: `127.0.0.1:${PORT}`,
    },
  },
});

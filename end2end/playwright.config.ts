import { defineConfig, devices, type Project } from "@playwright/test";
import { PROGRAM, SESSION_KEY } from "./tests/site";

// scripts/end2end chooses the port, the database and the browsers, and other builds of them if Playwright's
// own are missing.
const { PORT, DATABASE_URL, CHROMIUM, FIREFOX, BROWSERS = "chromium" } = process.env;
if (!PORT || !DATABASE_URL) throw new Error("run scripts/end2end");
const baseURL = `http://127.0.0.1:${PORT}`;

// Only what can differ in another browser: not the app's forms. It keeps no page that has a Web Lock, and
// takes no addresses of hosts.
const firefox = {
  testIgnore: [
    "**/{accessibility,accounts,forms,remember}.spec.ts",
    "**/library/{headers,redirects,servers}.spec.ts",
  ],
  use: {
    browserName: "firefox" as const,
    viewport: devices["Desktop Firefox"].viewport,
    // Not Playwright's own: it speaks another protocol.
    channel: FIREFOX ? "moz-firefox" : undefined,
    launchOptions: { executablePath: FIREFOX || undefined },
  },
};

// Hosts that share a parent domain, and one that does not, for the tests of cookies.
const HOSTS = ["--host-resolver-rules=MAP *.app.test 127.0.0.1, MAP other.test 127.0.0.1"];

// What Playwright's own build does not need.
const DEBIAN = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// What a test needs of its browser is its tag, such as `@needs-bfcache`.
const browsers: Project[] = [
  {
    name: "chromium",
    use: {
      ...devices["Desktop Chrome"],
      launchOptions: {
        executablePath: CHROMIUM || undefined,
        args: [...HOSTS, ...(CHROMIUM ? DEBIAN : [])],
      },
    },
  },
  {
    ...firefox,
    name: "firefox",
    // Debian's build runs scripts also where Playwright asks for none.
    grepInvert: /@needs-(bfcache|host-rules)|without JavaScript/,
  },
];

export default defineConfig({
  testDir: "tests",
  forbidOnly: true,
  // Long enough for a busy machine.
  timeout: 60_000,
  expect: { timeout: 15_000 },
  fullyParallel: true,
  // They wait more than they work: three keep two processors busy.
  workers: 3,
  // A test that passes only at a later try is listed as flaky.
  retries: process.env.CI ? 2 : 0,
  reporter: "list",
  use: {
    baseURL,
    // Tracing every test takes a third of the time.
    trace: process.env.CI ? "on-first-retry" : "retain-on-failure",
  },
  projects: browsers.filter(({ name }) => BROWSERS.split(" ").includes(name!)),
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

// A WebKit that a test drives: WebKitGTK's MiniBrowser, through its WebDriver. Each has its own cookies.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { Builder, Key } from "selenium-webdriver";

const { WEBKIT_DRIVER, MINI_BROWSER, SITE_URL } = process.env;
if (!WEBKIT_DRIVER || !MINI_BROWSER || !SITE_URL) throw new Error("run scripts/webkit");

/** How long anything may take. */
const LIMIT_MS = 15_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export class WebKit {
  /** Opens a browser for one test. @param {import("node:test").TestContext} test @param {...string} options */
  static async open(test, ...options) {
    const browser = new WebKit();
    test.after(() => browser.#close());
    const port = await freePort();
    // A driver has one session.
    browser.process = spawn(WEBKIT_DRIVER, [`--port=${port}`], { stdio: "ignore" });
    const args = ["--automation", ...options];
    browser.driver = await retry(() =>
      new Builder()
        .usingServer(`http://127.0.0.1:${port}`)
        .withCapabilities({ browserName: "MiniBrowser", "webkitgtk:browserOptions": { binary: MINI_BROWSER, args } })
        .build(),
    );
    return browser;
  }

  async #close() {
    await this.driver?.quit().catch(() => {});
    this.process.kill();
  }

  /** @param {string} path */
  async goto(path) {
    await this.driver.get(SITE_URL + path);
  }

  async path() {
    const { pathname, search } = new URL(await this.driver.getCurrentUrl());
    return pathname + search;
  }

  /** Waits until the page is at a path. @param {string} path */
  async at(path) {
    await until(async () => (await this.path()) === path, async () => `at ${path}, not ${await this.path()}`);
  }

  /** Waits for a visible element. @param {string} css @param {RegExp} [text] */
  async find(css, text = /(?:)/) {
    return until(async () => {
      for (const element of await this.driver.findElements({ css })) {
        if ((await element.isDisplayed()) && text.test(await element.getText())) return element;
      }
    }, async () => `${css} ${text}`);
  }

  /** Waits until no such element is visible. @param {string} css @param {RegExp} [text] */
  async lacks(css, text = /(?:)/) {
    await until(async () => {
      for (const element of await this.driver.findElements({ css })) {
        if ((await element.isDisplayed()) && text.test(await element.getText())) return false;
      }
      return true;
    }, async () => `no ${css} ${text}`);
  }

  /** @param {string} css @param {RegExp} [text] */
  async click(css, text) {
    await (await this.find(css, text)).click();
  }

  /** @param {...string} keys */
  async press(...keys) {
    for (const key of keys) await this.driver.actions().sendKeys(key).perform();
  }

  /** The text of the element with the focus. */
  async focus() {
    const element = await this.driver.switchTo().activeElement();
    return (await element.getText()).trim();
  }

  /** Fills a form and sends it. @param {string} path @param {Record<string, string>} fields */
  async submit(path, fields) {
    await this.goto(path);
    for (const [name, value] of Object.entries(fields)) {
      await (await this.find(`input[name=${name}]`)).sendKeys(value);
    }
    await this.click("main form button[type=submit]");
  }

  /** What the browser sends as its cookies. */
  async cookies() {
    const cookies = await this.driver.manage().getCookies();
    return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  }
}

/** The user whom the server sees with these cookies, or null. @param {string} cookie */
export async function signedInUser(cookie) {
  const response = await fetch(`${SITE_URL}/api/session`, { method: "POST", headers: { cookie } });
  return response.json();
}

/**
 * Tries until something is true. An element may be replaced while it is looked at.
 *
 * @template T
 * @param {() => Promise<T>} look
 * @param {() => Promise<string>} describe
 */
export async function until(look, describe) {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await look().catch((cause) => {
      if (cause.name !== "StaleElementReferenceError") throw cause;
    });
    if (found) return found;
    if (Date.now() > end) throw new Error(`It should be: ${await describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function retry(work) {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (Date.now() > end || !/ECONNREFUSED/.test(cause)) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export { Key };

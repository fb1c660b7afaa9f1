// The users, their browsers and their requests.

import { Browser } from "./browser.mjs";
import { send } from "./http.mjs";
import { Household, User } from "./users.mjs";

const HOUSEHOLDS = 12;
const USERS = 4;
const BROWSERS = 5;
/** How many replaced cookies are kept for replays. */
const OLD_COOKIES_KEPT = 4000;
/** Sign-ins and confirmations of one account: fewer than the site allows. */
const ATTEMPTS_PER_MINUTE = 8;
/** The share of changing requests that the client aborts. */
const ABORT_PROBABILITY = 0.02;

export class World {
  oldCookies = [];
  #names = 0;
  #reported = new Set();

  constructor({ oracle, report, availability, ledger, servers, random }) {
    Object.assign(this, { oracle, report, availability, ledger, servers, random });
    this.households = Array.from({ length: HOUSEHOLDS }, (_, index) => this.#household(index));
  }

  #household(index) {
    const household = new Household(`household ${index}`);
    for (let slot = 0; slot < USERS; slot++) household.users.push(this.newUser(household));
    for (let browser = 0; browser < BROWSERS; browser++) {
      // A network for each browser, because limits also count per network.
      const address = `10.${index}.${browser}.${this.random.whole(1, 250)}`;
      household.browsers.push(new Browser(household, `browser ${index}-${browser}`, address));
    }
    return household;
  }

  newUser(household) {
    const name = `soak-${++this.#names}-${this.random.word(6)}`;
    return new User(household, { name: `Name ${name}`, email: `${name}@example.com`, password: this.random.word(16) });
  }

  /** Replaces a user who is deleted, or may not exist. */
  replaceUser(user) {
    const { users, gone } = user.household;
    const slot = users.indexOf(user);
    if (slot < 0) return;
    users[slot] = this.newUser(user.household);
    gone.push(user);
    if (gone.length > 20) gone.shift();
  }

  mayAttempt(user) {
    const now = Date.now();
    user.attempts = user.attempts.filter((time) => time > now - 60_000);
    if (user.attempts.length >= ATTEMPTS_PER_MINUTE) return false;
    user.attempts.push(now);
    return true;
  }

  keepForReplay(cookies) {
    if (!cookies.header) return;
    if (this.oldCookies.length < OLD_COOKIES_KEPT) this.oldCookies.push(cookies);
    else this.oldCookies[this.random.whole(0, OLD_COOKIES_KEPT - 1)] = cookies;
  }

  /** Reports each problem once. */
  reportViolations(household, kind, list) {
    for (const text of list) {
      if (this.#reported.has(text)) continue;
      this.#reported.add(text);
      this.report.violation(`${kind}: ${text}`, household);
    }
  }

  /**
   * Sends a request. Returns the outcome with `label`, which is the status or the kind of failure, and
   * `json`. Any status except 503 and those in `expected` is a violation.
   */
  async request(
    browser,
    kind,
    { path, fields, cookies = browser.cookies, method, accept, expected = ["200"], mayAbort },
  ) {
    const { household } = browser;
    const server = this.random.pick(this.servers.up());
    if (!server) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { kind: "refused", label: "refused" };
    }
    const window = this.availability.window;
    const runBefore = server.run;
    const abortAfter = mayAbort && this.random.chance(ABORT_PROBABILITY) ? this.random.between(0, 80) : undefined;
    const what = `${browser.name} ${kind} ${new URLSearchParams(fields ?? {})}`.replace(/password=\w+/g, "password=…");
    const sent = this.report.time();
    const outcome = await send({
      port: server.port,
      host: this.servers.host,
      path,
      method,
      fields,
      abortAfter,
      headers: { accept: accept ?? "application/json", cookie: cookies.header, "x-forwarded-for": browser.address },
    });
    outcome.label = outcome.kind === "response" ? String(outcome.status) : outcome.kind;
    if (outcome.kind === "response" && !accept) outcome.json = parse(outcome.body);
    if (outcome.label !== "refused") {
      const detail = outcome.why ?? (outcome.json === undefined ? "" : JSON.stringify(outcome.json).slice(0, 200));
      this.report.record(household, `(sent ${sent}) ${what} on ${server.name} → ${outcome.label} ${detail}`);
      this.report.count(kind, outcome.label);
      if (abortAfter === undefined) this.availability.record(window, kind, server, outcome.label);
    }
    if (outcome.kind === "response" && ![...expected, "503"].includes(outcome.label)) {
      const text = `status ${outcome.label}: ${outcome.body.slice(0, 200)}`;
      this.reportViolations(household, kind, [`${text}\n${server.tail()}`]);
    }
    if (outcome.kind === "hang" && server.run === runBefore) {
      this.reportViolations(household, kind, [`no response from ${server.name}`]);
    }
    return outcome;
  }
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

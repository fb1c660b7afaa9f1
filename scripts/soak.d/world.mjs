// The users and browsers, and one request of theirs.

import { Browser } from "./browser.mjs";
import { send } from "./http.mjs";
import { Household, User } from "./people.mjs";

const HOUSEHOLDS = 12;
const USERS = 4;
const BROWSERS = 5;
/** How many replaced cookies are kept to be tried again. */
const GRAVES = 4000;
/** Sign-ins and confirmations of one account in a minute: fewer than the site takes. */
const ATTEMPTS = 8;
/** How many of a hundred requests that change something break off by the client's doing. */
const ABORTED = 0.02;

export class World {
  graves = [];
  #names = 0;
  #said = new Set();

  constructor({ oracle, report, weather, ledger, servers, random }) {
    Object.assign(this, { oracle, report, weather, ledger, servers, random });
    this.households = Array.from({ length: HOUSEHOLDS }, (_, index) => this.#household(index));
  }

  #household(index) {
    const household = new Household(`household ${index}`);
    for (let slot = 0; slot < USERS; slot++) household.users.push(this.newUser(household));
    for (let browser = 0; browser < BROWSERS; browser++) {
      // A network each: limits count by network, too.
      const address = `10.${index}.${browser}.${this.random.whole(1, 250)}`;
      household.browsers.push(new Browser(household, `browser ${index}-${browser}`, address));
    }
    return household;
  }

  newUser(household) {
    const name = `soak-${++this.#names}-${this.random.word(6)}`;
    return new User(household, { name: `Name ${name}`, email: `${name}@example.com`, password: this.random.word(16) });
  }

  /** In the place of a user who is gone, or may never have been made. */
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
    if (user.attempts.length >= ATTEMPTS) return false;
    user.attempts.push(now);
    return true;
  }

  bury(cookies) {
    if (!cookies.header) return;
    if (this.graves.length < GRAVES) this.graves.push(cookies);
    else this.graves[this.random.whole(0, GRAVES - 1)] = cookies;
  }

  /** The same is said once, however often it is seen. */
  wrong(household, kind, list) {
    for (const text of list) {
      if (this.#said.has(text)) continue;
      this.#said.add(text);
      this.report.violation(`${kind}: ${text}`, household);
    }
  }

  /**
   * Sends one request with some cookies. Returns the outcome with `label`, which is the status or
   * what kept an answer away, and `json`. Only statuses in `expected`, and 503, are right.
   */
  async request(browser, kind, { path, fields, cookies = browser.cookies, method, accept, expected = ["200"], mayAbort }) {
    const { household } = browser;
    const server = this.random.pick(this.servers.up());
    if (!server) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { kind: "refused", label: "refused" };
    }
    const window = this.weather.window;
    const wasRun = server.run;
    const abortAfter = mayAbort && this.random.chance(ABORTED) ? this.random.between(0, 80) : undefined;
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
    outcome.label = outcome.kind === "answer" ? String(outcome.status) : outcome.kind;
    if (outcome.kind === "answer" && !accept) outcome.json = parse(outcome.body);
    if (outcome.label !== "refused") {
      const detail = outcome.why ?? (outcome.json === undefined ? "" : JSON.stringify(outcome.json).slice(0, 200));
      this.report.note(household, `(sent ${sent}) ${what} on ${server.name} → ${outcome.label} ${detail}`);
      this.report.count(kind, outcome.label);
      if (abortAfter === undefined) this.weather.note(window, kind, server, outcome.label);
    }
    if (outcome.kind === "answer" && ![...expected, "503"].includes(outcome.label)) {
      this.wrong(household, kind, [`status ${outcome.label}: ${outcome.body.slice(0, 200)}\n${server.tail()}`]);
    }
    if (outcome.kind === "hang" && server.run === wasRun) this.wrong(household, kind, [`no answer from ${server.name}`]);
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

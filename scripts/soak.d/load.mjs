// Random operations of the users, in parallel, until `stop`.

import { signIn, switchAccount } from "./accounts.mjs";
import { changePassword, deleteAccount } from "./passwords.mjs";
import { sleep } from "./processes.mjs";
import { check, list, page, replay } from "./reads.mjs";
import { shellSignOut, signOut, signOutSession } from "./sign_outs.mjs";

/** How many operations run at the same time in each household. */
const ACTORS = 2;

/** The pause between two operations, in addition to the time that the last one took. */
const PAUSE_MS = [5, 150];

/** After this many sign-ins an account is deleted, because limits count per account and hour. */
const SIGN_INS_PER_ACCOUNT = 40;

/** The longest pause after a slow operation, without the random part. */
const LONGEST_PAUSE_MS = 2_000;

const WEIGHTS = {
  check: 40,
  replay: 14,
  list: 8,
  page: 3,
  signIn: 14,
  local: 4,
  browser: 1.5,
  others: 1.5,
  global: 1,
  handle: 3,
  foreignHandle: 0.5,
  switch: 8,
  password: 2,
  newBrowser: 0.5,
  shellUser: 0.15,
  shellSession: 0.15,
  shellEveryone: 0.004,
};

const SIGN_OUTS = ["local", "browser", "others", "global", "handle", "switch", "password"];

export class Load {
  #isStopping = false;
  #actors = [];
  #shells = 0;

  constructor(world) {
    this.world = world;
  }

  start() {
    for (const household of this.world.households) {
      for (let actor = 0; actor < ACTORS; actor++) this.#actors.push(this.#runActor(household));
    }
  }

  /** Resolves when every request has an outcome. */
  async stop() {
    this.#isStopping = true;
    await Promise.all(this.#actors);
  }

  async #runActor(household) {
    const { random } = this.world;
    while (!this.#isStopping) {
      const start = Date.now();
      await this.#runOperation(household);
      const took = Date.now() - start;
      await sleep(Math.min(took, LONGEST_PAUSE_MS) + random.between(...PAUSE_MS));
    }
  }

  async #runOperation(household) {
    const { world } = this;
    const { random } = world;
    const browser = random.pick(household.browsers);
    const chosen = random.weighted(WEIGHTS);
    // Where nobody is signed in, most sign-outs become sign-ins.
    const isIdle = !browser.cookies.live().length && !browser.failedSignOut;
    const what = isIdle && SIGN_OUTS.includes(chosen) && random.chance(0.85) ? "signIn" : chosen;
    const changes = !["check", "replay", "list", "page"].includes(what) && !what.startsWith("shell");
    if (changes && browser.isBusy) return check(world, browser);
    const active = browser.cookies.live()[0];
    switch (what) {
      case "replay":
        return replay(world);
      case "list":
        return list(world, browser);
      case "page":
        return page(world, browser);
      case "signIn":
        return this.#signIn(household, browser);
      case "local":
      case "browser":
      case "others":
      case "global":
        return signOut(world, browser, what, what !== "others" && random.chance(0.1));
      case "handle":
        return this.#byHandle(household, browser, household);
      case "foreignHandle":
        return this.#byHandle(household, browser, random.pick(world.households.filter((other) => other !== household)));
      case "switch":
        return browser.cookies.live().length > 1 ? switchAccount(world, browser) : check(world, browser);
      case "password":
        if (!active || !world.mayAttempt(active.user)) return check(world, browser);
        return active.user.signIns > SIGN_INS_PER_ACCOUNT
          ? deleteAccount(world, browser, active.user)
          : changePassword(world, browser, active.user);
      case "forget":
        // Replaces the browser. Its old cookies are only replayed.
        return replaceBrowser(world, browser);
      case "shellUser":
      case "shellSession":
      case "shellEveryone":
        return this.#shell(household, what);
      default:
        return check(world, browser);
    }
  }

  async #signIn(household, browser) {
    const user = this.world.random.pick(household.users);
    if (!this.world.mayAttempt(user)) return check(this.world, browser);
    // The user's sign-up must have finished before a sign-in.
    if (user.id) return signIn(this.world, browser, user, false);
    if (user.isBeingMade) return check(this.world, browser);
    user.isBeingMade = true;
    await signIn(this.world, browser, user, true);
    user.isBeingMade = false;
  }

  #byHandle(household, browser, of) {
    const own = browser.cookies.live()[0]?.user;
    const sessions = [...of.sessions].filter((session) => of !== household || session.user === own);
    if (!sessions.length) return check(this.world, browser);
    return signOutSession(this.world, browser, this.world.random.pick(sessions));
  }

  /** Runs one command at a time, because each is a process. */
  async #shell(household, what) {
    if (this.#shells > 0) return;
    this.#shells += 1;
    const { random } = this.world;
    const user = random.pick(household.users);
    const sessions = [...household.sessions];
    if (what === "shellUser" && user.id) await shellSignOut(this.world, { user });
    if (what === "shellSession" && sessions.length) await shellSignOut(this.world, { session: random.pick(sessions) });
    if (what === "shellEveryone") await shellSignOut(this.world, {});
    this.#shells -= 1;
  }
}

function replaceBrowser(world, browser) {
  const { household, name, address, cookies } = browser;
  world.keepForReplay(cookies);
  const fresh = new browser.constructor(household, name, address);
  household.browsers[household.browsers.indexOf(browser)] = fresh;
}

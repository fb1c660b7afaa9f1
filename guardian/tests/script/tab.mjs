// One tab's state under test: it takes events, and records what the page is to do.

import { UNKNOWN, reduce } from "../../src/script/state.mjs";

/** @typedef {import("../../src/script/types.d.ts").Effect} Effect */
/** @typedef {import("../../src/script/types.d.ts").Event} Event */
/** @typedef {import("../../src/script/types.d.ts").Options} Options */
/** @typedef {import("../../src/script/guardian.d.ts").User} User */

/** @param {string} id @param {string} [session] @returns {User} */
export const user = (id, session = `${id}-session`) => ({ id, profile: { name: id }, session });

export const ADA = user("ada");
export const GRACE = user("grace");

/** @param {User} active @param {User[]} others */
export const accounts = (active, ...others) => ({ active, others });

/** @param {Partial<Options>} [some] @returns {Options} */
export const options = (some) => ({ scope: "local", session: null, redirect: true, callbackUrl: null, ...some });

/** @param {Partial<import("../../src/script/types.d.ts").Notice>} [some] */
export const notice = (some) =>
  /** @type {import("../../src/script/types.d.ts").Notice} */ ({
    scope: "local",
    reason: "user",
    is_current: true,
    events: [],
    ...some,
  });

/** @param {Partial<import("../../src/script/guardian.d.ts").SignedOut>} [some] */
export const signedOut = (some) =>
  /** @type {import("../../src/script/guardian.d.ts").SignedOut} */ ({
    scope: "local",
    ended: ["ada-session"],
    events: ["event-1"],
    url: null,
    ...some,
  });

export const UNREACHABLE = { error: "unreachable", signedOutHere: false };

export class Tab {
  state = UNKNOWN;

  /** What the page is to do, from the last `take` on. @type {Effect[]} */
  effects = [];

  now = 1_000_000;
  /** @type {Options | null} */
  kept = null;
  /** @type {string | null} */
  signInUrl = null;
  here = "/account";
  refusesCookies = false;
  /** The id of the sign-out that was sent last. */
  sent = 0;
  #lastId = 0;

  /** A tab whose page the server has rendered. @param {ReturnType<typeof accounts> | null} [known] */
  static open(known) {
    const tab = new Tab();
    tab.send({ type: "started", accounts: known, isFromHistory: false });
    tab.take();
    return tab;
  }

  /** @param {Event} event */
  send(event) {
    const { now, kept, signInUrl, here } = this;
    const [state, effects] = reduce(this.state, { ...event, now, kept, signInUrl, here });
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === "post" && effect.name === "sign_out") this.sent = effect.event.id;
      if (effect.type === "forget") this.kept = null;
      if (effect.type !== "remember") continue;
      if (!this.refusesCookies) this.kept = effect.options;
      this.send({ type: "changed" });
    }
  }

  /** Returns the effects so far, and forgets them. */
  take() {
    return this.effects.splice(0);
  }

  /** @template {Effect["type"]} T @param {T} type @returns {(Effect & { type: T })[]} */
  all(type) {
    return /** @type {any} */ (this.effects.filter((effect) => effect.type === type));
  }

  /** The requests that the page has sent. @param {string} name */
  posts(name) {
    return this.all("post").filter((effect) => effect.name === name);
  }

  /** The latest question who is signed in. */
  get question() {
    const event = this.posts("session").at(-1)?.event;
    if (event?.type !== "answered") throw new Error("the page has not asked");
    return event.question;
  }

  /** @param {import("../../src/script/types.d.ts").Question} question @param {any} value */
  answer(question, value) {
    this.send({ type: "answered", question, value });
  }

  /** @param {import("../../src/script/types.d.ts").Question} question */
  failToAnswer(question) {
    this.send({ type: "answered", question, failure: UNREACHABLE });
  }

  /** Signs out. Returns the id of the call. @param {Partial<Options>} [some] */
  signOut(some) {
    const id = ++this.#lastId;
    this.send({ type: "signOut", id, options: options(some) });
    return id;
  }

  /** The timers that the page has set for an event. @param {Event["type"]} type */
  timers(type) {
    return this.all("wait").filter((effect) => effect.event.type === type);
  }

  /** What the app was told. */
  get notices() {
    return this.all("notify").map((effect) => effect.notice);
  }

  /** What the other tabs were told. */
  get hints() {
    return this.all("tellTabs").map((effect) => effect.hint);
  }

  /** How the calls of the API ended. */
  get outcomes() {
    return this.all("finish").map(({ id, value, failure }) => ({ id, value, error: failure?.error }));
  }
}

export const SIGN_IN = "https://site.test/sign-in";

/** A tab with Ada's page. */
export const adas = () => Tab.open(accounts(ADA));

/** A tab with Ada's page, which needs a user. */
export function adasPrivate() {
  const tab = adas();
  tab.signInUrl = SIGN_IN;
  return tab;
}

/** A tab whose sign-out could not be sent. @param {Partial<Options>} [some] */
export function pendingTab(some, tab = adas()) {
  const id = tab.signOut(some);
  tab.send({ type: "signedOut", id, failure: UNREACHABLE });
  return tab;
}

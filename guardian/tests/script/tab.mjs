// One tab's state under test: it takes events, and records what the page is to do.

import { UNKNOWN, reduce } from "../../src/script/state.mjs";

/** @typedef {import("../../src/script/types.d.ts").Effect} Effect */
/** @typedef {import("../../src/script/types.d.ts").Event} Event */
/** @typedef {import("../../src/script/types.d.ts").Options} Options */
/** @typedef {import("../../src/script/types.d.ts").Question} Question */
/** @typedef {import("../../src/script/guardian.d.ts").User} User */

/** @param {string} id @param {string} [session] @returns {User} */
export const user = (id, session = `${id}-session`) => ({ id, profile: { name: id }, session });

export const ADA = user("ada");
export const GRACE = user("grace");

/** @param {User} active @param {User[]} others */
export const accounts = (active, ...others) => ({ active, others });

/** @param {Partial<Options>} [some] @returns {Options} */
export const options = (some) => ({ scope: "local", ...some });

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

export const UNREACHABLE = { error: "unreachable", message: "The server did not answer." };

/** As JSON has it: without what is undefined. @param {unknown} value */
export const plain = (value) => JSON.parse(JSON.stringify(value));

export class Tab {
  state = UNKNOWN;

  /** What the page is to do, from the last `take` on. @type {Effect[]} */
  effects = [];

  now = 1_000_000;
  /** @type {Options | null} */
  kept = null;
  /** @type {string | null} */
  signInUrl = null;
  /** The session that the browser's marker cookie names. @type {string | null} */
  marker = null;
  here = "/account";
  refusesCookies = false;
  /** The id of the sign-out that was sent last. */
  sent = 0;
  #lastId = 0;

  /** A tab whose page the server has rendered. @param {ReturnType<typeof accounts> | null} [known] */
  static open(known) {
    const tab = new Tab();
    tab.marker = known?.active.session ?? null;
    tab.send("started", known);
    tab.take();
    return tab;
  }

  /** @param {Event} event */
  send(...event) {
    const { now, kept, signInUrl, marker, here } = this;
    const [state, effects] = reduce(this.state, { now, kept, signInUrl, marker, here }, ...event);
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect[0] === "post" && effect[1] === "sign_out") this.sent = Number(effect[4]);
      if (effect[0] === "forget") this.kept = null;
      if (effect[0] !== "remember") continue;
      if (!this.refusesCookies) this.kept = effect[1];
      this.send("changed");
    }
  }

  /** Returns the effects so far, and forgets them. */
  take() {
    return this.effects.splice(0);
  }

  /** The details of the effects with a name. @param {Effect[0]} wanted @returns {any[][]} */
  all(wanted) {
    return this.effects.filter(([name]) => name === wanted).map(([, ...details]) => details);
  }

  /** The requests that the page has sent. @param {string} wanted */
  posts(wanted) {
    const posts = this.all("post").filter(([name]) => name === wanted);
    return posts.map(([, fields, ...event]) => ({ fields: String(new URLSearchParams(fields)), event }));
  }

  /** The latest question who is signed in. @returns {Question} */
  get question() {
    const post = this.posts("session").at(-1);
    if (!post) throw new Error("the page has not asked");
    return post.event[1];
  }

  /** The server's answer, and the marker cookie that comes with it. @param {Question} question @param {any} value */
  answer(question, value) {
    this.marker = value?.active.session ?? null;
    this.send("answered", question, { value });
  }

  /** @param {Question} question */
  failToAnswer(question) {
    this.send("answered", question, { failure: UNREACHABLE });
  }

  /** Signs out. Returns the id of the call. @param {Partial<Options>} [some] */
  signOut(some) {
    const id = ++this.#lastId;
    this.send("signOut", id, options(some));
    return id;
  }

  /** The server's response to a sign-out, with the marker cookie. @param {number} id @param {any} value */
  succeed(id, value = signedOut()) {
    if (value.ended.includes(this.marker)) this.marker = null;
    this.send("signedOut", id, { value });
  }

  /** @param {number} id @param {import("../../src/script/types.d.ts").Failure} [failure] */
  fail(id, failure = UNREACHABLE) {
    this.send("signedOut", id, { failure });
  }

  /** The timers that are set for an event. @param {Event[0]} wanted @returns {{ ms: number, event: Event }[]} */
  timers(wanted) {
    const timers = this.all("wait").map(([ms, ...event]) => ({ ms, event: /** @type {Event} */ (event) }));
    return timers.filter(({ event }) => event[0] === wanted);
  }

  /** What the app was told. */
  get notices() {
    return this.all("notify").map(([notice]) => notice);
  }

  /** What the other tabs were told. */
  get hints() {
    return this.all("tellTabs");
  }

  /** How the calls of the API ended. */
  get outcomes() {
    return this.all("finish").map(([id, { value, failure }]) => ({ id, value, error: failure?.error }));
  }

  /** The pages that are loaded. */
  get loads() {
    return this.all("loadPage").map(([url]) => url ?? THIS_PAGE);
  }

  /** The sessions that the page has begun to follow. */
  get followed() {
    return this.all("follow").map(([session]) => session);
  }
}

export const SIGN_IN = "/sign-in";
export const THIS_PAGE = "this page";

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
  tab.fail(tab.signOut(some));
  return tab;
}

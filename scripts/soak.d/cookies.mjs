// A browser's cookies, and the accounts that are signed in by them.

/** The cookies of a browser between two changes, and what they sign in. */
export class Cookies {
  /** For each session that they may show, whether they certainly do while it is in. */
  accounts = new Map();
  /** The same sessions, the one selected last first; whether that order is certain. */
  order = [];
  isOrderCertain = true;
  /** Whether a change is under way; else the number of the last one. */
  isChanging = false;
  steadySince;
  /** The number of the answer that replaced them by others. */
  deadSince = null;

  constructor(browser, header, now) {
    Object.assign(this, { browser, header, steadySince: now });
  }

  /** Whether they hold, and no change of them overlaps a request sent at `start` and answered now. */
  isSteady(start) {
    return this.deadSince === null && !this.isChanging && this.steadySince < start;
  }

  has(session) {
    return this.accounts.has(session);
  }

  users() {
    return new Set(this.order.map((session) => session.user));
  }

  accountOf(user) {
    return this.order.find((session) => session.user === user);
  }

  /** What may still be signed in by them. */
  living() {
    return this.order.filter((session) => !session.out);
  }

  select(session) {
    this.order = [session, ...this.order.filter((other) => other !== session)];
  }

  add(session, isCertain) {
    this.accounts.set(session, isCertain);
    this.select(session);
  }

  remove(session) {
    this.accounts.delete(session);
    this.order = this.order.filter((other) => other !== session);
  }

  loseCertainty() {
    for (const session of this.accounts.keys()) this.accounts.set(session, false);
    this.isOrderCertain = false;
  }

  /** The cookies that replace them, with the same accounts but for those that are over. */
  successor(header, now) {
    const next = new Cookies(this.browser, header, now);
    for (const session of this.living()) next.accounts.set(session, this.accounts.get(session));
    next.order = this.living();
    next.isOrderCertain = this.isOrderCertain;
    return next;
  }

  /** The session that is certainly the active one for a request sent at `start`, if one is. */
  activeFor(oracle, start, except) {
    if (!this.isSteady(start) || !this.isOrderCertain) return null;
    // What ended since the request was sent may have been the active one for it.
    const first = this.order.find((session) => !oracle.mustBeOut(session, start));
    return first && this.accounts.get(first) && oracle.mustBeIn(first, start, except) ? first : null;
  }
}

/**
 * Lets one operation change a browser's cookies. `change` returns whether all is certain after it; if
 * not, no account is certainly signed in by them any more.
 */
export async function changeCookies(world, browser, change) {
  const { oracle } = world;
  const { cookies } = browser;
  browser.isBusy = true;
  cookies.isChanging = true;
  try {
    const isCertain = await change(cookies);
    if (!isCertain) cookies.loseCertainty();
  } finally {
    cookies.isChanging = false;
    cookies.steadySince = oracle.tick();
    const header = browser.jar.toString();
    if (browser.cookies === cookies && header !== cookies.header) {
      browser.cookies = cookies.successor(header, oracle.tick());
    }
    if (browser.cookies !== cookies) world.bury(cookies);
    browser.isBusy = false;
  }
}

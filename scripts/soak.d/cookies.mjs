// A browser's cookies and the accounts that they sign in.

/** A browser's cookies between two changes. */
export class Cookies {
  /** For each session that they may sign in, whether they certainly do while it is live. */
  accounts = new Map();
  /** The same sessions, the most recently selected first. */
  order = [];
  isOrderCertain = true;
  /** Whether a change is in progress. */
  isChanging = false;
  /** The sequence number of the last change. */
  stableSince;
  /** The sequence number of the response that replaced them. */
  replacedAt = null;

  constructor(browser, header, now) {
    Object.assign(this, { browser, header, stableSince: now });
  }

  /** Whether no change overlaps a request that was sent at `start` and gets its response now. */
  isStable(start) {
    return this.replacedAt === null && !this.isChanging && this.stableSince < start;
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

  /** The sessions that they may still sign in. */
  live() {
    return this.order.filter((session) => !session.revoked);
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

  /** The cookies that replace them, with the accounts that are still live. */
  successor(header, now) {
    const next = new Cookies(this.browser, header, now);
    for (const session of this.live()) next.accounts.set(session, this.accounts.get(session));
    next.order = this.live();
    next.isOrderCertain = this.isOrderCertain;
    return next;
  }

  /** The session that is certainly active for a request sent at `start`, or null. */
  activeFor(oracle, start, except) {
    if (!this.isStable(start) || !this.isOrderCertain) return null;
    // A session revoked after `start` may have been the active one for the request.
    const first = this.order.find((session) => !oracle.mustBeRevoked(session, start));
    return first && this.accounts.get(first) && oracle.mustBeLive(first, start, except) ? first : null;
  }
}

/**
 * Runs an operation that may change a browser's cookies. `change` returns whether the outcome is
 * certain. If not, the cookies no longer certainly sign in any account.
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
    cookies.stableSince = oracle.tick();
    const header = browser.jar.toString();
    if (browser.cookies === cookies && header !== cookies.header) {
      browser.cookies = cookies.successor(header, oracle.tick());
    }
    if (browser.cookies !== cookies) world.keepForReplay(cookies);
    browser.isBusy = false;
  }
}

// What must be true of sessions, given the responses so far.
//
// Every request and every response gets a number in one sequence. The oracle claims only what follows
// from these numbers. An operation whose response came before a check began has happened. An operation
// that overlaps a check may or may not have happened.
//
// A session is certainly revoked once an operation that revokes it has succeeded. It is certainly live
// if its sign-in has succeeded and no operation that may revoke it has begun. Otherwise it is in doubt
// until an operation with a response revokes it.

/**
 * How long the server may still carry out a request without a response: its limit for a request, plus
 * the time that a statement may wait in the database.
 */
export const SETTLE_TIME_MS = 60_000;

export class Oracle {
  #sequence = 0;
  #time;
  /** All sessions by their handles, including revoked ones. */
  sessions = new Map();

  constructor(time = Date.now) {
    this.#time = time;
  }

  tick() {
    return ++this.#sequence;
  }

  // Signing in

  signInSent(user, browser) {
    const attempt = { user, browser, password: user.password, start: this.tick(), sentAt: this.#time(), overlaps: [] };
    user.household.signInsInFlight.add(attempt);
    return attempt;
  }

  signInSucceeded(attempt, handle) {
    const { user, browser, password, start } = attempt;
    const household = user.household;
    household.signInsInFlight.delete(attempt);
    const session = {
      handle,
      user,
      browser,
      password,
      createdAfter: start,
      createdBefore: this.tick(),
      revoked: null,
      doubt: null,
    };
    this.sessions.set(handle, session);
    household.sessions.add(session);
    for (const revocation of attempt.overlaps) this.#apply(revocation, session);
    // Kept for another SETTLE_TIME_MS: the response to a sign-in that was sent earlier may come later.
    household.unresolvedRevocations = household.unresolvedRevocations.filter(
      (revocation) => revocation.until + SETTLE_TIME_MS > this.#time(),
    );
    for (const revocation of household.unresolvedRevocations) {
      if (attempt.sentAt < revocation.until && revocation.mayRevoke(session)) session.doubt ??= revocation;
    }
    // A changed password and a deleted account revoke their sessions.
    const isObsolete = user.isDeleted || user.oldPasswords.has(password);
    if (isObsolete) this.#revoke(session, { what: "a change of its password" });
    return session;
  }

  /** A sign-in without a response may have created a session with an unknown handle. */
  signInUnknown(attempt) {
    attempt.user.household.signInsInFlight.delete(attempt);
    attempt.user.unknownSessions.push({ start: attempt.start, until: this.#time() + SETTLE_TIME_MS });
  }

  signInRefused(attempt) {
    attempt.user.household.signInsInFlight.delete(attempt);
  }

  // Signing out

  /** `mayRevoke` says whether the operation may revoke a session of these households. */
  revocationSent(what, households, mayRevoke) {
    const revocation = { what, households, mayRevoke, start: this.tick(), sentAt: this.#time(), respondedAt: null };
    for (const household of households) household.revocationsInFlight.add(revocation);
    return revocation;
  }

  /**
   * `ended` has all handles that the operation revoked, if the response lists them. `covers` says
   * whether it certainly revoked a session, `spares` whether it certainly did not, and
   * `clearsUnknownOf` whether it revoked a user's sessions with unknown handles.
   */
  revocationSucceeded(
    revocation,
    { ended = null, covers = () => false, spares = () => false, clearsUnknownOf = () => false },
  ) {
    revocation.respondedAt = this.tick();
    Object.assign(revocation, { ended: ended && new Set(ended), covers, spares });
    for (const household of revocation.households) {
      household.revocationsInFlight.delete(revocation);
      for (const session of household.sessions) this.#apply(revocation, session);
      for (const attempt of household.signInsInFlight) attempt.overlaps.push(revocation);
      for (const user of household.users) {
        if (clearsUnknownOf(user)) {
          user.unknownSessions = user.unknownSessions.filter(({ until }) => until >= revocation.sentAt);
        }
      }
    }
  }

  /** It has no response, or one that does not say what happened. */
  revocationUnknown(revocation) {
    revocation.until = this.#time() + SETTLE_TIME_MS;
    for (const household of revocation.households) {
      household.revocationsInFlight.delete(revocation);
      household.unresolvedRevocations.push(revocation);
      for (const session of household.sessions) {
        if (revocation.mayRevoke(session)) session.doubt ??= revocation;
      }
    }
  }

  /** The server did not carry it out. */
  revocationRefused(revocation) {
    for (const household of revocation.households) household.revocationsInFlight.delete(revocation);
  }

  #apply(revocation, session) {
    if (revocation.ended?.has(session.handle) || revocation.covers(session)) this.#revoke(session, revocation);
    else if (!revocation.ended && revocation.mayRevoke(session) && !revocation.spares(session)) {
      session.doubt ??= revocation;
    }
  }

  /** The session is certainly revoked from the response on. */
  #revoke(session, revocation) {
    session.revoked ??= { what: revocation.what, at: this.#sequence };
    session.user.household.sessions.delete(session);
  }

  // Claims, for a request that was sent at `start` and gets its response now

  mustBeRevoked(session, start) {
    return session.revoked !== null && session.revoked.at < start;
  }

  /** Ignores the operation `except`, which makes the request. */
  mustBeLive(session, start, except) {
    if (session.revoked || session.doubt || session.createdBefore >= start) return false;
    return ![...session.user.household.revocationsInFlight].some(
      (revocation) => revocation !== except && revocation.mayRevoke(session),
    );
  }

  /** Whether a user may have a session with an unknown handle. */
  mayHaveUnknownSessions(user) {
    return (
      user.unknownSessions.length > 0 || [...user.household.signInsInFlight].some((attempt) => attempt.user === user)
    );
  }
}

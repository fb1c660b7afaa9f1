// What must be true of sessions, by what was answered.
//
// Every start of an operation and every answer has a number in one sequence. A claim is made only
// where one follows from the numbers: what was answered before a check began has happened; of what
// overlaps a check either may be true.
//
// A session is certainly out once an operation that ends it was answered with success. It is
// certainly in when its sign-in was answered and no operation that may end it has begun. Else it is
// in doubt, for ever: only an answered operation ends a doubt.

/**
 * How long something without an answer may still be carried out, in milliseconds: the server's
 * limit for a request, and as much as a statement may still wait in the database.
 */
export const SETTLE_TIME = 60_000;

export class Oracle {
  #sequence = 0;
  #time;
  /** By their handles, those that are over, too. */
  sessions = new Map();

  constructor(time = Date.now) {
    this.#time = time;
  }

  tick() {
    return ++this.#sequence;
  }

  // Signing in.

  /** A sign-in is sent. */
  birthBegins(user, browser) {
    const birth = { user, browser, password: user.password, start: this.tick(), sentAt: this.#time(), overlaps: [] };
    user.household.births.add(birth);
    return birth;
  }

  /** A sign-in is answered with success. */
  birthDone(birth, handle) {
    const { user, browser, password, start } = birth;
    const household = user.household;
    household.births.delete(birth);
    const session = { handle, user, browser, password, bornAfter: start, bornBefore: this.tick(), out: null, doubt: null };
    this.sessions.set(handle, session);
    household.sessions.add(session);
    for (const ending of birth.overlaps) this.#apply(ending, session);
    // Kept for as long again: a sign-in that was sent in its time may be answered later.
    household.lingering = household.lingering.filter((ending) => ending.until + SETTLE_TIME > this.#time());
    for (const ending of household.lingering) {
      if (birth.sentAt < ending.until && ending.mayEnd(session)) session.doubt ??= ending;
    }
    // A password ends with the sessions that it opened, and an account with all of its.
    const isOver = user.isDeleted || user.endedPasswords.has(password);
    if (isOver) this.#end(session, { what: "its password is over" });
    return session;
  }

  /** A sign-in without an answer: there may be a session that nobody knows the handle of. */
  birthUnknown(birth) {
    birth.user.household.births.delete(birth);
    birth.user.strays.push({ start: birth.start, until: this.#time() + SETTLE_TIME });
  }

  /** A sign-in that was refused. */
  birthNothing(birth) {
    birth.user.household.births.delete(birth);
  }

  // Signing out.

  /**
   * An operation that may end sessions is sent. `mayEnd` says of a session whether it may be one;
   * it is one of these households'.
   */
  endingBegins(what, households, mayEnd) {
    const ending = { what, households, mayEnd, start: this.tick(), sentAt: this.#time(), answer: null };
    for (const household of households) household.flying.add(ending);
    return ending;
  }

  /**
   * It is answered with success. `ended` has the handles of all that it ended, where the answer
   * says so; `covers` says of a session whether it is certainly over now; `spares`, whether it was
   * certainly not touched.
   */
  endingDone(ending, { ended = null, covers = () => false, spares = () => false, clearsStraysOf = () => false }) {
    ending.answer = this.tick();
    Object.assign(ending, { ended: ended && new Set(ended), covers, spares });
    for (const household of ending.households) {
      household.flying.delete(ending);
      for (const session of household.sessions) this.#apply(ending, session);
      for (const birth of household.births) birth.overlaps.push(ending);
      for (const user of household.users) {
        if (clearsStraysOf(user)) user.strays = user.strays.filter((stray) => stray.until >= ending.sentAt);
      }
    }
  }

  /** It has no answer, or one that leaves open what happened. */
  endingUnknown(ending) {
    ending.until = this.#time() + SETTLE_TIME;
    for (const household of ending.households) {
      household.flying.delete(ending);
      household.lingering.push(ending);
      for (const session of household.sessions) if (ending.mayEnd(session)) session.doubt ??= ending;
    }
  }

  /** It was not carried out. */
  endingNothing(ending) {
    for (const household of ending.households) household.flying.delete(ending);
  }

  #apply(ending, session) {
    if (ending.ended?.has(session.handle) || ending.covers(session)) this.#end(session, ending);
    else if (!ending.ended && ending.mayEnd(session) && !ending.spares(session)) session.doubt ??= ending;
  }

  /** What ended is known to be over from the answer on. */
  #end(session, ending) {
    session.out ??= { what: ending.what, at: this.#sequence };
    session.user.household.sessions.delete(session);
  }

  // What follows, for a request that was sent at `start` and is answered now.

  mustBeOut(session, start) {
    return session.out !== null && session.out.at < start;
  }

  /** `except` is the operation that asks. */
  mustBeIn(session, start, except) {
    if (session.out || session.doubt || session.bornBefore >= start) return false;
    return ![...session.user.household.flying].some((ending) => ending !== except && ending.mayEnd(session));
  }

  /** Whether a user may have a session whose handle nobody knows. */
  mayHaveStrays(user) {
    return user.strays.length > 0 || [...user.household.births].some((birth) => birth.user === user);
  }
}

// Users, and the households that they share browsers in.

/** A few users and the browsers that they share. What they do touches no other household. */
export class Household {
  users = [];
  browsers = [];
  /** Users that are deleted, or whose sign-up had no answer. */
  gone = [];
  /** Those that are not certainly over. */
  sessions = new Set();
  births = new Set();
  flying = new Set();
  lingering = [];
  history = [];

  constructor(name) {
    this.name = name;
  }
}

export class User {
  id = null;
  /** Signed in with and changed since. */
  endedPasswords = new Set();
  /** What else the password may be, after a change without an answer. */
  maybePasswords = [];
  /** How many changes of the password or deletions are under way. */
  changing = 0;
  /** Until when one without an answer may still be carried out, in milliseconds. */
  unsettledUntil = 0;
  /** Counts changes: an attempt that sees the same number before and after overlapped none. */
  revision = 0;
  isDeleted = false;
  signIns = 0;
  strays = [];
  /** When sign-ins and confirmations were sent, in milliseconds. */
  attempts = [];

  constructor(household, { name, email, password }) {
    Object.assign(this, { household, name, email, password });
  }

  /** A number for as long as the account and its password are certain; else null. */
  certainty(now) {
    const isCertain = !this.changing && !this.isDeleted && !this.maybePasswords.length && this.unsettledUntil < now;
    return isCertain ? this.revision : null;
  }

  /** The password was changed, with an answer. */
  changed(password) {
    this.endedPasswords.add(this.password);
    this.endedPasswords.delete(password);
    this.password = password;
    this.maybePasswords = [];
    this.revision += 1;
  }

  /** The account, or its password, may have been changed and may still be. */
  unsettled(until) {
    this.unsettledUntil = until;
    this.revision += 1;
  }
}

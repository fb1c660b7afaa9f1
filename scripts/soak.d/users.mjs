// Users and households.

/** A few users and the browsers that they share. Their operations affect no other household. */
export class Household {
  users = [];
  browsers = [];
  /** Users that are deleted, or whose sign-up had no response. */
  gone = [];
  /** The sessions that are not certainly revoked. */
  sessions = new Set();
  signInsInFlight = new Set();
  revocationsInFlight = new Set();
  unresolvedRevocations = [];
  history = [];

  constructor(name) {
    this.name = name;
  }
}

export class User {
  id = null;
  /** Passwords from before a change. */
  oldPasswords = new Set();
  /** What else the password may be, after changes without a response. */
  possiblePasswords = [];
  /** How many password changes or deletions are in progress. */
  changing = 0;
  /** Until when the server may still carry out one without a response, in milliseconds since the epoch. */
  unsettledUntil = 0;
  /** Counts changes. If it is the same before and after an operation, no change overlapped it. */
  revision = 0;
  isDeleted = false;
  signIns = 0;
  unknownSessions = [];
  /** When sign-ins and confirmations were sent, in milliseconds since the epoch. */
  attempts = [];

  constructor(household, { name, email, password }) {
    Object.assign(this, { household, name, email, password });
  }

  /** The revision if the account and its password are certain, else null. */
  certainty(now) {
    const isCertain = !this.changing && !this.isDeleted && !this.possiblePasswords.length && this.unsettledUntil < now;
    return isCertain ? this.revision : null;
  }

  /** The password was changed. */
  changed(password) {
    this.oldPasswords.add(this.password);
    this.oldPasswords.delete(password);
    this.password = password;
    this.possiblePasswords = [];
    this.revision += 1;
  }

  /** The account or its password may have been changed, or may still be changed until `until`. */
  unsettled(until) {
    this.unsettledUntil = until;
    this.revision += 1;
  }
}

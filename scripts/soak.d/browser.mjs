// A browser, as a person uses it.

import { Cookies } from "./cookies.mjs";
import { Jar } from "./http.mjs";

export class Browser {
  jar = new Jar();
  /** Whether an operation that may change the cookies is under way: one at a time, as a person does. */
  isBusy = false;
  /** A sign-out that failed and took the cookie: the next one carries it out. */
  failedSignOut = null;
  /** Whose accounts failed sign-outs have taken from here: the next may still end them. */
  abandoned = new Set();

  constructor(household, name, address) {
    Object.assign(this, { household, name, address });
    this.cookies = new Cookies(this, "", 0);
  }
}

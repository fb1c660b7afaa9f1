// A browser of one person.

import { Cookies } from "./cookies.mjs";
import { Jar } from "./http.mjs";

export class Browser {
  jar = new Jar();
  /** Whether an operation that may change the cookies is in progress. A person does one at a time. */
  isBusy = false;
  /** A failed sign-out that removed the cookie. The next sign-out carries it out. */
  failedSignOut = null;
  /** Users whose sessions failed sign-outs may have left. The next sign-out may revoke them. */
  unrevokedUsers = new Set();

  constructor(household, name, address) {
    Object.assign(this, { household, name, address });
    this.cookies = new Cookies(this, "", 0);
  }
}

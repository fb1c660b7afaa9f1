// Operations that may give the browser a new token.

/**
 * Begins an operation that may give the browser a new token, and the account a new session. If it does,
 * a check reads the new session before anything else happens on this browser.
 */
export function beginRotation(world, browser, session) {
  const { oracle } = world;
  const { user } = session;
  const attempt = oracle.signInSent(user, browser);
  const revocation = oracle.revocationSent("a new token", [user.household], (other) => other === session);
  const cancel = () => {
    oracle.signInRefused(attempt);
    oracle.revocationRefused(revocation);
  };
  return {
    start: revocation.start,
    revocation,
    cancel,
    failed(label, refusals) {
      if (refusals.includes(label)) {
        cancel();
        return true;
      }
      oracle.signInUnknown(attempt);
      oracle.revocationUnknown(revocation);
      return false;
    },
    async done(cookies, password = attempt.password) {
      const header = browser.jar.toString();
      if (header === cookies.header) {
        cancel();
        return true;
      }
      cookies.replacedAt = oracle.tick();
      attempt.password = password;
      const next = cookies.successor(header, oracle.tick());
      next.isChanging = true;
      browser.cookies = next;
      const request = { path: "/api/session", fields: {}, cookies: next };
      const { label, json } = await world.request(browser, "check", request);
      const accounts = label === "200" && json ? [json, ...(json.others ?? [])] : [];
      const shown = accounts.find((account) => account.id === user.id);
      if (shown && shown.session !== session.handle && !oracle.sessions.has(shown.session)) {
        oracle.revocationSucceeded(revocation, { covers: (other) => other === session });
        next.remove(session);
        next.add(oracle.signInSucceeded(attempt, shown.session), true);
      } else if (shown) cancel();
      else {
        oracle.signInUnknown(attempt);
        oracle.revocationUnknown(revocation);
        next.loseCertainty();
      }
      next.isChanging = false;
      next.stableSince = oracle.tick();
      return true;
    },
  };
}

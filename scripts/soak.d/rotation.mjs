// A new token for the browser, where there may be one.

/**
 * An operation that may give the browser a new token, and with it the account a new session: what
 * that is, a check says before anything else happens on this browser.
 */
export function beginRotation(world, browser, session) {
  const { oracle } = world;
  const { user } = session;
  const birth = oracle.birthBegins(user, browser);
  const ending = oracle.endingBegins("a new token", [user.household], (other) => other === session);
  const nothing = () => {
    oracle.birthNothing(birth);
    oracle.endingNothing(ending);
  };
  return {
    start: ending.start,
    ending,
    nothing,
    failed(label, refusals) {
      if (refusals.includes(label)) {
        nothing();
        return true;
      }
      oracle.birthUnknown(birth);
      oracle.endingUnknown(ending);
      return false;
    },
    async done(cookies, password = birth.password) {
      const header = browser.jar.toString();
      if (header === cookies.header) {
        nothing();
        return true;
      }
      cookies.deadSince = oracle.tick();
      birth.password = password;
      const next = cookies.successor(header, oracle.tick());
      next.isChanging = true;
      browser.cookies = next;
      const { label, json } = await world.request(browser, "check", { path: "/api/session", fields: {}, cookies: next });
      const shown = label === "200" && json ? [json, ...(json.others ?? [])].find((account) => account.id === user.id) : null;
      if (shown && shown.session !== session.handle && !oracle.sessions.has(shown.session)) {
        oracle.endingDone(ending, { covers: (other) => other === session });
        next.remove(session);
        next.add(oracle.birthDone(birth, shown.session), true);
      } else if (shown) nothing();
      else {
        oracle.birthUnknown(birth);
        oracle.endingUnknown(ending);
        next.loseCertainty();
      }
      next.isChanging = false;
      next.steadySince = oracle.tick();
      return true;
    },
  };
}

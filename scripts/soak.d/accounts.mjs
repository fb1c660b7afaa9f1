// Signing up, signing in, and switching accounts.

import { changeCookies } from "./cookies.mjs";
import { describe } from "./judge.mjs";
import { beginRotation } from "./rotation.mjs";

/** Signs in or up. The account becomes the browser's active one. */
export function signIn(world, browser, user, isSignUp) {
  const { oracle, random } = world;
  const kind = isSignUp ? "sign-up" : "sign-in";
  const old = [...user.oldPasswords];
  const triesOld = old.length > 0 && random.chance(0.03);
  const password = triesOld ? random.pick(old) : random.pick([user.password, ...user.possiblePasswords]);
  return changeCookies(world, browser, async (cookies) => {
    const certainty = user.certainty(Date.now());
    const wasInvalid = user.isDeleted || user.oldPasswords.has(password);
    const sentAt = Date.now();
    user.signIns += 1;
    const attempt = oracle.signInSent(user, browser);
    attempt.password = password;
    const replaces = (session) => session.user === user && cookies.has(session);
    const revocation = oracle.revocationSent("a sign-in", [user.household], replaces);
    const outcome = await world.request(browser, kind, {
      path: isSignUp ? "/api/sign_up" : "/api/sign_in",
      fields: { ...(isSignUp && { name: user.name }), email: user.email, password },
      expected: ["200", "401", "429"],
      mayAbort: true,
    });
    browser.jar.store(outcome.cookies ?? []);
    const header = browser.jar.toString();
    const { label, json } = outcome;
    if (label === "200") {
      browser.failedSignOut = null;
      browser.unrevokedUsers.clear();
      if (wasInvalid) world.reportViolations(user.household, kind, [`${user.email} signs in with an old password`]);
      if (isSignUp) user.id = json.user.id;
      if (json.user.id !== user.id || json.user.profile.email !== user.email) {
        world.reportViolations(user.household, kind, [`${user.email} is signed in as ${json.user.profile.email}`]);
      }
      if (oracle.sessions.has(json.user.session)) {
        world.reportViolations(user.household, kind, ["the session is not new"]);
      }
      oracle.revocationSucceeded(revocation, {
        covers: (session) => replaces(session) && cookies.accounts.get(session),
      });
      const session = oracle.signInSucceeded(attempt, json.user.session);
      cookies.replacedAt = oracle.tick();
      browser.cookies = cookies.successor(header, oracle.tick());
      for (const other of browser.cookies.live()) if (other.user === user) browser.cookies.remove(other);
      browser.cookies.add(session, true);
      if (browser.cookies.order.length === 1) browser.cookies.isOrderCertain = true;
      // If no earlier change can still be carried out, a password that works is the current one.
      if (user.possiblePasswords.length && sentAt > user.unsettledUntil && !user.changing) {
        user.password = password;
        user.possiblePasswords = [];
      }
      return true;
    }
    const isRefused = ["refused", "401", "429"].includes(label) && header === cookies.header;
    if (label === "401" && certainty !== null && certainty === user.certainty(Date.now()) && password === user.password) {
      world.reportViolations(user.household, kind, [`${user.email} is refused with the right password`]);
    }
    if (isRefused) {
      oracle.signInRefused(attempt);
      oracle.revocationRefused(revocation);
      return true;
    }
    oracle.signInUnknown(attempt);
    oracle.revocationUnknown(revocation);
    // The server may have signed in and failed to undo it. The next sign-out undoes it.
    for (const other of [user, ...cookies.users()]) browser.unrevokedUsers.add(other);
    if (isSignUp) world.replaceUser(user);
    return false;
  });
}

export function switchAccount(world, browser) {
  const { oracle, random } = world;
  return changeCookies(world, browser, async (cookies) => {
    const session = random.pick(cookies.live());
    const change = beginRotation(world, browser, session);
    const outcome = await world.request(browser, "switch", {
      path: "/api/switch_account",
      fields: { session: session.handle },
      expected: ["200", "401", "404"],
      mayAbort: true,
    });
    browser.jar.store(outcome.cookies ?? []);
    if (outcome.label === "200") {
      if (outcome.json.session !== session.handle && browser.jar.toString() === cookies.header) {
        world.reportViolations(browser.household, "switch", [`${describe(session)} is not the active one afterwards`]);
      }
      cookies.select(session);
      return change.done(cookies);
    }
    const isWrong = ["401", "404"].includes(outcome.label) && cookies.accounts.get(session);
    if (isWrong && oracle.mustBeLive(session, change.start, change.revocation)) {
      world.reportViolations(browser.household, "switch", [`${describe(session)} is not found`]);
    }
    return change.failed(outcome.label, ["refused", "401", "404"]);
  });
}

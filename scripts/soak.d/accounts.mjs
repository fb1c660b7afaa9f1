// Signing up and in, and switching accounts.

import { changeCookies } from "./cookies.mjs";
import { describe } from "./judge.mjs";
import { beginRotation } from "./rotation.mjs";

/** Signs in, or up, and makes the account the browser's active one. */
export function signIn(world, browser, user, isSignUp) {
  const { oracle, random } = world;
  const kind = isSignUp ? "sign-up" : "sign-in";
  const old = [...user.endedPasswords];
  const triesOld = old.length > 0 && random.chance(0.03);
  const password = triesOld ? random.pick(old) : random.pick([user.password, ...user.maybePasswords]);
  return changeCookies(world, browser, async (cookies) => {
    const certainty = user.certainty(Date.now());
    const wasOver = user.isDeleted || user.endedPasswords.has(password);
    const sentAt = Date.now();
    user.signIns += 1;
    const birth = oracle.birthBegins(user, browser);
    birth.password = password;
    const replaces = (session) => session.user === user && cookies.has(session);
    const ending = oracle.endingBegins("a sign-in", [user.household], replaces);
    const outcome = await world.request(browser, kind, {
      path: isSignUp ? "/api/sign_up" : "/api/sign_in",
      fields: { ...(isSignUp && { name: user.name }), email: user.email, password },
      expected: ["200", "401", "429"],
      mayAbort: true,
    });
    browser.jar.take(outcome.cookies ?? []);
    const header = browser.jar.toString();
    const { label, json } = outcome;
    if (label === "200") {
      browser.failedSignOut = null;
      browser.abandoned.clear();
      if (wasOver) world.wrong(user.household, kind, [`${user.email} signs in with a password that is over`]);
      if (isSignUp) user.id = json.user.id;
      if (json.user.id !== user.id || json.user.profile.email !== user.email) {
        world.wrong(user.household, kind, [`${user.email} is signed in as ${json.user.profile.email}`]);
      }
      if (oracle.sessions.has(json.user.session)) world.wrong(user.household, kind, ["the session is not new"]);
      oracle.endingDone(ending, { covers: (session) => replaces(session) && cookies.accounts.get(session) });
      const session = oracle.birthDone(birth, json.user.session);
      cookies.deadSince = oracle.tick();
      browser.cookies = cookies.successor(header, oracle.tick());
      for (const other of browser.cookies.living()) if (other.user === user) browser.cookies.remove(other);
      browser.cookies.add(session, true);
      if (browser.cookies.order.length === 1) browser.cookies.isOrderCertain = true;
      // A password that lets in after all is settled is the password.
      if (user.maybePasswords.length && sentAt > user.unsettledUntil && !user.changing) {
        user.password = password;
        user.maybePasswords = [];
      }
      return true;
    }
    const isRefused = ["refused", "401", "429"].includes(label) && header === cookies.header;
    if (label === "401" && certainty !== null && certainty === user.certainty(Date.now()) && password === user.password) {
      world.wrong(user.household, kind, [`${user.email} is refused with the right password`]);
    }
    if (isRefused) {
      oracle.birthNothing(birth);
      oracle.endingNothing(ending);
      return true;
    }
    oracle.birthUnknown(birth);
    oracle.endingUnknown(ending);
    // The server may have signed in, and failed to take that back: the next sign-out does.
    for (const other of [user, ...cookies.users()]) browser.abandoned.add(other);
    if (isSignUp) world.replaceUser(user);
    return false;
  });
}

export function switchAccount(world, browser) {
  const { oracle, random } = world;
  return changeCookies(world, browser, async (cookies) => {
    const session = random.pick(cookies.living());
    const change = beginRotation(world, browser, session);
    const outcome = await world.request(browser, "switch", {
      path: "/api/switch_account",
      fields: { session: session.handle },
      expected: ["200", "401", "404"],
      mayAbort: true,
    });
    browser.jar.take(outcome.cookies ?? []);
    if (outcome.label === "200") {
      if (outcome.json.session !== session.handle && browser.jar.toString() === cookies.header) {
        world.wrong(browser.household, "switch", [`${describe(session)} is not the active one after it`]);
      }
      cookies.select(session);
      return change.done(cookies);
    }
    const isWrong = ["401", "404"].includes(outcome.label) && cookies.accounts.get(session);
    if (isWrong && oracle.mustBeIn(session, change.start, change.ending)) {
      world.wrong(browser.household, "switch", [`${describe(session)} is not found`]);
    }
    return change.failed(outcome.label, ["refused", "401", "404"]);
  });
}

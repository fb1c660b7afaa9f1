// What changes who is signed in on a browser: signing up and in, switching, a new password, the end
// of an account. After an answer without success the cookies' accounts are no longer certain.

import { describe } from "./judge.mjs";
import { SETTLE_TIME } from "./oracle.mjs";

/** Lets one operation change a browser's cookies. `change` returns whether all is certain after it. */
export async function changeCookies(world, browser, change) {
  const { oracle } = world;
  const { cookies } = browser;
  browser.isBusy = true;
  cookies.isChanging = true;
  try {
    const isCertain = await change(cookies);
    if (!isCertain) cookies.loseCertainty();
  } finally {
    cookies.isChanging = false;
    cookies.steadySince = oracle.tick();
    const header = browser.jar.toString();
    if (browser.cookies === cookies && header !== cookies.header) {
      browser.cookies = cookies.successor(header, oracle.tick());
    }
    if (browser.cookies !== cookies) world.bury(cookies);
    browser.isBusy = false;
  }
}

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

export function changePassword(world, browser, user) {
  const { oracle, random } = world;
  return changeCookies(world, browser, async (cookies) => {
    const session = cookies.accountOf(user);
    const password = random.word(16);
    const before = user.password;
    const certainty = user.certainty(Date.now());
    user.changing += 1;
    const ending = oracle.endingBegins("a change of the password", [user.household], (other) => other.user === user);
    const change = beginRotation(world, browser, session);
    const outcome = await world.request(browser, "change of password", {
      path: "/api/change_password",
      fields: { current_password: before, password },
      expected: ["200", "401", "403", "429"],
      mayAbort: true,
    });
    user.changing -= 1;
    browser.jar.take(outcome.cookies ?? []);
    if (outcome.label === "200") {
      user.changed(password);
      const isCertain = await change.done(cookies, password);
      const isThis = (other) => other === session;
      const mayBeOpenedByIt = (other) => other.bornBefore < ending.start || other.password === before;
      oracle.endingDone(ending, {
        covers: (other) => other.user === user && !isThis(other) && other.password !== password && mayBeOpenedByIt(other),
        spares: (other) => isThis(other) || other.password === password,
        clearsStraysOf: (other) => other === user,
      });
      return isCertain;
    }
    judgeRefusal(world, cookies, user, certainty, outcome.label);
    return failedChange(oracle, user, ending, change, outcome.label, () => user.maybePasswords.push(password));
  });
}

export function deleteAccount(world, browser, user) {
  const { oracle } = world;
  return changeCookies(world, browser, async (cookies) => {
    const certainty = user.certainty(Date.now());
    user.changing += 1;
    const ending = oracle.endingBegins("the account's deletion", [user.household], (other) => other.user === user);
    const change = beginRotation(world, browser, cookies.accountOf(user));
    const outcome = await world.request(browser, "deletion", {
      path: "/api/delete_account",
      fields: { confirm_password: user.password },
      expected: ["200", "401", "403", "429"],
      mayAbort: true,
    });
    user.changing -= 1;
    browser.jar.take(outcome.cookies ?? []);
    if (outcome.label === "200") {
      user.isDeleted = true;
      user.revision += 1;
      oracle.endingDone(ending, { covers: (other) => other.user === user });
      change.nothing();
      world.replaceUser(user);
      return true;
    }
    judgeRefusal(world, cookies, user, certainty, outcome.label);
    return failedChange(oracle, user, ending, change, outcome.label, () => world.replaceUser(user));
  });
}

/** `certainty` is the one from before it. With several accounts, another may have become the active one. */
function judgeRefusal(world, cookies, user, certainty, label) {
  const wasCertain = certainty !== null && certainty === user.certainty(Date.now());
  if (label === "403" && wasCertain && cookies.order.length === 1) {
    world.wrong(user.household, "confirmation", [`${user.email} is refused with the right password`]);
  }
}

function failedChange(oracle, user, ending, change, label, maybe) {
  if (["refused", "401", "403", "429"].includes(label)) oracle.endingNothing(ending);
  else {
    oracle.endingUnknown(ending);
    user.unsettled(Date.now() + SETTLE_TIME);
    maybe();
  }
  return change.failed(label, ["refused", "401", "403", "429"]);
}

/**
 * An operation that may give the browser a new token, and with it the account a new session: what
 * that is, a check says before anything else happens on this browser.
 */
function beginRotation(world, browser, session) {
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

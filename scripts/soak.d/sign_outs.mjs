// Signing out in a browser and by command.

import { Cookies, changeCookies } from "./cookies.mjs";
import { describe, judgeEnded } from "./judge.mjs";

// The user of an old session must first confirm who they are, to end sessions elsewhere.
const SIGN_OUT_STATUSES = ["200", "403"];

/** Signs out with a scope, once or twice at the same time like a double click. */
export function signOut(world, browser, scope, isTwice) {
  return changeCookies(world, browser, async (cookies) => {
    const previous = browser.failedSignOut;
    // A failed sign-out is sent again unchanged: it must then end the same sessions.
    const sentScope = previous ? previous.scope : scope;
    browser.failedSignOut = null;
    const once = () => signOutOnce(world, browser, cookies, sentScope, previous);
    const done = await Promise.all(isTwice ? [once(), once()] : [once()]);
    if (isTwice) browser.failedSignOut = null;
    return done.every(Boolean);
  });
}

async function signOutOnce(world, browser, cookies, scope, previous) {
  const { oracle } = world;
  const { household } = browser;
  const users = new Set([...cookies.users(), ...browser.unrevokedUsers]);
  const hadUnrevokedUsers = browser.unrevokedUsers.size > 0;
  const isHere = (session) => session.browser === browser;
  const mayRevoke = {
    local: isHere,
    browser: isHere,
    others: (session) => users.has(session.user) && !cookies.has(session),
    global: (session) => isHere(session) || users.has(session.user),
  }[scope];
  const [first] = cookies.live();
  const isOnly = cookies.live().length === 1;
  const firstIsActive = first && cookies.isOrderCertain && cookies.accounts.get(first);
  const certainSessions = [...cookies.accounts].filter(([, isCertain]) => isCertain).map(([session]) => session);
  const revocation = oracle.revocationSent(`sign-out ${scope} on ${browser.name}`, [household], mayRevoke);
  const outcome = await world.request(browser, `sign-out ${scope}`, {
    path: "/api/sign_out",
    fields: { scope },
    cookies,
    expected: SIGN_OUT_STATUSES,
    mayAbort: true,
  });
  browser.jar.store(outcome.cookies ?? []);
  const { label, json } = outcome;
  if (label === "200") {
    const ended = json.ended;
    world.ledger.confirmed(json.events ?? [], ended);
    const problems = judgeEnded(oracle, revocation, ended);
    const mustEndFirst = scope !== "others" && firstIsActive && oracle.mustBeLive(first, revocation.start, revocation);
    if (mustEndFirst && !ended.includes(first.handle)) {
      problems.push(`it did not end ${describe(first)}`);
    }
    world.reportViolations(household, `sign-out ${scope}`, problems);
    const wasEnded = (session) => ended.includes(session.handle);
    const affectedUser = {
      local: () => null,
      browser: () => null,
      others: () => oracle.sessions.get(ended[0])?.user,
      // After failed sign-outs, the ended sessions may belong to several users.
      global: () => (hadUnrevokedUsers ? null : [...cookies.accounts.keys()].find(wasEnded)?.user),
    }[scope]();
    const covers = (session) => {
      if (previous?.sessions.includes(session)) return true;
      const isAffected = session.user === affectedUser && session.createdBefore < revocation.start;
      if (scope === "others") return isAffected && !cookies.has(session);
      if (scope === "browser" && certainSessions.includes(session)) return true;
      if (isOnly && firstIsActive && session === first) return true;
      return isAffected;
    };
    oracle.revocationSucceeded(revocation, { ended, covers, clearsUnknownOf: (user) => user === affectedUser });
    if (scope !== "others") browser.unrevokedUsers.clear();
    return true;
  }
  if (["refused", "403"].includes(label)) {
    oracle.revocationRefused(revocation);
    browser.failedSignOut = previous;
    return true;
  }
  oracle.revocationUnknown(revocation);
  if (json?.error === "unavailable" && json.signed_out_here) {
    dropCookies(world, browser, cookies);
    browser.failedSignOut = { scope, sessions: [...certainSessions, ...(previous?.sessions ?? [])] };
  } else if (json?.error === "unavailable" && scope !== "others" && certainSessions.length) {
    world.reportViolations(household, `sign-out ${scope}`, ["it failed and left the browser signed in"]);
  }
  return false;
}

/** A failed sign-out removed the cookie: nobody is signed in here, and a retry ends the remaining sessions. */
function dropCookies(world, browser, cookies) {
  for (const user of cookies.users()) browser.unrevokedUsers.add(user);
  browser.cookies = new Cookies(browser, browser.jar.toString(), world.oracle.tick());
}

/** Ends a session by its handle. This must not work for another user's session. */
export function signOutSession(world, browser, target) {
  const { oracle } = world;
  const { household } = browser;
  return changeCookies(world, browser, async (cookies) => {
    const endsHere = cookies.has(target) || browser.unrevokedUsers.size > 0;
    const active = cookies.live()[0];
    const isCertain = cookies.live().length === 1 && cookies.accounts.get(active);
    const revocation = oracle.revocationSent(
      `sign-out of ${target.handle} on ${browser.name}`,
      [household],
      (session) => session === target || (endsHere && session.browser === browser),
    );
    const outcome = await world.request(browser, "sign-out by handle", {
      path: "/api/sign_out",
      fields: { session: target.handle },
      expected: SIGN_OUT_STATUSES,
      mayAbort: true,
    });
    browser.jar.store(outcome.cookies ?? []);
    const { label, json } = outcome;
    if (label === "200") {
      world.ledger.confirmed(json.events ?? [], json.ended);
      const problems = judgeEnded(oracle, revocation, json.ended);
      const isOthers = target.user.household !== household;
      if (isOthers && json.ended.includes(target.handle)) problems.push(`it ended another user's session, ${describe(target)}`);
      world.reportViolations(household, "sign-out by handle", problems);
      const mayAsk = isCertain && active.user === target.user && oracle.mustBeLive(active, revocation.start, revocation);
      oracle.revocationSucceeded(revocation, { ended: json.ended, covers: (session) => session === target && mayAsk });
      return true;
    }
    if (["refused", "403"].includes(label)) {
      oracle.revocationRefused(revocation);
      return true;
    }
    oracle.revocationUnknown(revocation);
    if (json?.signed_out_here) dropCookies(world, browser, cookies);
    return !endsHere && label === "503" && json?.signed_out_here === false;
  });
}

/** Runs the command `server sign-out`. `which` has its arguments. */
export async function shellSignOut(world, which) {
  const { oracle, report, servers } = world;
  const { user, session } = which;
  const one = user?.household ?? session?.user.household;
  const households = one ? [one] : world.households;
  const argument = user ? ["--user", user.email] : session ? ["--session", session.handle] : ["--everyone"];
  const mayRevoke = (other) => (user ? other.user === user : session ? other === session : true);
  const what = `server sign-out ${argument.join(" ")}`;
  const { window } = world.availability;
  const revocation = oracle.revocationSent(what, households, mayRevoke);
  const { code, output } = await servers.shell(["sign-out", ...argument, "--reason", "soak"]);
  const kind = `shell ${argument[0]}`;
  const isGone = /there is no session|no user has/.test(output);
  const label = code === 0 ? "200" : isGone ? "404" : "503";
  report.count(kind, label);
  for (const household of households) report.record(household, `${what} → ${code} ${output.trim().slice(-200)}`);
  world.availability.record(window, kind, { name: "the shell" }, label);
  if (code === 0) {
    oracle.revocationSucceeded(revocation, {
      covers: (other) => mayRevoke(other) && other.createdBefore < revocation.start,
      clearsUnknownOf: (other) => !session && (!user || other === user),
    });
  } else if (isGone) {
    if (session && oracle.mustBeLive(session, revocation.start, revocation)) {
      report.violation(`${what}: ${describe(session)} is not found`, one);
    }
    oracle.revocationRefused(revocation);
  } else oracle.revocationUnknown(revocation);
}

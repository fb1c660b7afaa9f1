// Signing out, from a browser and from a shell.

import { Cookies, changeCookies } from "./cookies.mjs";
import { describe, judgeEnded } from "./judge.mjs";

/** Signs out with a scope: once, or twice at the same moment, as a double click does. */
export function signOut(world, browser, scope, isTwice) {
  return changeCookies(world, browser, async (cookies) => {
    const retries = browser.failedSignOut;
    // A failed sign-out is sent again as it was: that it then ends the same is what is promised.
    const asked = retries ? retries.scope : scope;
    browser.failedSignOut = null;
    const once = () => signOutOnce(world, browser, cookies, asked, retries);
    const done = await Promise.all(isTwice ? [once(), once()] : [once()]);
    if (isTwice) browser.failedSignOut = null;
    return done.every(Boolean);
  });
}

async function signOutOnce(world, browser, cookies, scope, retries) {
  const { oracle } = world;
  const { household } = browser;
  const users = new Set([...cookies.users(), ...browser.abandoned]);
  const hadAbandoned = browser.abandoned.size > 0;
  const isHere = (session) => session.browser === browser;
  const mayEnd = {
    local: isHere,
    browser: isHere,
    others: (session) => users.has(session.user) && !cookies.has(session),
    global: (session) => isHere(session) || users.has(session.user),
  }[scope];
  const [first] = cookies.living();
  const isSole = cookies.living().length === 1;
  const firstIsActive = first && cookies.isOrderCertain && cookies.accounts.get(first);
  const attached = [...cookies.accounts].filter(([, isCertain]) => isCertain).map(([session]) => session);
  const ending = oracle.endingBegins(`sign-out ${scope} on ${browser.name}`, [household], mayEnd);
  const outcome = await world.request(browser, `sign-out ${scope}`, {
    path: "/api/sign_out",
    fields: { scope },
    cookies,
    mayAbort: true,
  });
  browser.jar.take(outcome.cookies ?? []);
  const { label, json } = outcome;
  if (label === "200") {
    const ended = json.ended;
    world.ledger.answered(json.events ?? [], ended);
    const wrong = judgeEnded(oracle, ending, ended);
    if (scope !== "others" && firstIsActive && oracle.mustBeIn(first, ending.start, ending) && !ended.includes(first.handle)) {
      wrong.push(`it did not end ${describe(first)}`);
    }
    world.wrong(household, `sign-out ${scope}`, wrong);
    const wasEnded = (session) => ended.includes(session.handle);
    const whose = {
      local: () => null,
      browser: () => null,
      others: () => oracle.sessions.get(ended[0])?.user,
      // With what failed sign-outs have left, others may have ended than all of one user's.
      global: () => (hadAbandoned ? null : [...cookies.accounts.keys()].find(wasEnded)?.user),
    }[scope]();
    const covers = (session) => {
      if (retries?.sessions.includes(session)) return true;
      if (scope === "others") return session.user === whose && session.bornBefore < ending.start && !cookies.has(session);
      if (scope === "browser" && attached.includes(session)) return true;
      if (isSole && firstIsActive && session === first) return true;
      return session.user === whose && session.bornBefore < ending.start;
    };
    oracle.endingDone(ending, { ended, covers, clearsStraysOf: (user) => user === whose });
    if (scope !== "others") browser.abandoned.clear();
    return true;
  }
  if (label === "refused") {
    oracle.endingNothing(ending);
    browser.failedSignOut = retries;
    return true;
  }
  oracle.endingUnknown(ending);
  if (json?.error === "unavailable" && json.signed_out_here) {
    leave(world, browser, cookies);
    browser.failedSignOut = { scope, sessions: [...attached, ...(retries?.sessions ?? [])] };
  } else if (json?.error === "unavailable" && scope !== "others" && attached.length) {
    world.wrong(household, `sign-out ${scope}`, ["it failed and left the browser signed in"]);
  }
  return false;
}

/** A failed sign-out has taken the cookie: nobody is signed in here, and a retry ends what it did not. */
function leave(world, browser, cookies) {
  for (const user of cookies.users()) browser.abandoned.add(user);
  browser.cookies = new Cookies(browser, browser.jar.toString(), world.oracle.tick());
}

/** Ends a session by its handle: one of the user's, or of somebody else, which must not work. */
export function signOutSession(world, browser, target) {
  const { oracle } = world;
  const { household } = browser;
  return changeCookies(world, browser, async (cookies) => {
    const endsHere = cookies.has(target) || browser.abandoned.size > 0;
    const active = cookies.living()[0];
    const isCertain = cookies.living().length === 1 && cookies.accounts.get(active);
    const ending = oracle.endingBegins(
      `sign-out of ${target.handle} on ${browser.name}`,
      [household],
      (session) => session === target || (endsHere && session.browser === browser),
    );
    const outcome = await world.request(browser, "sign-out by handle", {
      path: "/api/sign_out",
      fields: { session: target.handle },
      mayAbort: true,
    });
    browser.jar.take(outcome.cookies ?? []);
    const { label, json } = outcome;
    if (label === "200") {
      world.ledger.answered(json.events ?? [], json.ended);
      const wrong = judgeEnded(oracle, ending, json.ended);
      const isOthers = target.user.household !== household;
      if (isOthers && json.ended.includes(target.handle)) wrong.push(`it ended ${describe(target)}, somebody else's`);
      world.wrong(household, "sign-out by handle", wrong);
      const mayAsk = isCertain && active.user === target.user && oracle.mustBeIn(active, ending.start, ending);
      oracle.endingDone(ending, { ended: json.ended, covers: (session) => session === target && mayAsk });
      return true;
    }
    if (label === "refused") {
      oracle.endingNothing(ending);
      return true;
    }
    oracle.endingUnknown(ending);
    if (json?.signed_out_here) leave(world, browser, cookies);
    return !endsHere && label === "503" && json?.signed_out_here === false;
  });
}

/** `server sign-out` in a shell beside the servers. `which` has its arguments. */
export async function shellSignOut(world, which) {
  const { oracle, report, servers } = world;
  const { user, session } = which;
  const one = user?.household ?? session?.user.household;
  const households = one ? [one] : world.households;
  const argument = user ? ["--user", user.email] : session ? ["--session", session.handle] : ["--everyone"];
  const mayEnd = (other) => (user ? other.user === user : session ? other === session : true);
  const what = `server sign-out ${argument.join(" ")}`;
  const { window } = world.weather;
  const ending = oracle.endingBegins(what, households, mayEnd);
  const { code, output } = await servers.shell(["sign-out", ...argument, "--reason", "soak"]);
  const kind = `shell ${argument[0]}`;
  const isGone = /there is no session|no user has/.test(output);
  const label = code === 0 ? "200" : isGone ? "404" : "503";
  report.count(kind, label);
  for (const household of households) report.note(household, `${what} → ${code} ${output.trim().slice(-200)}`);
  world.weather.note(window, kind, { name: "the shell" }, label);
  if (code === 0) {
    oracle.endingDone(ending, {
      covers: (other) => mayEnd(other) && other.bornBefore < ending.start,
      clearsStraysOf: (other) => !session && (!user || other === user),
    });
  } else if (isGone) {
    if (session && oracle.mustBeIn(session, ending.start, ending)) {
      report.violation(`${what}: ${describe(session)} is not found`, one);
    }
    oracle.endingNothing(ending);
  } else oracle.endingUnknown(ending);
}

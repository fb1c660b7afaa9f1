// Compares answers with what must be true. Each function returns what is wrong, in words.

/**
 * Who is signed in, by cookies: `answer` is null or has `id`, `session`, `profile` and `others`.
 * The request was sent at `start`.
 */
export function judgeSession(oracle, cookies, start, answer) {
  const wrong = [];
  const shown = answer ? [answer, ...(answer.others ?? [])] : [];
  if (answer && cookies.deadSince !== null && cookies.deadSince < start) {
    wrong.push(`replaced cookies sign in ${answer.profile.email}`);
  }
  const sessions = shown.map((account) => judgeAccount(oracle, cookies, start, account, wrong));
  if (wrong.length) return wrong;
  if (!cookies.isSteady(start)) return wrong;
  for (const [session, isCertain] of cookies.accounts) {
    if (isCertain && oracle.mustBeIn(session, start) && !sessions.includes(session)) {
      wrong.push(`${describe(session)} is not signed in`);
    }
  }
  const active = cookies.activeFor(oracle, start);
  if (active && sessions.length && sessions[0] !== active) {
    wrong.push(`the active account is ${describe(sessions[0])}, not ${describe(active)}`);
  }
  return wrong;
}

function judgeAccount(oracle, cookies, start, account, wrong) {
  const session = oracle.sessions.get(account.session);
  if (!session) {
    wrong.push(`an unknown session ${account.session} of ${account.profile.email} is signed in`);
    return null;
  }
  const { user } = session;
  if (account.id !== user.id || account.profile.email !== user.email || account.profile.name !== user.name) {
    wrong.push(`${describe(session)} is shown as ${account.profile.email}`);
  }
  if (!cookies.has(session)) wrong.push(`${describe(session)} is signed in on another browser`);
  if (oracle.mustBeOut(session, start)) wrong.push(`${describe(session)} is signed in, and was ended by ${session.out.what}`);
  return session;
}

/** The list of sessions that a browser is shown. */
export function judgeList(oracle, cookies, start, list) {
  const wrong = [];
  const known = list.map((line) => oracle.sessions.get(line.handle));
  const users = new Set(known.filter(Boolean).map((session) => session.user));
  if (users.size > 1) wrong.push(`the list has sessions of ${[...users].map((user) => user.email).join(" and ")}`);
  const [user] = users;
  const current = known.filter((_, index) => list[index].is_current);
  const active = cookies.activeFor(oracle, start);
  // It may end after the request has found out whose it is.
  if (current.length > 1 || (active && !current.length)) wrong.push(`the list has ${current.length} current sessions`);
  if (current.some((session) => !session || !cookies.has(session))) wrong.push("the list's current session is not this browser's");
  if (active && user && active.user !== user) wrong.push(`the list is ${user.email}'s, not ${active.user.email}'s`);
  known.forEach((session, index) => {
    if (!session && user && !oracle.mayHaveStrays(user)) wrong.push(`the list has an unknown session ${list[index].handle}`);
    if (session && oracle.mustBeOut(session, start)) {
      wrong.push(`the list has ${describe(session)}, which was ended by ${session.out.what}`);
    }
  });
  for (const session of user?.household.sessions ?? []) {
    if (session.user === user && oracle.mustBeIn(session, start) && !known.includes(session)) {
      wrong.push(`the list lacks ${describe(session)}`);
    }
  }
  return wrong;
}

/** A page: nobody's address stands on it but that of who is signed in. */
export function judgePage(oracle, cookies, start, html) {
  const wrong = [];
  for (const [email] of html.matchAll(/soak-[\w-]+@example\.com/g)) {
    const sessions = [...cookies.accounts.keys()].filter((session) => session.user.email === email);
    if (!sessions.length) wrong.push(`the page shows ${email}, who is not signed in here`);
    else if (sessions.every((session) => oracle.mustBeOut(session, start))) {
      wrong.push(`the page shows ${email}, whose session was ended by ${sessions[0].out.what}`);
    }
  }
  const active = cookies.activeFor(oracle, start);
  if (active && !html.includes(active.user.email)) wrong.push(`the page does not show ${active.user.email}`);
  return wrong;
}

/** That nobody is signed in, said to somebody. */
export function judgeSignedOut(oracle, cookies, start) {
  const active = cookies.activeFor(oracle, start);
  return active ? [`${describe(active)} is told to be signed out`] : [];
}

/** What a sign-out says that it ended. */
export function judgeEnded(oracle, ending, ended) {
  const wrong = [];
  for (const handle of ended) {
    const session = oracle.sessions.get(handle);
    if (!session) {
      const mayBeStray = ending.households.some((household) =>
        [...household.users, ...household.gone].some((user) => oracle.mayHaveStrays(user)));
      if (!mayBeStray) wrong.push(`it ended an unknown session ${handle}`);
    } else if (!ending.mayEnd(session)) wrong.push(`it ended ${describe(session)}, which it was not asked to`);
    else if (oracle.mustBeOut(session, ending.start)) wrong.push(`it ended ${describe(session)} a second time`);
  }
  return wrong;
}

export function describe(session) {
  return `the session ${session.handle} of ${session.user.email} on ${session.browser.name}`;
}

// Compares responses with the oracle's claims. Each function returns descriptions of the problems.

/**
 * Judges the signed-in accounts that a request sent at `start` returned. `response` is null or has `id`,
 * `session`, `profile` and `others`.
 */
export function judgeSession(oracle, cookies, start, response) {
  const problems = [];
  const shown = response ? [response, ...(response.others ?? [])] : [];
  if (response && cookies.replacedAt !== null && cookies.replacedAt < start) {
    problems.push(`replaced cookies sign in ${response.profile.email}`);
  }
  const sessions = shown.map((account) => judgeAccount(oracle, cookies, start, account, problems));
  if (problems.length) return problems;
  if (!cookies.isStable(start)) return problems;
  for (const [session, isCertain] of cookies.accounts) {
    if (isCertain && oracle.mustBeLive(session, start) && !sessions.includes(session)) {
      problems.push(`${describe(session)} is not signed in`);
    }
  }
  const active = cookies.activeFor(oracle, start);
  if (active && sessions.length && sessions[0] !== active) {
    problems.push(`the active account is ${describe(sessions[0])}, not ${describe(active)}`);
  }
  return problems;
}

function judgeAccount(oracle, cookies, start, account, problems) {
  const session = oracle.sessions.get(account.session);
  if (!session) {
    problems.push(`an unknown session ${account.session} of ${account.profile.email} is signed in`);
    return null;
  }
  const { user } = session;
  if (account.id !== user.id || account.profile.email !== user.email || account.profile.name !== user.name) {
    problems.push(`${describe(session)} is shown as ${account.profile.email}`);
  }
  if (!cookies.has(session)) problems.push(`${describe(session)} is signed in on another browser`);
  if (oracle.mustBeRevoked(session, start)) {
    problems.push(`${describe(session)} is signed in, and was ended by ${session.revoked.what}`);
  }
  return session;
}

/** Judges the list of sessions that a browser receives. */
export function judgeList(oracle, cookies, start, list) {
  const problems = [];
  const known = list.map((line) => oracle.sessions.get(line.handle));
  const users = new Set(known.filter(Boolean).map((session) => session.user));
  if (users.size > 1) problems.push(`the list has sessions of ${[...users].map((user) => user.email).join(" and ")}`);
  const [user] = users;
  const current = known.filter((_, index) => list[index].is_current);
  const active = cookies.activeFor(oracle, start);
  // The current session may be revoked after the request has read its user.
  if (current.length > 1 || (active && !current.length)) problems.push(`the list has ${current.length} current sessions`);
  if (current.some((session) => !session || !cookies.has(session))) {
    problems.push("the list's current session is not this browser's");
  }
  if (active && user && active.user !== user) problems.push(`the list is ${user.email}'s, not ${active.user.email}'s`);
  known.forEach((session, index) => {
    if (!session && user && !oracle.mayHaveUnknownSessions(user)) {
      problems.push(`the list has an unknown session ${list[index].handle}`);
    }
    if (session && oracle.mustBeRevoked(session, start)) {
      problems.push(`the list has ${describe(session)}, which was ended by ${session.revoked.what}`);
    }
  });
  for (const session of user?.household.sessions ?? []) {
    if (session.user === user && oracle.mustBeLive(session, start) && !known.includes(session)) {
      problems.push(`the list lacks ${describe(session)}`);
    }
  }
  return problems;
}

/** Judges a page: it may show only the e-mail addresses of signed-in users. */
export function judgePage(oracle, cookies, start, html) {
  const problems = [];
  for (const [email] of html.matchAll(/soak-[\w-]+@example\.com/g)) {
    const sessions = [...cookies.accounts.keys()].filter((session) => session.user.email === email);
    if (!sessions.length) problems.push(`the page shows ${email}, who is not signed in here`);
    else if (sessions.every((session) => oracle.mustBeRevoked(session, start))) {
      problems.push(`the page shows ${email}, whose session was ended by ${sessions[0].revoked.what}`);
    }
  }
  const active = cookies.activeFor(oracle, start);
  if (active && !html.includes(active.user.email)) problems.push(`the page does not show ${active.user.email}`);
  return problems;
}

/** Judges a response that says that nobody is signed in. */
export function judgeSignedOut(oracle, cookies, start) {
  const active = cookies.activeFor(oracle, start);
  return active ? [`${describe(active)} is told to be signed out`] : [];
}

/** Judges the handles that a sign-out says it ended. */
export function judgeEnded(oracle, revocation, ended) {
  const problems = [];
  for (const handle of ended) {
    const session = oracle.sessions.get(handle);
    if (!session) {
      const mayBeUnknown = revocation.households.some((household) =>
        [...household.users, ...household.gone].some((user) => oracle.mayHaveUnknownSessions(user)));
      if (!mayBeUnknown) problems.push(`it ended an unknown session ${handle}`);
    } else if (!revocation.mayRevoke(session)) problems.push(`it ended ${describe(session)}, which it was not asked to`);
    else if (oracle.mustBeRevoked(session, revocation.start)) {
      problems.push(`it ended ${describe(session)} a second time`);
    }
  }
  return problems;
}

export function describe(session) {
  return `the session ${session.handle} of ${session.user.email} on ${session.browser.name}`;
}

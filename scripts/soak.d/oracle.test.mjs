// Tests that the oracle claims what follows from the responses, and no more: node --test scripts/soak.d

import assert from "node:assert/strict";
import test from "node:test";
import { Browser } from "./browser.mjs";
import { judgeEnded, judgeList, judgePage, judgeSession, judgeSignedOut } from "./judge.mjs";
import { Oracle, SETTLE_TIME_MS } from "./oracle.mjs";
import { Household, User } from "./users.mjs";

let now = 0;

/** A household with a browser, and helpers for what happens in it. */
function setup() {
  now = 0;
  const oracle = new Oracle(() => now);
  const household = new Household("test");
  const user = (name) => {
    const made = new User(household, { name, email: `soak-${name}@example.com`, password: "first" });
    made.id = name;
    household.users.push(made);
    return made;
  };
  const browser = new Browser(household, "browser", "10.0.0.1");
  let handles = 0;
  const signIn = (whom, on = browser) => {
    const session = oracle.signInSucceeded(oracle.signInSent(whom, on), `handle-${++handles}`);
    on.cookies.add(session, true);
    on.cookies.stableSince = oracle.tick();
    return session;
  };
  const signOutSent = (session) => oracle.revocationSent("a sign-out", [household], (other) => other === session);
  return { oracle, household, user, browser, cookies: browser.cookies, signIn, signOutSent };
}

function shown(session, ...others) {
  const account = ({ handle, user }) => ({ id: user.id, session: handle, profile: { name: user.name, email: user.email } });
  return { ...account(session), others: others.map(account) };
}

const line = (session, isCurrent = false) => ({ handle: session.handle, is_current: isCurrent });

test("the signed-in user must be shown", () => {
  const { oracle, user, cookies, signIn } = setup();
  const session = signIn(user("ada"));
  const start = oracle.tick();
  assert.deepEqual(judgeSession(oracle, cookies, start, shown(session)), []);
  assert.match(judgeSession(oracle, cookies, start, null)[0], /is not signed in/);
  assert.match(judgeSignedOut(oracle, cookies, start)[0], /told to be signed out/);
});

test("a check sent before the sign-in's response may show nobody", () => {
  const { oracle, user, cookies, signIn } = setup();
  const start = oracle.tick();
  signIn(user("ada"));
  assert.deepEqual(judgeSession(oracle, cookies, start, null), []);
});

test("a check sent after a sign-out's response must show nobody, and one sent before may show either", () => {
  const { oracle, user, cookies, signIn, signOutSent } = setup();
  const session = signIn(user("ada"));
  const revocation = signOutSent(session);
  const during = oracle.tick();
  assert.deepEqual(judgeSession(oracle, cookies, during, null), []);
  assert.deepEqual(judgeSession(oracle, cookies, during, shown(session)), []);
  oracle.revocationSucceeded(revocation, { ended: [session.handle] });
  assert.deepEqual(judgeSession(oracle, cookies, during, shown(session)), []);
  assert.match(judgeSession(oracle, cookies, oracle.tick(), shown(session))[0], /was ended by a sign-out/);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), null), []);
});

test("a check that overlaps a sign-out may show either", () => {
  const { oracle, user, cookies, signIn, signOutSent } = setup();
  const session = signIn(user("ada"));
  const start = oracle.tick();
  const revocation = signOutSent(session);
  assert.deepEqual(judgeSession(oracle, cookies, start, null), []);
  oracle.revocationSucceeded(revocation, { ended: [session.handle] });
  assert.deepEqual(judgeSession(oracle, cookies, start, null), []);
});

test("a session that a sign-out without a response may have ended is in doubt until another sign-out ends it", () => {
  const { oracle, user, cookies, signIn, signOutSent } = setup();
  const session = signIn(user("ada"));
  oracle.revocationUnknown(signOutSent(session));
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), null), []);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), shown(session)), []);
  oracle.revocationSucceeded(signOutSent(session), { ended: [], covers: (other) => other === session });
  assert.equal(judgeSession(oracle, cookies, oracle.tick(), shown(session)).length, 1);
});

test("a refused sign-out ends nothing", () => {
  const { oracle, user, cookies, signIn, signOutSent } = setup();
  const session = signIn(user("ada"));
  oracle.revocationRefused(signOutSent(session));
  assert.equal(judgeSession(oracle, cookies, oracle.tick(), null).length, 1);
});

test("a response that lists the ended sessions clears the others of doubt", () => {
  const { oracle, household, user, cookies, signIn } = setup();
  const [ada, bob] = [signIn(user("ada")), signIn(user("bob"))];
  const revocation = oracle.revocationSent("a sign-out", [household], () => true);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), null), []);
  oracle.revocationSucceeded(revocation, { ended: [bob.handle] });
  assert.match(judgeSession(oracle, cookies, oracle.tick(), null)[0], /ada/);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), shown(ada)), []);
});

test("a sign-in that overlaps a sign-out everywhere is in doubt", () => {
  const { oracle, household, user, browser } = setup();
  const ada = user("ada");
  const attempt = oracle.signInSent(ada, browser);
  const revocation = oracle.revocationSent("everywhere", [household], (session) => session.user === ada);
  oracle.revocationSucceeded(revocation, { covers: (session) => session.createdBefore < revocation.start });
  const session = oracle.signInSucceeded(attempt, "handle");
  assert.equal(oracle.mustBeLive(session, oracle.tick()), false);
  assert.equal(oracle.mustBeRevoked(session, oracle.tick()), false);
});

test("a sign-out without a response may still end a session that begins soon after", () => {
  const { oracle, household, user, signIn } = setup();
  const ada = user("ada");
  oracle.revocationUnknown(oracle.revocationSent("everywhere", [household], (session) => session.user === ada));
  assert.equal(oracle.mustBeLive(signIn(ada), oracle.tick()), false);
  now += SETTLE_TIME_MS + 1;
  assert.equal(oracle.mustBeLive(signIn(ada), oracle.tick()), true);
});

test("a sign-in whose password is changed before its response begins no session", () => {
  const { oracle, user, browser } = setup();
  const ada = user("ada");
  const attempt = oracle.signInSent(ada, browser);
  ada.changed("second");
  assert.equal(oracle.mustBeRevoked(oracle.signInSucceeded(attempt, "handle"), oracle.tick()), true);
});

test("replaced cookies sign nobody in", () => {
  const { oracle, user, cookies, signIn } = setup();
  const session = signIn(user("ada"));
  cookies.replacedAt = oracle.tick();
  assert.match(judgeSession(oracle, cookies, oracle.tick(), shown(session))[0], /replaced cookies/);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), null), []);
});

test("no browser shows an account of another browser or under another name", () => {
  const { oracle, household, user, cookies, signIn } = setup();
  const other = new Browser(household, "other", "10.0.0.2");
  const session = signIn(user("ada"), other);
  assert.match(judgeSession(oracle, cookies, oracle.tick(), shown(session))[0], /on another browser/);
  const asBob = { ...shown(session), id: "bob" };
  assert.match(judgeSession(oracle, other.cookies, oracle.tick(), asBob)[0], /is shown as/);
  assert.match(judgePage(oracle, cookies, oracle.tick(), "<p>soak-ada@example.com</p>")[0], /not signed in here/);
});

test("the most recently selected account is the active one, unless a switch is in progress", () => {
  const { oracle, user, cookies, signIn } = setup();
  const [ada, bob] = [signIn(user("ada")), signIn(user("bob"))];
  const start = oracle.tick();
  assert.deepEqual(judgeSession(oracle, cookies, start, shown(bob, ada)), []);
  assert.match(judgeSession(oracle, cookies, start, shown(ada, bob))[0], /active account/);
  cookies.isChanging = true;
  assert.deepEqual(judgeSession(oracle, cookies, start, shown(ada, bob)), []);
});

test("an account that ends during a check may have been its active one", () => {
  const { oracle, user, cookies, signIn, signOutSent } = setup();
  const [ada, bob] = [signIn(user("ada")), signIn(user("bob"))];
  const start = oracle.tick();
  oracle.revocationSucceeded(signOutSent(bob), { ended: [bob.handle] });
  assert.deepEqual(judgeSession(oracle, cookies, start, shown(bob, ada)), []);
  assert.equal(judgeSession(oracle, cookies, oracle.tick(), shown(bob, ada)).length, 1);
});

test("the list has every live session, no ended one, and no unknown one", () => {
  const { oracle, household, user, browser, cookies, signIn, signOutSent } = setup();
  const ada = user("ada");
  const here = signIn(ada);
  const there = signIn(ada, new Browser(household, "other", "10.0.0.2"));
  const judge = (...lines) => judgeList(oracle, cookies, oracle.tick(), lines);
  assert.deepEqual(judge(line(here, true), line(there)), []);
  assert.match(judge(line(here, true))[0], /lacks/);
  assert.match(judge(line(here, true), line(there), { handle: "?" })[0], /unknown/);
  oracle.signInUnknown(oracle.signInSent(ada, browser));
  assert.deepEqual(judge(line(here, true), line(there), { handle: "?" }), []);
  oracle.revocationSucceeded(signOutSent(there), { ended: [there.handle] });
  assert.match(judge(line(here, true), line(there))[0], /was ended/);
});

test("a sign-out ends only the requested session, and only once", () => {
  const { oracle, user, signIn, signOutSent } = setup();
  const [ada, bob] = [signIn(user("ada")), signIn(user("bob"))];
  const revocation = signOutSent(ada);
  assert.deepEqual(judgeEnded(oracle, revocation, [ada.handle]), []);
  assert.match(judgeEnded(oracle, revocation, [bob.handle])[0], /not asked/);
  oracle.revocationSucceeded(revocation, { ended: [ada.handle] });
  assert.match(judgeEnded(oracle, signOutSent(ada), [ada.handle])[0], /second time/);
});

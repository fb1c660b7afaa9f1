// node --test scripts/soak.d: that the oracle claims what follows from the answers, and no more.

import assert from "node:assert/strict";
import test from "node:test";
import { Browser } from "./browser.mjs";
import { judgeEnded, judgeList, judgePage, judgeSession, judgeSignedOut } from "./judge.mjs";
import { Oracle, SETTLE_TIME } from "./oracle.mjs";
import { Household, User } from "./people.mjs";

let now = 0;

/** A household with a user and a browser, and short words for what happens in it. */
function house() {
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
    const session = oracle.birthDone(oracle.birthBegins(whom, on), `handle-${++handles}`);
    on.cookies.add(session, true);
    on.cookies.steadySince = oracle.tick();
    return session;
  };
  const ends = (session) => oracle.endingBegins("a sign-out", [household], (other) => other === session);
  return { oracle, household, user, browser, cookies: browser.cookies, signIn, ends };
}

function shown(session, ...others) {
  const account = ({ handle, user }) => ({ id: user.id, session: handle, profile: { name: user.name, email: user.email } });
  return { ...account(session), others: others.map(account) };
}

const line = (session, isCurrent = false) => ({ handle: session.handle, is_current: isCurrent });

test("who is signed in is shown, and must be", () => {
  const { oracle, user, cookies, signIn } = house();
  const session = signIn(user("ada"));
  const start = oracle.tick();
  assert.deepEqual(judgeSession(oracle, cookies, start, shown(session)), []);
  assert.match(judgeSession(oracle, cookies, start, null)[0], /is not signed in/);
  assert.match(judgeSignedOut(oracle, cookies, start)[0], /told to be signed out/);
});

test("a check that was sent before the sign-in's answer may say nobody", () => {
  const { oracle, user, cookies, signIn } = house();
  const start = oracle.tick();
  signIn(user("ada"));
  assert.deepEqual(judgeSession(oracle, cookies, start, null), []);
});

test("a check sent after a sign-out's answer must say nobody, one sent before may say either", () => {
  const { oracle, user, cookies, signIn, ends } = house();
  const session = signIn(user("ada"));
  const ending = ends(session);
  const during = oracle.tick();
  assert.deepEqual(judgeSession(oracle, cookies, during, null), []);
  assert.deepEqual(judgeSession(oracle, cookies, during, shown(session)), []);
  oracle.endingDone(ending, { ended: [session.handle] });
  assert.deepEqual(judgeSession(oracle, cookies, during, shown(session)), []);
  assert.match(judgeSession(oracle, cookies, oracle.tick(), shown(session))[0], /was ended by a sign-out/);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), null), []);
});

test("a check sent before a sign-out began, and answered after, may say either", () => {
  const { oracle, user, cookies, signIn, ends } = house();
  const session = signIn(user("ada"));
  const start = oracle.tick();
  const ending = ends(session);
  assert.deepEqual(judgeSession(oracle, cookies, start, null), []);
  oracle.endingDone(ending, { ended: [session.handle] });
  assert.deepEqual(judgeSession(oracle, cookies, start, null), []);
});

test("what a sign-out without an answer may have ended is in doubt, until another ends it", () => {
  const { oracle, user, cookies, signIn, ends } = house();
  const session = signIn(user("ada"));
  oracle.endingUnknown(ends(session));
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), null), []);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), shown(session)), []);
  oracle.endingDone(ends(session), { ended: [], covers: (other) => other === session });
  assert.equal(judgeSession(oracle, cookies, oracle.tick(), shown(session)).length, 1);
});

test("a sign-out that was never sent ends nothing", () => {
  const { oracle, user, cookies, signIn, ends } = house();
  const session = signIn(user("ada"));
  oracle.endingNothing(ends(session));
  assert.equal(judgeSession(oracle, cookies, oracle.tick(), null).length, 1);
});

test("an answer that says what ended clears the others", () => {
  const { oracle, household, user, cookies, signIn } = house();
  const [ada, bob] = [signIn(user("ada")), signIn(user("bob"))];
  const ending = oracle.endingBegins("a sign-out", [household], () => true);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), null), []);
  oracle.endingDone(ending, { ended: [bob.handle] });
  assert.match(judgeSession(oracle, cookies, oracle.tick(), null)[0], /ada/);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), shown(ada)), []);
});

test("a sign-in that overlaps the end of all of a user's sessions is in doubt", () => {
  const { oracle, household, user, browser } = house();
  const ada = user("ada");
  const birth = oracle.birthBegins(ada, browser);
  const ending = oracle.endingBegins("everywhere", [household], (session) => session.user === ada);
  oracle.endingDone(ending, { covers: (session) => session.bornBefore < ending.start });
  const session = oracle.birthDone(birth, "handle");
  assert.equal(oracle.mustBeIn(session, oracle.tick()), false);
  assert.equal(oracle.mustBeOut(session, oracle.tick()), false);
});

test("a sign-out without an answer may still end a session that begins soon after", () => {
  const { oracle, household, user, signIn } = house();
  const ada = user("ada");
  oracle.endingUnknown(oracle.endingBegins("everywhere", [household], (session) => session.user === ada));
  assert.equal(oracle.mustBeIn(signIn(ada), oracle.tick()), false);
  now += SETTLE_TIME + 1;
  assert.equal(oracle.mustBeIn(signIn(ada), oracle.tick()), true);
});

test("a sign-in with a password that is over by its answer has begun no session", () => {
  const { oracle, user, browser } = house();
  const ada = user("ada");
  const birth = oracle.birthBegins(ada, browser);
  ada.changed("second");
  assert.equal(oracle.mustBeOut(oracle.birthDone(birth, "handle"), oracle.tick()), true);
});

test("cookies that a sign-in replaced sign nobody in", () => {
  const { oracle, user, cookies, signIn } = house();
  const session = signIn(user("ada"));
  cookies.deadSince = oracle.tick();
  assert.match(judgeSession(oracle, cookies, oracle.tick(), shown(session))[0], /replaced cookies/);
  assert.deepEqual(judgeSession(oracle, cookies, oracle.tick(), null), []);
});

test("nobody is shown another's account", () => {
  const { oracle, household, user, cookies, signIn } = house();
  const other = new Browser(household, "other", "10.0.0.2");
  const session = signIn(user("ada"), other);
  assert.match(judgeSession(oracle, cookies, oracle.tick(), shown(session))[0], /on another browser/);
  const asBob = { ...shown(session), id: "bob" };
  assert.match(judgeSession(oracle, other.cookies, oracle.tick(), asBob)[0], /is shown as/);
  assert.match(judgePage(oracle, cookies, oracle.tick(), "<p>soak-ada@example.com</p>")[0], /not signed in here/);
});

test("the account selected last is the active one, unless a switch is under way", () => {
  const { oracle, user, cookies, signIn } = house();
  const [ada, bob] = [signIn(user("ada")), signIn(user("bob"))];
  const start = oracle.tick();
  assert.deepEqual(judgeSession(oracle, cookies, start, shown(bob, ada)), []);
  assert.match(judgeSession(oracle, cookies, start, shown(ada, bob))[0], /active account/);
  cookies.isChanging = true;
  assert.deepEqual(judgeSession(oracle, cookies, start, shown(ada, bob)), []);
});

test("an account that ended while a check was under way may have been its active one", () => {
  const { oracle, user, cookies, signIn, ends } = house();
  const [ada, bob] = [signIn(user("ada")), signIn(user("bob"))];
  const start = oracle.tick();
  oracle.endingDone(ends(bob), { ended: [bob.handle] });
  assert.deepEqual(judgeSession(oracle, cookies, start, shown(bob, ada)), []);
  assert.equal(judgeSession(oracle, cookies, oracle.tick(), shown(bob, ada)).length, 1);
});

test("the list has all that is in, nothing that is out, and nothing unknown", () => {
  const { oracle, household, user, browser, cookies, signIn, ends } = house();
  const ada = user("ada");
  const here = signIn(ada);
  const there = signIn(ada, new Browser(household, "other", "10.0.0.2"));
  const judge = (...lines) => judgeList(oracle, cookies, oracle.tick(), lines);
  assert.deepEqual(judge(line(here, true), line(there)), []);
  assert.match(judge(line(here, true))[0], /lacks/);
  assert.match(judge(line(here, true), line(there), { handle: "?" })[0], /unknown/);
  oracle.birthUnknown(oracle.birthBegins(ada, browser));
  assert.deepEqual(judge(line(here, true), line(there), { handle: "?" }), []);
  oracle.endingDone(ends(there), { ended: [there.handle] });
  assert.match(judge(line(here, true), line(there))[0], /was ended/);
});

test("a sign-out ends what it was asked to, and once", () => {
  const { oracle, user, signIn, ends } = house();
  const [ada, bob] = [signIn(user("ada")), signIn(user("bob"))];
  const ending = ends(ada);
  assert.deepEqual(judgeEnded(oracle, ending, [ada.handle]), []);
  assert.match(judgeEnded(oracle, ending, [bob.handle])[0], /not asked/);
  oracle.endingDone(ending, { ended: [ada.handle] });
  assert.match(judgeEnded(oracle, ends(ada), [ada.handle])[0], /second time/);
});

// What a password confirms: its own change, and the end of the account.

import { changeCookies } from "./cookies.mjs";
import { SETTLE_TIME } from "./oracle.mjs";
import { beginRotation } from "./rotation.mjs";

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

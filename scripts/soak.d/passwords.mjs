// Operations that the password confirms: changing it, and deleting the account.

import { changeCookies } from "./cookies.mjs";
import { SETTLE_TIME_MS } from "./oracle.mjs";
import { beginRotation } from "./rotation.mjs";

export function changePassword(world, browser, user) {
  const { oracle, random } = world;
  return changeCookies(world, browser, async (cookies) => {
    const session = cookies.accountOf(user);
    const password = random.word(16);
    const before = user.password;
    const certainty = user.certainty(Date.now());
    user.changing += 1;
    const isTheirs = (other) => other.user === user;
    const revocation = oracle.revocationSent("a change of the password", [user.household], isTheirs);
    const change = beginRotation(world, browser, session);
    const outcome = await world.request(browser, "change of password", {
      path: "/api/change_password",
      fields: { current_password: before, password },
      expected: ["200", "401", "403", "429"],
      mayAbort: true,
    });
    user.changing -= 1;
    browser.jar.store(outcome.cookies ?? []);
    if (outcome.label === "200") {
      user.changed(password);
      const isCertain = await change.done(cookies, password);
      const isThis = (other) => other === session;
      const mayUseOldPassword = (other) =>
        other.createdBefore < revocation.start || other.password === before;
      oracle.revocationSucceeded(revocation, {
        covers: (other) =>
          other.user === user && !isThis(other) && other.password !== password && mayUseOldPassword(other),
        spares: (other) => isThis(other) || other.password === password,
        clearsUnknownOf: (other) => other === user,
      });
      return isCertain;
    }
    judgeRefusal(world, cookies, user, certainty, outcome.label);
    return failedChange(oracle, user, revocation, change, outcome.label, () => user.possiblePasswords.push(password));
  });
}

export function deleteAccount(world, browser, user) {
  const { oracle } = world;
  return changeCookies(world, browser, async (cookies) => {
    const certainty = user.certainty(Date.now());
    user.changing += 1;
    const revocation = oracle.revocationSent("the account's deletion", [user.household], (other) => other.user === user);
    const change = beginRotation(world, browser, cookies.accountOf(user));
    const outcome = await world.request(browser, "deletion", {
      path: "/api/delete_account",
      fields: { confirm_password: user.password },
      expected: ["200", "401", "403", "429"],
      mayAbort: true,
    });
    user.changing -= 1;
    browser.jar.store(outcome.cookies ?? []);
    if (outcome.label === "200") {
      user.isDeleted = true;
      user.revision += 1;
      oracle.revocationSucceeded(revocation, { covers: (other) => other.user === user });
      change.cancel();
      world.replaceUser(user);
      return true;
    }
    judgeRefusal(world, cookies, user, certainty, outcome.label);
    return failedChange(oracle, user, revocation, change, outcome.label, () => world.replaceUser(user));
  });
}

/** `certainty` is the user's before the request. With several accounts, another one may have become active. */
function judgeRefusal(world, cookies, user, certainty, label) {
  const wasCertain = certainty !== null && certainty === user.certainty(Date.now());
  if (label === "403" && wasCertain && cookies.order.length === 1) {
    world.reportViolations(user.household, "confirmation", [`${user.email} is refused with the right password`]);
  }
}

function failedChange(oracle, user, revocation, change, label, onUncertain) {
  if (["refused", "401", "403", "429"].includes(label)) oracle.revocationRefused(revocation);
  else {
    oracle.revocationUnknown(revocation);
    user.unsettled(Date.now() + SETTLE_TIME_MS);
    onUncertain();
  }
  return change.failed(label, ["refused", "401", "403", "429"]);
}

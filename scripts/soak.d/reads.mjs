// Operations that read: who is signed in, the list of sessions, a page, old cookies.

import { judgeList, judgePage, judgeSession, judgeSignedOut } from "./judge.mjs";

export async function check(world, browser, cookies = browser.cookies, kind = "check") {
  const start = world.oracle.tick();
  const outcome = await world.request(browser, kind, { path: "/api/session", fields: {}, cookies });
  if (outcome.label === "200") {
    world.reportViolations(browser.household, kind, judgeSession(world.oracle, cookies, start, outcome.json));
  }
  return outcome;
}

/** Checks with random old cookies. */
export async function replay(world) {
  if (!world.oldCookies.length) return;
  const cookies = world.random.pick(world.oldCookies);
  await check(world, cookies.browser, cookies, "replay");
}

export async function list(world, browser) {
  const { oracle } = world;
  const { cookies } = browser;
  const start = oracle.tick();
  const outcome = await world.request(browser, "list", { path: "/api/sessions", fields: {}, expected: ["200", "401"] });
  const lines = Array.isArray(outcome.json) ? outcome.json : outcome.json?.sessions;
  if (outcome.label === "200") world.reportViolations(browser.household, "list", judgeList(oracle, cookies, start, lines));
  if (outcome.label === "401") world.reportViolations(browser.household, "list", judgeSignedOut(oracle, cookies, start));
}

/** Requests the account page, which redirects to the sign-in page if nobody is signed in. */
export async function page(world, browser) {
  const { oracle } = world;
  const { cookies } = browser;
  const start = oracle.tick();
  const outcome = await world.request(browser, "page", {
    path: "/account",
    method: "GET",
    accept: "text/html",
    expected: ["200", "303", "302"],
  });
  if (outcome.label === "200") world.reportViolations(browser.household, "page", judgePage(oracle, cookies, start, outcome.body));
  if (outcome.label.startsWith("30")) world.reportViolations(browser.household, "page", judgeSignedOut(oracle, cookies, start));
}

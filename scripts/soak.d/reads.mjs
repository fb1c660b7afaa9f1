// What reads: who is signed in, the list of sessions, a page, old cookies.

import { judgeList, judgePage, judgeSession, judgeSignedOut } from "./judge.mjs";

export async function check(world, browser, cookies = browser.cookies, kind = "check") {
  const start = world.oracle.tick();
  const outcome = await world.request(browser, kind, { path: "/api/session", fields: {}, cookies });
  if (outcome.label === "200") {
    world.wrong(browser.household, kind, judgeSession(world.oracle, cookies, start, outcome.json));
  }
  return outcome;
}

/** The cookies of some time ago. */
export async function replay(world) {
  if (!world.graves.length) return;
  const cookies = world.random.pick(world.graves);
  await check(world, cookies.browser, cookies, "replay");
}

export async function list(world, browser) {
  const { oracle } = world;
  const { cookies } = browser;
  const start = oracle.tick();
  const outcome = await world.request(browser, "list", { path: "/api/sessions", fields: {}, expected: ["200", "401"] });
  const lines = Array.isArray(outcome.json) ? outcome.json : outcome.json?.sessions;
  if (outcome.label === "200") world.wrong(browser.household, "list", judgeList(oracle, cookies, start, lines));
  if (outcome.label === "401") world.wrong(browser.household, "list", judgeSignedOut(oracle, cookies, start));
}

/** The page of the account, or the way to the sign-in page. */
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
  if (outcome.label === "200") world.wrong(browser.household, "page", judgePage(oracle, cookies, start, outcome.body));
  if (outcome.label.startsWith("30")) world.wrong(browser.household, "page", judgeSignedOut(oracle, cookies, start));
}

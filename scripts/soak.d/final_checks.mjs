// The checks after the load has ended: every old cookie again, and the table of sessions.

import { describe } from "./judge.mjs";
import { check, list } from "./reads.mjs";

/** How many old cookies are tried at the same time. */
const CONCURRENCY = 8;

export async function finalReplays(world) {
  const left = [...world.oldCookies];
  const next = async () => {
    for (let cookies = left.pop(); cookies; cookies = left.pop()) {
      await check(world, cookies.browser, cookies, "replay at the end");
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, next));
  for (const { browsers } of world.households) {
    for (const browser of browsers) {
      await check(world, browser);
      await list(world, browser);
    }
  }
}

/** `rows` are the rows of the table of sessions. */
export async function finalRows(world, rows) {
  const { oracle, report } = world;
  const now = oracle.tick();
  const present = new Set(rows.map((row) => row.handle));
  for (const session of oracle.sessions.values()) {
    const { household } = session.user;
    const isThere = present.has(session.handle);
    if (isThere && oracle.mustBeRevoked(session, now)) {
      report.violation(`the table has ${describe(session)}, which was ended by ${session.revoked.what}`, household);
    }
    if (!isThere && oracle.mustBeLive(session, now)) report.violation(`the table lacks ${describe(session)}`, household);
  }
  const inDoubt = [...oracle.sessions.values()].filter((session) => !session.revoked && session.doubt).length;
  report.print(`${oracle.sessions.size} sessions, ${present.size} of them in the table, ${inDoubt} in doubt`);
}

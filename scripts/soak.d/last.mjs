// When nothing is in flight any more: every old cookie once again, and the table of sessions.

import { describe } from "./judge.mjs";
import { check, list } from "./reads.mjs";

/** How many old cookies are tried at the same moment. */
const AT_ONCE = 8;

export async function finalReplays(world) {
  const left = [...world.graves];
  const next = async () => {
    for (let cookies = left.pop(); cookies; cookies = left.pop()) {
      await check(world, cookies.browser, cookies, "replay at the end");
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  for (const { browsers } of world.households) {
    for (const browser of browsers) {
      await check(world, browser);
      await list(world, browser);
    }
  }
}

/** `rows` has the handles of all sessions. */
export async function finalRows(world, rows) {
  const { oracle, report } = world;
  const now = oracle.tick();
  const present = new Set(rows.map((row) => row.handle));
  for (const session of oracle.sessions.values()) {
    const { household } = session.user;
    const isThere = present.has(session.handle);
    if (isThere && oracle.mustBeOut(session, now)) {
      report.violation(`the table has ${describe(session)}, which was ended by ${session.out.what}`, household);
    }
    if (!isThere && oracle.mustBeIn(session, now)) report.violation(`the table lacks ${describe(session)}`, household);
  }
  const inDoubt = [...oracle.sessions.values()].filter((session) => !session.out && session.doubt).length;
  report.say(`${oracle.sessions.size} sessions, ${present.size} of them in the table, ${inDoubt} in doubt`);
}

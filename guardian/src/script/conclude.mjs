// What follows from the state, however it came about.

import { ask } from "./auth_state.mjs";
import { emit, isPending, isQuiet, load, shownSession } from "./draft.mjs";
import { toFields } from "./options.mjs";

/** @typedef {import("./draft.mjs").Draft} Draft */

/** @param {Draft} page */
export function conclude(page) {
  const { kept, signInUrl, marker } = page.around;
  page.isKept = isPending(page) && (page.isKept || !!kept);
  for (const call of page.calls) call.isKept ||= call.isLate && !!kept;
  if (page.leftAt === null) {
    // Not while this page itself signs out or switches: that changes it, too.
    if (!isQuiet(page)) {
      // The browser has another session than before, whatever has signed in, switched or signed out.
      if (marker !== page.marker && marker !== shownSession(page)) ask(page);
      page.marker = marker;
    }
    if (signInUrl) guard(page, signInUrl);
  }
  page.owner = page.active?.id ?? page.owner;
  const session = page.isAway ? null : shownSession(page);
  if (session === page.stream.session) return;
  page.stream.session = session;
  emit(page, "follow", session);
}

/**
 * Keeps a page that needs a user for that user.
 *
 * @param {Draft} page
 * @param {string} signInUrl
 */
function guard(page, signInUrl) {
  const { active, owner, pending, reason, checkedMarker } = page;
  const { kept, marker, here } = page.around;
  if (active) {
    // What the page holds is the other one's, or gone.
    if (owner !== null && owner !== active.id) load(page);
  } else if (pending) {
    // It still has to say that the sign-out is pending, without what only a user may see.
    page.owner = "";
  } else if (active === null && (kept || [null, checkedMarker].includes(marker))) {
    const fields = toFields({ callbackUrl: here, reason: reason === "user" ? null : reason });
    load(page, signInUrl + (signInUrl.includes("?") ? "&" : "?") + fields);
  }
}

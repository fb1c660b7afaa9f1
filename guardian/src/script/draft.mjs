// A copy of the page's state, for one transition to change.

/** @typedef {import("./types.d.ts").Effect} Effect */
/** @typedef {import("./types.d.ts").State} State */
/** @typedef {import("./types.d.ts").Surroundings} Surroundings */

/**
 * The state, what surrounds the page, and the effects so far.
 *
 * @typedef {State & { around: Surroundings, effects: Effect[] }} Draft
 */

// The longest pause between two tries of whatever is tried again. Each pause is twice the one before.
export const LONGEST_PAUSE_MS = 60_000;

/**
 * @param {Draft} page
 * @param {Effect} effect
 */
export function emit(page, ...effect) {
  page.effects.push(effect);
}

/** @param {Draft} page */
export function shownSession(page) {
  return page.active?.session ?? null;
}

/** @param {Draft} page */
export function isQuiet(page) {
  return page.calls.length > 0;
}

/** @param {Draft} page */
export function isPending(page) {
  return page.pending?.error === "pending";
}

/** @param {number} pauseMs */
export function longer(pauseMs) {
  return Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
}

/**
 * Loads a page as a new document: the one that is shown, unless another is given. From here on nothing changes
 * what is shown: a page that needs a user would leave for another place.
 *
 * @param {Draft} page
 * @param {string} [url]
 */
export function load(page, url) {
  page.leftAt = page.around.now;
  emit(page, "loadPage", url);
}

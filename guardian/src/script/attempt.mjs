/**
 * Does what a browser may refuse: storage, cookies, locks. Nothing of the rest depends on it.
 *
 * @template T
 * @param {() => T} work
 */
export function attempt(work) {
  try {
    return work();
  } catch (cause) {
    return void console.debug(cause);
  }
}

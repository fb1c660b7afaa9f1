// The fragment of a page that leads back to where the person came from: it leads to the same place there. Only the
// browser knows it, and takes it along when the server redirects.

/** The page, and the fragment with which the person came to it. A link to a place on it changes that. */
let page = "";
let fragment = "";

/**
 * Adds the fragment to a URL, if it is the one to which the page leads back.
 *
 * @param {string} url
 */
export function addFragment(url) {
  const { pathname, search, hash } = location;
  if (page !== pathname + search) [page, fragment] = [pathname + search, hash];
  const isBack = url && url === new URLSearchParams(search).get("callback_url") && !url.includes("#");
  return isBack ? url + fragment : url;
}

/** Links that lead back, too, take the fragment along: from a sign-in to a sign-up. */
export function listenToLinks() {
  addFragment("");
  // At every click, before a router reads the link, and before the browser goes to another place on the page.
  document.addEventListener("click", (/** @type {any} */ { target }) => {
    const link = target.closest?.("a[href]");
    const fields = new URLSearchParams(link?.search);
    const url = fields.get("callback_url") ?? "";
    const added = addFragment(url);
    if (added === url) return;
    fields.set("callback_url", added);
    link.search = fields;
  }, true);
}

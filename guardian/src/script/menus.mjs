// The menus of user buttons. Browsers open and close them: see the Popover API.

import { each } from "./elements.mjs";

/** Tells assistive technology that does not ask the browser whether a menu is open. */
export function showMenus() {
  each("popovertarget", (/** @type {any} */ trigger) => {
    const menu = trigger.popoverTargetElement;
    if (menu?.matches(".guardian-menu")) trigger.setAttribute("aria-expanded", menu.matches(":popover-open"));
  });
}

/**
 * Tells the stylesheet where a menu's button is, for browsers without anchor positioning. On the root, because
 * what is said on the menu would make it differ from the server's.
 */
function placeMenu(/** @type {any} */ { target }) {
  if (!target.matches(".guardian-menu")) return;
  const { right, bottom } = target.parentNode.getBoundingClientRect();
  const { style } = document.documentElement;
  style.setProperty("--guardian-menu-x", `${right}px`);
  style.setProperty("--guardian-menu-y", `${bottom}px`);
}

export function listenToMenus() {
  document.addEventListener("beforetoggle", placeMenu, true);
  document.addEventListener("toggle", showMenus, true);
  // A router may follow the link inside the page, and the menu would stay open over the new one.
  document.addEventListener("click", (/** @type {any} */ { target }) => {
    target.closest(".guardian-menu a")?.closest(".guardian-menu").hidePopover?.();
  });
}

// Elements whose inside the server renders.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Browser, element, pageData, settled, signOutForm } from "./fake_browser.mjs";
import { ADA, GRACE, MARKER, SIGNED_OUT, SITE, TEXTS, adas, data, failure, page, visit } from "./visits.mjs";

/** @typedef {import("./fake_dom.mjs").Element} Element */

const BUTTON = "user-button?show_name=true";
const LIST = "session-list?";
const MINUTE = 60_000;

/** An element of the page. @param {string} address @param {...(Element | string)} content */
const component = (address, ...content) => element("div", { "data-guardian": address }, ...content);

/**
 * One that the server has filled with the page.
 *
 * @param {string} address
 * @param {string} session
 * @param {...(Element | string)} content
 */
const filled = (address, session, ...content) =>
  element("div", { "data-guardian": address, "data-guardian-filled": session }, ...content);

/** What the server sends for a component. @param {string} session @param {...(Element | string)} content */
const fragment = (session, ...content) =>
  element("div", { class: "guardian-contents", "data-guardian": "", "data-guardian-filled": session }, ...content);

/** @param {string} address */
function path(address) {
  const { pathname, search } = new URL(`/guardian/fragment/${address}`, SITE);
  return pathname + search;
}

/** The requests for components. @param {Browser} browser */
const fetched = (browser) =>
  browser.requests.map(([sent]) => sent).filter((sent) => sent.startsWith("/guardian/fragment/"));

/** A response that is sent later. */
function later() {
  let respond = (/** @type {unknown} */ _) => {};
  const response = new Promise((resolve) => (respond = resolve));
  return { response, respond };
}

/** The browser's user changes, and the page hears of it. @param {Browser} browser @param {any} state */
async function become(browser, state) {
  browser.responses["/api/session"] = state && { ...state.active, others: state.others };
  await browser.receiveCookie(MARKER, state?.active.session);
}

describe("a component", () => {
  test("that the server has filled is not asked for", async () => {
    const button = filled(BUTTON, "ada-session", "Ada");
    const browser = adas(button);
    await browser.run();
    assert.deepEqual(fetched(browser), []);
    assert.equal(button.textContent, "Ada");
  });

  test("that the server has not filled is asked for once, also when it comes later", async () => {
    const first = component(BUTTON);
    const browser = adas(first);
    browser.responses[path(BUTTON)] = fragment("ada-session", "Ada");
    await browser.run();
    const second = component(BUTTON);
    browser.body.append(second);
    await settled();
    browser.body.append("more of the page");
    await settled();
    assert.deepEqual([first, second].map(({ textContent }) => textContent), ["Ada", "Ada"]);
    assert.deepEqual(fetched(browser), [path(BUTTON), path(BUTTON)]);
    assert.deepEqual([...first.classList], ["guardian-contents"]);
  });

  test("whose address changes is filled again", async () => {
    const list = filled(`${LIST}after=1`, "ada-session", "first");
    const browser = adas(list);
    browser.responses[path(`${LIST}after=2`)] = fragment("ada-session", "second");
    await browser.run();
    list.setAttribute("data-guardian", `${LIST}after=2`);
    await settled();
    assert.equal(list.textContent, "second");
  });

  test("is cleared for another user, and filled again", async () => {
    const button = filled(BUTTON, "ada-session", "Ada");
    const browser = adas(button);
    const { response, respond } = later();
    browser.responses[path(BUTTON)] = response;
    await browser.run();
    await become(browser, { active: GRACE, others: [] });
    assert.equal(button.textContent, "");
    respond(fragment("grace-session", "Grace"));
    await settled();
    assert.equal(button.textContent, "Grace");
    assert.deepEqual(fetched(browser), [path(BUTTON)]);
  });

  test("is filled again, but not cleared, when the same user has other accounts or another session", async () => {
    const button = filled(BUTTON, "ada-session", "Ada");
    const browser = adas(button);
    await browser.run();
    for (const state of [
      { active: ADA, others: [GRACE] },
      { active: { ...ADA, session: "another" }, others: [] },
    ]) {
      const { response, respond } = later();
      browser.responses[path(BUTTON)] = response;
      browser.responses["/api/session"] = { ...state.active, others: state.others };
      await browser.window.guardian.refresh();
      assert.equal(button.textContent, "Ada");
      respond(fragment(state.active.session, "Ada"));
      await settled();
    }
    assert.equal(fetched(browser).length, 2);
  });

  test("that is filled again keeps an open menu, and the focus in it", async () => {
    const menu = (/** @type {string} */ picture) => [
      element("button", { id: "trigger", popovertarget: "menu" }, element("img", { src: picture })),
      element("div", { id: "menu", class: "guardian-menu" }, element("a", { href: "/account" }, "Manage account")),
    ];
    const button = filled(BUTTON, "ada-session", ...menu("/ada.png"));
    const browser = adas(button);
    await browser.run();
    const [trigger, shown] = button.children;
    shown.isOpen = true;
    await browser.happensTo("toggle", shown);
    trigger.focus();
    browser.responses[path(BUTTON)] = fragment("ada-session", ...menu("/ada-2.png"));
    browser.responses["/api/session"] = { ...ADA, others: [GRACE] };
    await browser.window.guardian.refresh();
    await settled();
    assert.equal(trigger.querySelector("img")?.getAttribute("src"), "/ada-2.png");
    assert.deepEqual(button.children, [trigger, shown]);
    assert.equal(browser.document.activeElement, trigger);
    assert.equal(trigger.getAttribute("aria-expanded"), "true");
  });

  test("is cleared at once when nobody is signed in any more, without a request", async () => {
    const button = filled(BUTTON, "ada-session", "Ada");
    const list = filled(LIST, "ada-session", element("ul", {}, "Ada's phone"));
    const browser = adas(button, list);
    const guardian = await browser.run();
    browser.responses["/api/sign_out"] = new Error("offline");
    await failure(guardian.signOut({ redirect: false }));
    assert.deepEqual([button.textContent, list.textContent], ["", ""]);
    await browser.pass(MINUTE);
    assert.deepEqual(fetched(browser), []);
  });

  test("is filled when somebody is signed in again, also with the same session", async () => {
    const button = filled(BUTTON, "ada-session", "Ada");
    const browser = adas(button);
    browser.responses[path(BUTTON)] = fragment("ada-session", "Ada");
    await browser.run();
    await become(browser, null);
    assert.equal(button.textContent, "");
    await become(browser, { active: ADA, others: [] });
    assert.equal(button.textContent, "Ada");
  });

  test("of another user is cleared wherever it comes from", async () => {
    const browser = adas();
    browser.responses[path(BUTTON)] = new Promise(() => {});
    await browser.run();
    const stale = filled(BUTTON, "grace-session", "Grace");
    browser.body.append(stale);
    await settled();
    assert.equal(stale.textContent, "");
    await become(browser, null);
    const button = filled(BUTTON, "ada-session");
    browser.body.append(button);
    await settled();
    // As from a parser that was still at it.
    button.append("Ada");
    await settled();
    assert.equal(button.textContent, "");
  });

  test("drops the late response of the user before", async () => {
    const button = component(BUTTON);
    const browser = adas(button);
    const adasResponse = later();
    browser.responses[path(BUTTON)] = adasResponse.response;
    await browser.run();
    browser.responses[path(BUTTON)] = fragment("grace-session", "Grace");
    await become(browser, { active: GRACE, others: [] });
    adasResponse.respond(fragment("ada-session", "Ada"));
    await settled();
    assert.equal(button.textContent, "Grace");
  });

  test("drops a response that comes when nobody is signed in any more", async () => {
    const button = component(BUTTON);
    const browser = adas(button);
    const { response, respond } = later();
    browser.responses[path(BUTTON)] = response;
    await browser.run();
    await become(browser, null);
    respond(fragment("ada-session", "Ada"));
    await settled();
    assert.equal(button.textContent, "");
  });

  test("that cannot be loaded says so, and is tried again at the next check", async () => {
    const button = component(BUTTON);
    const browser = adas(button);
    for (const response of [new Error("offline"), { status: 502, json: {} }]) {
      browser.responses[path(BUTTON)] = response;
      await browser.run();
      assert.equal(button.textContent, TEXTS.not_loaded + TEXTS.try_again);
      assert.equal(button.querySelector("[role=alert]")?.textContent, TEXTS.not_loaded);
      assert.equal(button.querySelector("a")?.getAttribute("href"), "", "it loads the page again");
      const before = fetched(browser).length;
      browser.body.append("more of the page");
      await settled();
      assert.equal(fetched(browser).length, before);
      await browser.pass(MINUTE);
      assert.equal(fetched(browser).length, before + 1);
    }
    browser.responses[path(BUTTON)] = fragment("ada-session", "Ada");
    await browser.pass(MINUTE);
    assert.equal(button.textContent, "Ada");
    const before = fetched(browser).length;
    await browser.pass(MINUTE);
    assert.equal(fetched(browser).length, before, "and then no more");
  });

  test("that could not be loaded for one user is tried at once for the next", async () => {
    const button = component(BUTTON);
    const browser = adas(button);
    browser.responses[path(BUTTON)] = new Error("offline");
    await browser.run();
    browser.responses[path(BUTTON)] = fragment("grace-session", "Grace");
    await become(browser, { active: GRACE, others: [] });
    assert.equal(button.textContent, "Grace");
  });

  test("changes only in its parts, if it has any", async () => {
    const part = (/** @type {string} */ name, /** @type {string} */ text) =>
      element("div", { "data-guardian-part": name }, text);
    const own = element("a", { href: "/help" }, "Help");
    const button = filled(BUTTON, "ada-session", part("trigger", "Ada"), own, part("sign-out", "Sign out"));
    const browser = adas(button);
    browser.responses[path(BUTTON)] = fragment("", part("sign-out", "Sign Grace out"), part("trigger", "Grace"));
    await browser.run();
    await become(browser, { active: GRACE, others: [] });
    assert.equal(button.textContent, "GraceHelpSign Grace out");
    await become(browser, null);
    assert.equal(button.textContent, "Help");
    assert.equal(button.children[1], own);
  });
});

describe("a list of sessions", () => {
  const row = (/** @type {string} */ id) => element("li", { id }, id);

  test("is asked for again at each check, and keeps its rows", async () => {
    const desk = row("desk");
    const list = filled(LIST, "ada-session", desk);
    const browser = adas(list);
    browser.responses["/api/session"] = { ...ADA, others: [] };
    await browser.run();
    browser.responses[path(LIST)] = fragment("ada-session", row("phone"), row("desk"));
    await browser.happens("focus");
    assert.deepEqual(list.children.map(({ id }) => id), ["phone", "desk"]);
    assert.equal(list.children[1], desk);
    await browser.pass(MINUTE);
    assert.equal(fetched(browser).length, 2);
    browser.window.document.hidden = true;
    await browser.pass(MINUTE);
    assert.equal(fetched(browser).length, 2, "nobody looks");
  });

  test("is asked for again when sessions have ended elsewhere", async () => {
    const list = filled(LIST, "ada-session", row("desk"), row("phone"));
    const browser = adas(list);
    browser.responses["/api/session"] = { ...ADA, others: [] };
    browser.responses[path(LIST)] = fragment("ada-session", row("desk"));
    await browser.run();
    const notice = { scope: "local", reason: "user", is_current: false, events: ["1"] };
    browser.streams[0].dispatchEvent(Object.assign(new Event("signed_out"), { data: JSON.stringify(notice) }));
    await settled();
    assert.deepEqual(list.children.map(({ id }) => id), ["desk"]);
  });

  test("is not replaced while one of its forms is under way", async () => {
    const form = signOutForm({ session: "phone", redirect: "false" });
    const list = filled(LIST, "ada-session", form);
    const browser = adas(list);
    const { response, respond } = later();
    browser.responses["/api/sign_out"] = response;
    browser.responses[path(LIST)] = fragment("ada-session", "no more sessions");
    await browser.run();
    await browser.submit(form);
    await browser.pass(MINUTE);
    assert.deepEqual(fetched(browser), []);
    assert.equal(list.contains(form), true);
    respond({ ...SIGNED_OUT, ended: ["phone"] });
    await settled();
    assert.equal(list.textContent, "no more sessions");
    assert.equal(fetched(browser).length, 1);
  });

  test("of a user who is gone goes also while a form is under way", async () => {
    const form = signOutForm({ session: "phone", redirect: "false" });
    const list = filled(LIST, "ada-session", form);
    const browser = adas(list);
    const guardian = await browser.run();
    browser.responses["/api/sign_out"] = new Promise(() => {});
    await browser.submit(form);
    guardian.signOut({ redirect: false });
    await browser.pass(5_000);
    assert.equal(list.textContent, "");
  });

  test("that comes while something is under way is filled", async () => {
    const browser = adas();
    browser.responses["/api/sign_out"] = new Promise(() => {});
    browser.responses[path(LIST)] = fragment("ada-session", "desk");
    const guardian = await browser.run();
    guardian.signOut({ scope: "others" });
    const list = component(LIST);
    browser.body.append(list);
    await settled();
    assert.equal(list.textContent, "desk");
  });
});

describe("what signs out", () => {
  const BUTTON = "sign-out-button?redirect=false";
  const PANEL = "sign-out?";

  test("as a button is the same for everybody, and says how the sign-out has gone", async () => {
    const button = component(BUTTON);
    const browser = adas(button);
    browser.responses[path(BUTTON)] = fragment("", signOutForm({ redirect: "false" }));
    browser.responses["/api/sign_out"] = SIGNED_OUT;
    await browser.run();
    const form = button.querySelector("form");
    assert.ok(form);
    await browser.submit(form);
    assert.equal(button.querySelector("form"), form);
    assert.equal(form.querySelector("[role=status]")?.textContent, TEXTS.done);
    assert.equal(fetched(browser).length, 1);
  });

  test("as a panel is cleared at once, and says that nobody is signed in", async () => {
    const panel = filled(PANEL, "ada-session", "You are signed in as Ada.");
    const browser = adas(panel);
    const { response, respond } = later();
    browser.responses[path(PANEL)] = response;
    await browser.run();
    await become(browser, null);
    assert.equal(panel.textContent, "");
    respond(fragment("", "You are signed out."));
    await settled();
    browser.body.append("more of the page");
    await settled();
    assert.equal(panel.textContent, "You are signed out.");
    assert.equal(fetched(browser).length, 1);
  });

  test("as a panel that the server has filled for nobody stays", async () => {
    const panel = filled(PANEL, "", "You are signed out.");
    const browser = visit(null, panel);
    await browser.run();
    assert.equal(panel.textContent, "You are signed out.");
    assert.deepEqual(fetched(browser), []);
  });
});

describe("mounting", () => {
  test("makes an element a component, until it is taken back", async () => {
    const place = element("div");
    const browser = adas(place);
    const guardian = await browser.run();
    const options = { showName: true, manageUrl: "/account?a=1&b=2", callbackUrl: undefined };
    const address = "user-button?menu_id=guardian-menu-1&show_name=true&manage_url=%2Faccount%3Fa%3D1%26b%3D2";
    browser.responses[path(address)] = fragment("ada-session", "Ada");
    const unmount = guardian.mountUserButton(place, options);
    await settled();
    assert.equal(place.textContent, "Ada");
    unmount();
    await browser.pass(MINUTE);
    assert.deepEqual([place.textContent, place.hasAttribute("data-guardian")], ["", false]);
    assert.equal(fetched(browser).length, 1);
  });

  test("that is taken back at once drops the response, and can be repeated", async () => {
    const place = element("div");
    const browser = adas(place);
    const guardian = await browser.run();
    const { response, respond } = later();
    const options = { menuId: "menu" };
    browser.responses[path("user-button?menu_id=menu")] = response;
    const unmount = guardian.mountUserButton(place, options);
    await settled();
    unmount();
    respond(fragment("ada-session", "Ada"));
    await settled();
    assert.equal(place.textContent, "");
    guardian.mountUserButton(place, options);
    await settled();
    assert.equal(place.textContent, "Ada");
  });

  test("works for every component, also before it is known who is signed in", async () => {
    const [button, list] = [element("div"), element("div")];
    const browser = new Browser(SITE, button, list);
    browser.cookies.set(MARKER, "ada-session");
    const { response, respond } = later();
    browser.responses["/guardian/fragment/page"] = response;
    browser.responses[path("sign-out-button?menu_id=guardian-menu-1&text=Bye&redirect=false")] = fragment("", "Bye");
    browser.responses[path("session-list?x=1")] = fragment("ada-session", "desk");
    const guardian = await browser.run();
    guardian.mountSignOutButton(button, { text: "Bye", redirect: false });
    guardian.mountSessionList(list);
    await settled();
    respond(page(pageData(data({ state: { active: ADA, others: [] } }))));
    await settled();
    assert.deepEqual([button.textContent, list.textContent], ["Bye", "desk"]);
  });
});

describe("an element of the library's own", () => {
  test("is a component whose options are its attributes, with a menu of its own", async () => {
    const early = element("guardian-user-button", { "show-name": "", "manage-url": "/account" });
    const browser = adas(early);
    const [first, second] = [1, 2].map((number) => `user-button?menu_id=guardian-menu-${number}`);
    browser.responses[path(`${first}&show_name=true&manage_url=%2Faccount`)] = fragment("ada-session", "Ada Lovelace");
    browser.responses[path(second)] = fragment("ada-session", "Ada");
    await browser.run();
    const late = element("guardian-user-button");
    browser.body.append(late);
    await settled();
    assert.deepEqual([early.textContent, late.textContent], ["Ada Lovelace", "Ada"]);
    assert.equal(fetched(browser).length, 2);
  });

  test("that is moved stays what it is", async () => {
    const button = element("guardian-sign-out-button", { redirect: "false" });
    const browser = adas(button, element("footer"));
    browser.responses[path("sign-out-button?menu_id=guardian-menu-1&redirect=false")] = fragment("", "Sign out");
    await browser.run();
    browser.body.querySelector("footer")?.append(button);
    await settled();
    assert.equal(button.textContent, "Sign out");
    assert.equal(fetched(browser).length, 1);
  });
});

// How a part of the page becomes another version of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { update as updateElement } from "../../src/script/update.mjs";
import { Document, Element, element } from "./fake_dom.mjs";

Object.assign(globalThis, { Element });

/** Changes what is inside one element into what is inside another. @param {Element} shown @param {Element} fresh */
const update = (shown, fresh) => updateElement(/** @type {any} */ (shown), /** @type {any} */ (fresh));

const part = (/** @type {(Element | string)[]} */ ...content) => element("div", {}, ...content);
const row = (/** @type {string} */ id, text = id) => element("li", { id }, text, element("button", {}, "End"));
const field = (name = "note") => element("input", { name });
const ids = (/** @type {Element} */ list) => list.children.map(({ id }) => id);

/** The content as HTML, roughly. @param {Element} shown @returns {string} */
const show = (shown) =>
  shown.childNodes.map((node) => (node instanceof Element ? `<${node.tag}>${show(node)}` : node.textContent)).join("|");

describe("an updated part", () => {
  test("has the new content, in its order", () => {
    for (const [before, after] of [
      [[], ["a"]],
      [["a", element("b"), "c"], [element("b"), "c", element("i")]],
      [[element("b", {}, "1"), element("b", {}, "2")], [element("b", {}, "2"), element("b", {}, "3")]],
      [["\n", row("a"), "\n", row("b"), "\n"], ["\n", row("b"), "\n", row("c"), "\n", row("a"), "\n"]],
      [[element("p", { class: "x" }, "old")], [element("p", { class: "y" }, "new")]],
    ]) {
      const shown = part(...before);
      const fresh = part(...after);
      const expected = show(fresh);
      update(shown, fresh);
      assert.equal(show(shown), expected);
    }
  });

  test("keeps the elements that are equal, and with them what a person has typed and where they are", () => {
    const note = field();
    const shown = part("\n", element("p", {}, "Hello, Ada"), "\n", element("form", {}, note), "\n");
    const page = new Document(shown);
    note.typed = "half a sentence";
    note.focus();
    update(shown, part("\n", element("p", {}, "Hello, Grace"), "\n", element("form", {}, field()), "\n"));
    assert.equal(shown.querySelector("input"), note);
    assert.equal(page.activeElement, note);
    assert.equal(shown.querySelector("p")?.textContent, "Hello, Grace");
  });

  test("keeps an element whose content has changed, and a field only if it is the same one", () => {
    const [section, note] = [element("section", { class: "notes" }), field()];
    section.append("1 note", note);
    const shown = part(section);
    update(shown, part(element("section", { class: "notes" }, "2 notes", field("title"), field())));
    assert.equal(shown.children[0], section);
    assert.equal(section.children[1], note);
    assert.equal(section.children[0].name, "title");
  });

  test("keeps what follows something new, also among line breaks", () => {
    const form = element("form", {}, field());
    const shown = part("\n", form, "\n");
    const page = new Document(shown);
    form.querySelector("input")?.focus();
    update(shown, part("\n", element("p", {}, "News"), "\n", element("form", {}, field()), "\n"));
    assert.equal(shown.querySelector("form"), form);
    assert.equal(page.activeElement, form.querySelector("input"));
  });

  test("does not take an element that has stayed for one that is new", () => {
    const kept = part(field());
    const shown = part(kept);
    update(shown, part(part("News"), part(field())));
    assert.equal(shown.children[1], kept);
  });

  test("keeps the rows of a list by their ids, whatever their order and their text", () => {
    const rows = ["here", "phone", "desk"].map((id) => row(id));
    const list = element("ul", {}, ...rows);
    const page = new Document(part(list));
    for (const [order, focused] of /** @type {const} */ ([
      [["here", "desk", "phone"], "phone"],
      [["here", "phone"], "phone"],
      [["new", "here", "phone"], "here"],
      [["phone"], "phone"],
    ])) {
      const button = list.querySelector(`#${focused}`)?.querySelector("button");
      button?.focus();
      update(list, element("ul", {}, ...order.map((id) => row(id, "5 minutes ago"))));
      assert.deepEqual(ids(list), order);
      assert.equal(page.activeElement, button, String(order));
      for (const kept of rows) if (list.contains(kept)) assert.equal(kept.firstChild?.textContent, "5 minutes ago");
    }
  });

  test("does not touch what has not changed", () => {
    const shown = part("a", element("p", {}, "b"), row("c"));
    const page = new Document(shown);
    let changes = 0;
    page.observers.push({ notify: () => changes++, attributes: [] });
    update(shown, part("a", element("p", {}, "b"), row("c")));
    assert.equal(changes, 0);
  });

  test("keeps what its forms and its list of sessions say", () => {
    const said = [element("div", { role: "status" }, "Done."), element("div", { role: "alert" }, "Failed.")];
    const ended = element("div", { role: "status", "data-guardian-ended": "" }, "The session has ended.");
    // One of them was there from the start, one came with what it says.
    const shown = part(ended, element("form", {}, field(), said[0], said[1]), "old");
    update(shown, part(
      element("div", { role: "status", "data-guardian-ended": "" }),
      element("form", {}, field(), element("div", { role: "status" })),
      "new",
    ));
    assert.equal(show(shown), "<div>The session has ended.|<form><input>|<div>Done.|<div>Failed.|new");
    assert.equal(shown.children[0], ended);
  });

  test("leaves what is inside an island to Leptos, as long as the island is there", () => {
    const island = element("leptos-island", { "data-component": "Counter" }, "3");
    const shown = part(island);
    update(shown, part(element("leptos-island", { "data-component": "Counter" }, "0")));
    assert.equal(show(shown), "<leptos-island>3");
    assert.equal(shown.children[0], island);
    update(shown, part());
    assert.equal(show(shown), "");
  });

  test("changes what the app itself says", () => {
    const shown = part(element("div", { role: "status" }, "Welcome back, Ada"));
    update(shown, part(element("div", { role: "status" })));
    assert.equal(shown.textContent, "");
  });
});

describe("an element that somebody else has changed", () => {
  const form = (/** @type {string} */ action, /** @type {Element[]} */ ...content) =>
    element("form", { action }, ...content);
  const hidden = (/** @type {string} */ name, /** @type {string} */ value) =>
    element("input", { type: "hidden", name, value });

  test("stays, with what a person has typed, and with what was added", () => {
    const note = field();
    for (const name of ["data-gramm", "spellcheck", "data-dashlane-rid"]) note.setAttribute(name, "false");
    const section = element("section", { style: "--darkreader-inline-bgcolor: #000" }, "old", form("/notes", note));
    const shown = part(section);
    const page = new Document(shown);
    note.typed = "half a sentence";
    note.focus();
    update(shown, part(element("section", {}, "new", form("/notes", field()))));
    assert.deepEqual([shown.children[0], section.querySelector("input")], [section, note]);
    assert.equal(page.activeElement, note);
    assert.deepEqual(note.getAttributeNames(), ["name", "data-gramm", "spellcheck", "data-dashlane-rid"]);
    assert.ok(section.hasAttribute("style"));
    assert.equal(section.firstChild?.textContent, "new");
  });

  test("is found beside others of its kind", () => {
    const notes = element("div", { class: "notes", style: "--darkreader-inline-bgcolor: #000" }, field());
    const shown = part(element("div", { class: "greeting" }, "Hello, Ada"), notes);
    update(shown, part(element("div", { class: "notes" }, "new", field())));
    assert.deepEqual(shown.children, [notes]);
  });

  test("stays open, and says so", () => {
    const menu = element("button", { id: "menu-button", "aria-expanded": "true" }, "Ada");
    const details = element("details", { open: "" }, field());
    const shown = part(menu, details);
    const freshMenu = element("button", { id: "menu-button" }, "Ada Lovelace");
    update(shown, part(freshMenu, element("details", {}, "new", field())));
    assert.deepEqual(shown.children, [menu, details]);
    assert.deepEqual([menu.getAttribute("aria-expanded"), details.hasAttribute("open")], ["true", true]);
  });

  test("has the attributes of the new version, and keeps none of the old one's", () => {
    const stale = { class: "wrong", "aria-invalid": "true", disabled: "", checked: "", "data-guardian-once": "" };
    const note = element("input", { name: "note", value: "a", ...stale });
    const link = element("a", { href: "/ada", class: "on", hidden: "" }, field("inside"));
    const shown = part(note, link);
    update(shown, part(
      element("input", { name: "note", value: "b", required: "" }),
      element("a", { href: "/grace" }, field("inside")),
    ));
    assert.deepEqual(shown.children, [note, link]);
    const all = [note, link].map(({ attributes }) => attributes.map(({ name, value }) => `${name}=${value}`));
    assert.deepEqual(all, [["name=note", "value=b", "required="], ["href=/grace"]]);
  });

  test("stays also if the browser refuses one of the new attributes", () => {
    const note = Object.assign(field(), {
      setAttribute() {
        throw new DOMException("@click", "InvalidCharacterError");
      },
    });
    const shown = part(note, "old");
    update(shown, part(element("input", { name: "note", "@click": "" }), "new"));
    assert.equal(show(shown), "<input>|new");
    assert.equal(shown.children[0], note);
  });

  test("keeps what was typed in a form whose hidden values are new ones", () => {
    const [note, token] = [field(), hidden("token", "ada's")];
    const shown = part(form("/notes", token, note));
    note.typed = "half a sentence";
    update(shown, part(form("/notes", hidden("token", "grace's"), field())));
    const [kept] = shown.children;
    assert.deepEqual(kept.children.map(({ value }) => value), ["grace's", ""]);
    assert.equal(kept.children[1], note);
  });

  test("does not become another field, form, choice, row or picture", () => {
    const input = (/** @type {Record<string, string>} */ some) => element("input", { name: "note", ...some });
    for (const [before, after] of [
      [field("title"), field("note")],
      [input({ id: "a" }), input({ id: "b" })],
      [input({ type: "password" }), input({ type: "text" })],
      [input({ type: "radio", value: "a" }), input({ type: "radio", value: "b" })],
      [input({ type: "checkbox", value: "a" }), input({ type: "checkbox", value: "b" })],
      [element("option", { value: "a" }), element("option", { value: "b" })],
      [element("button", { name: "scope", value: "others" }), element("button", { name: "scope", value: "global" })],
      [element("button", { formaction: "/a" }), element("button", { formaction: "/b" })],
      [element("input", { class: "a" }), element("input", { class: "b" })],
      [element("textarea", { class: "a" }), element("textarea", { class: "b" })],
      [element("select", { class: "a" }), element("select", { class: "b" })],
      [form("/notes"), form("/titles")],
      [row("desk"), row("phone")],
      [element("article", { id: "a" }), element("article", {})],
      [element("img", { src: "/ada.png" }), element("img", { src: "/grace.png" })],
      [element("div", { role: "status" }), element("div", { role: "alert" })],
      [element("p", { class: "a" }), element("div", { class: "b" })],
      [element("leptos-island", { "data-props": "1" }), element("leptos-island", { "data-props": "2" })],
    ]) {
      const shown = part(before);
      update(shown, part(after));
      assert.deepEqual(shown.children, [after], `${before.identity} ${after.identity}`);
    }
  });

  test("as a component stays what the server has filled, and comes anew where the script fills it", () => {
    const kept = element("div", { "data-guardian": "user-button?", class: "x" }, "Ada");
    const shown = part(kept);
    update(shown, part(element("div", { "data-guardian": "user-button?", "data-guardian-filled": "" }, "Grace")));
    assert.deepEqual(shown.children, [kept]);
    assert.deepEqual([kept.textContent, kept.getAttribute("data-guardian-filled")], ["Grace", ""]);
    for (const fresh of [
      element("div", { "data-guardian": "user-button?" }),
      element("div", { "data-guardian": "session-list?", "data-guardian-filled": "" }),
    ]) {
      const other = element("div", { "data-guardian": "user-button?", class: "x" }, "Ada");
      const place = part(other);
      update(place, part(fresh));
      assert.deepEqual(place.children, [fresh]);
    }
  });

  test("does not give what it says to another session", () => {
    const about = (/** @type {string} */ session, said = "") =>
      element("form", { action: "/api/sign_out" }, hidden("session", session), element("div", { role: "alert" }, said));
    const line = (/** @type {Element} */ form, id = "") => element("li", id ? { id } : {}, form);
    for (const [before, after] of [
      [[about("phone", "Failed."), about("desk")], [about("desk"), about("tablet")]],
      [[line(about("phone", "Failed.")), line(about("desk", "Failed."))], [line(about("tablet"))]],
      [[line(about("phone", "Failed."), "phone")], [line(about("tablet"), "tablet")]],
    ]) {
      const shown = part(...before);
      update(shown, part(...after));
      assert.equal(shown.textContent, "");
    }
    const busy = row("phone");
    busy.querySelector("button")?.setAttribute("aria-busy", "true");
    const list = part(busy);
    update(list, part(row("desk")));
    assert.equal(list.querySelector("button")?.hasAttribute("aria-busy"), false);
  });

  test("keeps the focus behind what a form says", () => {
    const note = field();
    const shown = part(form("/notes", element("p", { role: "alert" }, "Failed."), note));
    const page = new Document(shown);
    note.focus();
    update(shown, part(form("/notes", element("label", {}, "Note"), field())));
    assert.equal(page.activeElement, note);
    assert.equal(show(shown), "<form><label>Note|<p>Failed.|<input>");
  });

  test("is not taken for what the script says", () => {
    const said = element("div", { "data-guardian-keep": "" }, "Saved.");
    const main = element("div", { class: "old" }, "old", field());
    const shown = part(said, main);
    update(shown, part(element("div", { class: "new" }, "new", field())));
    assert.deepEqual(shown.children, [said, main]);
    assert.equal(shown.textContent, "Saved.new");
    // And that is not there twice, nor touched.
    said.setAttribute("data-by-hand", "");
    update(shown, part(element("div", { "data-guardian-keep": "", class: "new" }, "Not saved.")));
    assert.deepEqual(shown.children, [said]);
    assert.deepEqual([said.textContent, said.hasAttribute("class")], ["Saved.", false]);
  });
});

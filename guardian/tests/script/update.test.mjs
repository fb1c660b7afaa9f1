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

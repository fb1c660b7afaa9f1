// Follows the guide: puts its code blocks into an app, in order. node apply.mjs README.md app-folder
//
// A block whose first line names a file belongs into it. A file that the app does not have becomes the
// block. Otherwise the app's file gets what it lacks: a line of a Cargo.toml's section, a `mod` or `use`
// line, an item such as `fn main`. What it has under the same name is replaced.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const FENCE = /^```(\w+)\n([\s\S]*?)^```$/gm;
const FILE = /^(?:\/\/|#) ([\w/.-]+\.(?:rs|toml))$/;
const DECLARATION = /^(?:#\[.+\]\n)?(?:pub )?(?:mod|use) [^;]+;.*$/gm;
const NAME = /^(?:pub )?(?:async )?(?:fn|struct|enum) (\w+)/m;

/** Returns the file with the lines of a block of TOML in their sections. */
function mergeToml(text, block) {
  const sections = text.split(/^(?=\[)/m);
  for (const part of block.split(/^(?=\[)/m).filter((part) => part.startsWith("["))) {
    const [head, ...lines] = part.trimEnd().split("\n");
    const index = sections.findIndex((section) => section.startsWith(`${head}\n`));
    if (index < 0) throw new Error(`there is no section ${head}`);
    for (const line of lines) {
      const key = line.split(/[ =]/, 1)[0];
      const rest = sections[index].trimEnd().split("\n").filter((old) => old.split(/[ =]/, 1)[0] !== key);
      sections[index] = [...rest, line, "", ""].join("\n");
    }
  }
  return sections.join("");
}

/** Returns the file with the declarations and items of a block of Rust. */
function mergeRust(text, block) {
  for (const part of block.trim().split(/\n\n(?=\S)/)) {
    const name = NAME.exec(part)?.[1];
    if (!name) {
      const declarations = part.match(DECLARATION);
      if (declarations?.join("\n") !== part) throw new Error(`neither declarations nor an item:\n${part}`);
      const missing = declarations.filter((declaration) => !text.includes(`${declaration}\n`));
      text = `${missing.join("\n")}\n${text}`;
      continue;
    }
    const items = text.split(/\n\n(?=\S)/);
    const index = items.findIndex((item) => NAME.exec(item)?.[1] === name);
    if (index < 0) items.push(part);
    else items[index] = part;
    text = `${items.join("\n\n").trimEnd()}\n`;
  }
  return text;
}

const [guide, app] = process.argv.slice(2);
let count = 0;
for (const [, , block] of readFileSync(guide, "utf8").matchAll(FENCE)) {
  const [first, ...lines] = block.split("\n");
  const name = FILE.exec(first)?.[1];
  if (!name) continue;
  const file = join(app, name);
  const code = lines.join("\n");
  const old = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const merge = name.endsWith(".toml") ? mergeToml : mergeRust;
  writeFileSync(file, old === undefined ? code : merge(old, code));
  console.log(`${old === undefined ? "new" : "changed"}: ${name}`);
  count += 1;
}
if (count === 0) throw new Error(`${guide} has no block that names a file`);

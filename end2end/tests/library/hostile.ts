// Hostile callback URLs, from the list that the Rust tests also use.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const LIST = join(__dirname, "../../../guardian/tests/redirects/hostile.txt");

/** Callback URLs for this site, grouped by kind, in a form field's encoding. */
export function hostileFields(site: string): string[][] {
  const { origin, hostname, port } = new URL(site);
  const values = { site: origin, host: hostname, port, long: "a".repeat(3000), wide: "%C3%A9".repeat(700) };
  const fill = (line: string) =>
    Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), line);
  const groups = readFileSync(LIST, "utf8").split("\n\n");
  return groups
    .map((group) => group.split("\n").filter((line) => line && !line.startsWith("#")))
    .filter((group) => group.length > 0)
    .map((group) => group.map(fill));
}

/** The callback URL in an encoded field. */
export function decode(field: string): string {
  return new URLSearchParams(`callback_url=${field}`).get("callback_url")!;
}

// The server's `Set-Cookie` headers, as the browser receives them.

import { expect, type BrowserContext, type Response } from "@playwright/test";

interface SetCookie {
  name: string;
  isRemoval: boolean;
  /** Whether it has the site's own path and domain, unlike a planted cookie. */
  isOurs: boolean;
  /** All except the value and the age. */
  attributes: string[];
}

/** Records the `Set-Cookie` headers of every response from now on. */
export function watchCookies(context: BrowserContext) {
  const responses: Response[] = [];
  context.on("response", (response) => responses.push(response));
  return () => Promise.all(responses.map(setCookies));
}

async function setCookies(response: Response) {
  const headers = await response.headersArray();
  const set = headers.filter(({ name }) => name.toLowerCase() === "set-cookie");
  // Firefox joins those of one response.
  return set.flatMap(({ value }) => value.split("\n")).map(parse);
}

function parse(header: string): SetCookie {
  const [pair, ...attributes] = header.split("; ");
  return {
    name: pair.split("=")[0],
    isRemoval: attributes.includes("Max-Age=0"),
    isOurs: attributes.includes("Path=/") && !attributes.some((attribute) => /^(Domain|Partitioned)/.test(attribute)),
    attributes: attributes.filter((attribute) => !attribute.startsWith("Max-Age=")).sort(),
  };
}

/** Each cookie is set and removed with the same attributes, and no response mentions a cookie twice. */
export function expectConsistent(responses: SetCookie[][], names: string[], attributes: string[]) {
  for (const cookies of responses) {
    const named = cookies.map(({ name }) => name);
    expect(named).toEqual([...new Set(named)]);
    for (const cookie of cookies) expect(cookie).toMatchObject({ attributes });
  }
  for (const isRemoval of [false, true]) {
    const found = responses.flat().filter((cookie) => cookie.isRemoval === isRemoval);
    expect([...new Set(found.map(({ name }) => name))].sort()).toEqual(names);
  }
}

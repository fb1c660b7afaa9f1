// What the server says about cookies, as it came to the browser.

import { expect, type BrowserContext, type Response } from "@playwright/test";

interface SetCookie {
  name: string;
  isRemoval: boolean;
  /** Whether it is at the place where the site keeps its own, and not where others plant some. */
  isOurs: boolean;
  /** All but the value and the age. */
  attributes: string[];
}

/** Keeps the `Set-Cookie` headers of every answer from now on. */
export function watchCookies(context: BrowserContext) {
  const answers: Response[] = [];
  context.on("response", (response) => answers.push(response));
  return () => Promise.all(answers.map(setCookies));
}

async function setCookies(response: Response) {
  const headers = await response.headersArray();
  return headers.filter(({ name }) => name.toLowerCase() === "set-cookie").map(({ value }) => read(value));
}

function read(header: string): SetCookie {
  const [pair, ...attributes] = header.split("; ");
  return {
    name: pair.split("=")[0],
    isRemoval: attributes.includes("Max-Age=0"),
    isOurs: attributes.includes("Path=/") && !attributes.some((attribute) => /^(Domain|Partitioned)/.test(attribute)),
    attributes: attributes.filter((attribute) => !attribute.startsWith("Max-Age=")).sort(),
  };
}

/** What is set is removed with the same attributes, and no answer says two things of one cookie. */
export function expectSound(answers: SetCookie[][], names: string[], attributes: string[]) {
  for (const answer of answers) {
    const named = answer.map(({ name }) => name);
    expect(named).toEqual([...new Set(named)]);
    for (const cookie of answer) expect(cookie).toMatchObject({ attributes });
  }
  for (const isRemoval of [false, true]) {
    const found = answers.flat().filter((cookie) => cookie.isRemoval === isRemoval);
    expect([...new Set(found.map(({ name }) => name))].sort()).toEqual(names);
  }
}

// One request, sent once. Nothing here tries again: a POST that broke off may have been carried out.

import http from "node:http";

/** The server gives up after 40 s; what has no answer then hangs. In milliseconds. */
export const HANG_LIMIT = 45_000;

/**
 * What became of a request:
 * - `answer`, with `status`, `cookies` (the Set-Cookie headers) and `body`;
 * - `refused`: nobody listened, so it has no effect;
 * - `broken`: it may have been carried out, or still be;
 * - `hang`: the same, and nobody answered in time.
 *
 * `abortAfter`, in milliseconds: when the client goes away.
 */
export function send({ port, host, path, method = "POST", fields, headers = {}, abortAfter }) {
  return new Promise((resolve) => {
    const body = fields && new URLSearchParams(fields).toString();
    const request = http.request({
      port,
      host: "127.0.0.1",
      path,
      method,
      // A connection each: one that is kept may be closed by the server at the wrong moment.
      agent: false,
      headers: {
        host,
        ...(body !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
        ...(method === "POST" && { "content-length": Buffer.byteLength(body ?? "") }),
        ...headers,
      },
    });
    const timers = [];
    const finish = (outcome) => {
      timers.forEach(clearTimeout);
      resolve(outcome);
      request.destroy();
    };
    const after = (time, outcome) => timers.push(setTimeout(finish, time, outcome));
    after(HANG_LIMIT, { kind: "hang" });
    if (abortAfter !== undefined) after(abortAfter, { kind: "broken", why: "the client went away" });
    const fail = (error) =>
      finish(error.code === "ECONNREFUSED" ? { kind: "refused" } : { kind: "broken", why: error.code ?? error.message });
    request.on("error", fail);
    request.on("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", fail);
      response.on("aborted", () => fail({ code: "cut off" }));
      response.on("end", () => {
        if (!response.complete) return fail({ code: "cut off" });
        finish({
          kind: "answer",
          status: response.statusCode,
          location: response.headers.location,
          cookies: response.headers["set-cookie"] ?? [],
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.end(body);
  });
}

/** A browser's cookies, whatever the server calls them. */
export class Jar {
  #cookies = new Map();

  /** Keeps and drops cookies as told. */
  take(headers) {
    for (const header of headers) {
      const [pair, ...attributes] = header.split(";").map((part) => part.trim());
      const [name, ...value] = pair.split("=");
      const isOver = attributes.some((attribute) => /^max-age=(0|-.*)$/i.test(attribute));
      if (isOver) this.#cookies.delete(name);
      else this.#cookies.set(name, value.join("="));
    }
  }

  /** The Cookie header. */
  toString() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

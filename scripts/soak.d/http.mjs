// Sends a request once, without retries: the server may have carried out a POST that broke off.

import http from "node:http";

/** The server gives up after 40 s. A request without a response after this time hangs. */
export const HANG_LIMIT_MS = 45_000;

/**
 * Returns the outcome of a request:
 * - `response`, with `status`, `cookies` (the Set-Cookie headers) and `body`;
 * - `refused`: no server listened, so it has no effect;
 * - `broken`: the server may have carried it out, or may still do so;
 * - `hang`: the same, after no response in time.
 *
 * The client disconnects after `abortAfter` milliseconds.
 */
export function send({ port, host, path, method = "POST", fields, headers = {}, abortAfter }) {
  return new Promise((resolve) => {
    const body = fields && new URLSearchParams(fields).toString();
    const request = http.request({
      port,
      host: "127.0.0.1",
      path,
      method,
      // One connection per request: the server may close a kept one at the wrong moment.
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
    after(HANG_LIMIT_MS, { kind: "hang" });
    if (abortAfter !== undefined) after(abortAfter, { kind: "broken", why: "the client disconnected" });
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
          kind: "response",
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

/** A browser's cookie jar. */
export class Jar {
  #cookies = new Map();

  /** Applies `Set-Cookie` headers. */
  store(headers) {
    for (const header of headers) {
      const [pair, ...attributes] = header.split(";").map((part) => part.trim());
      const [name, ...value] = pair.split("=");
      const isRemoval = attributes.some((attribute) => /^max-age=(0|-.*)$/i.test(attribute));
      if (isRemoval) this.#cookies.delete(name);
      else this.#cookies.set(name, value.join("="));
    }
  }

  /** The `Cookie` header. */
  toString() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

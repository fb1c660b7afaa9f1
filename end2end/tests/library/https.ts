// An https front before a server of the test's own, as a proxy stands before a deployed one.

import { once } from "node:events";
import { request, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";
import { OwnServer } from "./server";
import { test as plain } from "../test";

class SecureSite {
  private constructor(
    readonly url: string,
    private readonly front: Server,
    private readonly server: OwnServer,
  ) {}

  static async start(host: string) {
    const { private: key, cert } = await generate([{ name: "commonName", value: "127.0.0.1" }], {
      keyType: "ec",
      algorithm: "sha256",
    });
    const front = createServer({ key, cert }).listen(0, "127.0.0.1");
    await once(front, "listening");
    const url = `https://${host}:${(front.address() as AddressInfo).port}`;
    const server = await OwnServer.start({ SITE_URL: url, TRUSTED_PROXIES: "127.0.0.1" });
    front.on("request", (asked, answer) => passOn(server.url, asked, answer));
    return new SecureSite(url, front, server);
  }

  async end() {
    this.front.close();
    this.front.closeAllConnections();
    await this.server.end();
  }
}

function passOn(to: string, asked: IncomingMessage, answer: ServerResponse) {
  const headers = { ...asked.headers, "x-forwarded-for": asked.socket.remoteAddress };
  const passed = request(to + asked.url, { method: asked.method, headers }, (response) => {
    // As they came: several `Set-Cookie` stay several.
    answer.writeHead(response.statusCode!, response.rawHeaders);
    response.pipe(answer);
  });
  asked.pipe(passed);
  // When one side is gone, the other waits for nothing.
  passed.on("error", () => answer.destroy());
  answer.on("close", () => passed.destroy());
}

/** Playwright's `test`, whose pages and requests go to a site over https. */
export const test = plain.extend<object, { host: string; site: SecureSite }>({
  host: ["127.0.0.1", { option: true, scope: "worker" }],
  site: [
    async ({ host }, use) => {
      const site = await SecureSite.start(host);
      await use(site);
      await site.end();
    },
    { scope: "worker" },
  ],
  baseURL: ({ site }, use) => use(site.url),
  // The certificate is nobody's.
  ignoreHTTPSErrors: true,
});

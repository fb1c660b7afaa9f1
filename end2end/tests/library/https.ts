// An https proxy in front of a test server, as in a deployment.

import { once } from "node:events";
import { request, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";
import { TestServer } from "./server";
import { test as plain } from "./test";

class SecureSite {
  private constructor(
    readonly url: string,
    private readonly proxy: Server,
    private readonly server: TestServer,
  ) {}

  static async start(host: string) {
    const { private: key, cert } = await generate([{ name: "commonName", value: "127.0.0.1" }], {
      keyType: "ec",
      algorithm: "sha256",
    });
    const proxy = createServer({ key, cert }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const url = `https://${host}:${(proxy.address() as AddressInfo).port}`;
    const server = await TestServer.start({ SITE_URL: url, TRUSTED_PROXIES: "127.0.0.1" });
    proxy.on("request", (incoming, response) => forward(server.url, incoming, response));
    return new SecureSite(url, proxy, server);
  }

  async end() {
    this.proxy.close();
    this.proxy.closeAllConnections();
    await this.server.end();
  }
}

function forward(to: string, incoming: IncomingMessage, response: ServerResponse) {
  const headers = { ...incoming.headers, "x-forwarded-for": incoming.socket.remoteAddress };
  const outgoing = request(to + incoming.url, { method: incoming.method, headers }, (upstream) => {
    // The raw headers keep several `Set-Cookie` headers apart.
    response.writeHead(upstream.statusCode!, upstream.rawHeaders);
    upstream.pipe(response);
  });
  incoming.pipe(outgoing);
  outgoing.on("error", () => response.destroy());
  response.on("close", () => outgoing.destroy());
}

/** Playwright's `test`, with a site over https. */
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
  // The certificate is self-signed.
  ignoreHTTPSErrors: true,
});

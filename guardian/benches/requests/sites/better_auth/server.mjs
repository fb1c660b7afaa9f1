// The site on better-auth, set up as in its documentation, on Node's http. Arguments: the database's file, the
// number of users. Prints its port, and serves until standard input ends.

import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders } from "better-auth/node";
import Database from "better-sqlite3";

const [file, users] = process.argv.slice(2);
const email = (user) => `${user}@example.com`;
const password = "a long password";

const database = new Database(file);
// As on the other sites.
database.pragma("journal_mode = WAL");
database.pragma("synchronous = NORMAL");
const auth = betterAuth({
  database,
  secret: "only for a measurement on this machine",
  baseURL: "http://127.0.0.1",
  emailAndPassword: {
    enabled: true,
    // No site hashes passwords here: that would be all that is measured.
    password: { hash: async (plain) => plain, verify: async ({ hash, password }) => hash === password },
  },
  telemetry: { enabled: false },
});
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
for (let user = 0; user < Number(users); user++) {
  const name = `user-${user}`;
  await auth.api.signUpEmail({ body: { name, email: email(name), password } });
}

async function respond(request) {
  const headers = fromNodeHeaders(request.headers);
  const [, first, second] = request.url.split("/");
  switch (first) {
    case "whoami": {
      const session = await auth.api.getSession({ headers });
      return { body: session?.user.name ?? "nobody" };
    }
    case "sign-in": {
      const body = { email: email(second), password };
      return auth.api.signInEmail({ body, headers, returnHeaders: true });
    }
    case "sign-out":
      return auth.api.signOut({ headers, returnHeaders: true });
    default:
      throw new Error(`no such path: ${request.url}`);
  }
}

const server = createServer(async (request, response) => {
  try {
    const { body = "", headers } = await respond(request);
    response.writeHead(200, { "set-cookie": headers?.getSetCookie() ?? [] }).end(body);
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit(0));

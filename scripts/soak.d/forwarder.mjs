// A fixed port in front of PostgreSQL, like a proxy or a virtual address. It moves the servers from one
// database to another.

import net from "node:net";

export class Forwarder {
  #target = null;
  #connections = new Set();
  #listener = net.createServer((client) => this.#forward(client));

  async listen(port) {
    await new Promise((resolve) => this.#listener.listen(port, "127.0.0.1", resolve));
  }

  /** Forwards new connections to a port. */
  pointTo(port) {
    this.#target = port;
  }

  /** Closes all connections, and accepts none until the next `pointTo`. */
  cut() {
    this.#target = null;
    for (const socket of this.#connections) socket.destroy();
  }

  close() {
    this.cut();
    this.#listener.close();
  }

  #forward(client) {
    if (this.#target === null) {
      client.destroy();
      return;
    }
    const database = net.connect(this.#target, "127.0.0.1");
    for (const [socket, other] of [[client, database], [database, client]]) {
      this.#connections.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#connections.delete(socket);
        other.destroy();
      });
    }
    client.pipe(database);
    database.pipe(client);
  }
}

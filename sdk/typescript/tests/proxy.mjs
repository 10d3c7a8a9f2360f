// A TCP path to the server that a test can cut and restore.
import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Proxy {
  #sockets = new Set();
  #server;
  #port = 0;
  #near = new Set();
  #stranded = new Set();
  #pairs = new Set();
  #held = false;

  static async to(url) {
    const proxy = new Proxy();
    proxy.target = new URL(url);
    await proxy.restore();
    return proxy;
  }

  get url() { return `http://127.0.0.1:${this.#port}`; }

  async restore() {
    this.#server = createServer((near) => {
      const far = connect(Number(this.target.port), this.target.hostname);
      this.#near.add(near);
      near.once("close", () => this.#near.delete(near));
      for (const [socket, other] of [[near, far], [far, near]]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          if (!this.#stranded.has(socket)) other.destroy();
        });
      }
      const pair = [near, far];
      this.#pairs.add(pair);
      near.once("close", () => this.#pairs.delete(pair));
      this.#join(near, far);
    });
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = this.#server.address().port;
  }

  /** Nothing passes any more, and nobody is told, as behind a cable that is cut. */
  hold() {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
    }
    this.#held = true;
  }
  release() {
    this.#held = false;
    for (const pair of this.#pairs) this.#join(...pair);
  }
  #join(near, far) {
    if (this.#held) return;
    near.pipe(far);
    far.pipe(near);
  }

  /** Resets the clients' side of every connection: the server does not notice. */
  strand() {
    for (const socket of this.#near) {
      this.#stranded.add(socket);
      socket.unpipe();
      socket.resetAndDestroy();
    }
  }

  /** Resets every connection; new ones are refused until restore(). */
  async cut() {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }
}

/**
 * A network that can be told to fail: TCP connections to a port, cut after so many octets, swallowed
 * or recorded.
 *
 * @module
 */

import {
  type AddressInfo,
  connect as connectSocket,
  createServer,
  type Server,
  type Socket,
} from "node:net";
import { resetSocket } from "../../src/io/reset.ts";

export class FaultProxy implements AsyncDisposable {
  /** Whether it leads anywhere: else connections are refused at once. */
  isOpen = true;
  /** New connections are cut after so many octets of a direction. */
  afterOctets: { readonly fromTarget?: number; readonly toTarget?: number } = {};
  /** What every connection so far has said to the target. */
  readonly recorded: Buffer[] = [];
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  static async to(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(target: number) {
    this.#server = createServer((client) => {
      if (!this.isOpen) {
        resetSocket(client);
        return;
      }
      const server = connectSocket(target, "127.0.0.1");
      const pair = [client, server] as const;
      this.#pairs.add(pair);
      const index = this.recorded.push(Buffer.alloc(0)) - 1;
      const { fromTarget = Infinity, toTarget = Infinity } = this.afterOctets;
      const forward = (from: Socket, to: Socket, limit: number, record: boolean) => {
        let octets = 0;
        from.on("data", (chunk) => {
          if (record) this.recorded[index] = Buffer.concat([this.recorded[index] as Buffer, chunk]);
          to.write(chunk.subarray(0, Math.max(0, limit - octets)));
          octets += chunk.length;
          if (octets > limit) for (const socket of pair) socket.destroySoon();
        });
        from.on("error", () => {});
        from.on("end", () => to.end());
        from.on("close", () => {
          to.destroy();
          this.#pairs.delete(pair);
        });
      };
      forward(client, server, toTarget, true);
      forward(server, client, fromTarget, false);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // it listens on one
  }

  /** Cuts all connections. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) resetSocket(socket);
  }

  /** Has the connections of now lead nowhere, without a word to either side. */
  swallow(): void {
    for (const pair of this.#pairs) {
      for (const socket of pair) {
        for (const event of ["data", "end", "close"]) socket.removeAllListeners(event);
        socket.resume();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

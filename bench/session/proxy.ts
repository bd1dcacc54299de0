/**
 * A TCP proxy that counts what passes.
 *
 * @module
 */

import { type AddressInfo, connect, createServer } from "node:net";

export interface CountingProxy {
  readonly port: number;
  /** Octets so far, both directions. */
  readonly octets: () => number;
  readonly close: () => void;
}

export function countingProxy(to: number): Promise<CountingProxy> {
  let octets = 0;
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (chunk) => {
        octets += chunk.length;
      });
      from.on("error", () => into.destroy());
      from.pipe(into);
    }
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo; // it is TCP
      resolve({ port, octets: () => octets, close: () => void server.close() });
    });
  });
}

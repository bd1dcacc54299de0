/**
 * Nodes on the addresses of the loopback, on ports that need no privilege: a LAN of one host.
 */

import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { type NetbiosNode, type NetbiosOptions, openNetbios } from "../../src/netbios/index.ts";

/** Shorter than the RFC's: nothing here is further away than this host. */
export const QUICK = {
  broadcastRetryMs: 40,
  unicastRetryMs: 150,
  conflictMs: 100,
};

/** Ports that are free just now, for names, datagrams and sessions. */
export async function freePorts(): Promise<NetbiosOptions> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const [namePort = 0, datagramPort = 0, sessionPort = 0] = ports;
  return { namePort, datagramPort, sessionPort };
}

/** Opens nodes on 127.0.x.y, and closes them with the test. */
export class Loopback implements AsyncDisposable {
  readonly #ports: NetbiosOptions;
  readonly #nodes: NetbiosNode[] = [];
  readonly #network: number;

  private constructor(ports: NetbiosOptions) {
    this.#ports = ports;
    this.#network = 1 + Math.floor(Math.random() * 250);
  }

  static async open(): Promise<Loopback> {
    return new Loopback(await freePorts());
  }

  get ports(): NetbiosOptions {
    return this.#ports;
  }

  address(host: number): string {
    return `127.0.${this.#network}.${host}`;
  }

  async node(host: number, options: NetbiosOptions = {}): Promise<NetbiosNode> {
    const address = this.address(host);
    const node = await openNetbios({ address, timers: QUICK, ...this.#ports, ...options });
    this.#nodes.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node[Symbol.asyncDispose]();
  }
}

/** A port that is free for UDP and TCP. */
async function freePort(): Promise<number> {
  for (;;) {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const { port } = socket.address();
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, () => resolve(true));
    });
    await new Promise<void>((resolve) => socket.close(resolve));
    if (!isFree) continue;
    await new Promise<unknown>((resolve) => server.close(resolve));
    return port;
  }
}

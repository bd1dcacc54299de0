/**
 * Datagrams through a tunnel: one stream for each flow, which ends when it has been silent for a
 * while. A datagram that comes while the link is down waits only as long as few do.
 *
 * @module
 */

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import type { Socket } from "node:net";
import type { SessionStream } from "../io/stream.ts";
import { ProtocolError } from "../pure/errors.ts";
import { decodeDatagram, encodeDatagram } from "../pure/socks/socks5.ts";
import { datagramsOf, sendDatagram } from "./datagrams.ts";
import { CONNECTED, type Opening } from "./opening.ts";
import { cannotListen, localOf, remoteOf } from "./sockets.ts";
import { formatTarget, type Target } from "./spec.ts";

/** Flows at a time: the least recently used one makes room. */
const FLOWS_MAX = 256;
/** How long a flow may be silent, as most NATs have it. */
const IDLE_MS = 60_000;

type Open = (opening: Opening) => Promise<SessionStream>;

/** A local port whose datagrams go to one target. */
export class UdpForward {
  readonly #flows: Flows;
  readonly #target: Target;
  #socket: UdpSocket | undefined;

  constructor(open: Open, target: Target) {
    this.#flows = new Flows(open);
    this.#target = target;
  }

  async listen(bind: Target): Promise<Target> {
    this.#socket = createSocket(bind.host.includes(":") ? "udp6" : "udp4");
    const socket = this.#socket;
    socket.on("message", (octets, { address, port }: RemoteInfo) => {
      this.#flows.send(`${address} ${port}`, this.#target, octets, (answer) => {
        socket.send(answer, port, address);
      });
    });
    return bindSocket(socket, bind);
  }

  close(): void {
    this.#flows.close();
    this.#socket?.close();
  }
}

/** The datagrams of one SOCKS client: RFC 1928, 7. */
export class SocksAssociation {
  readonly #flows: Flows;
  readonly #control: Socket;
  #socket: UdpSocket | undefined;

  constructor(open: Open, control: Socket) {
    this.#flows = new Flows(open);
    this.#control = control;
  }

  /** Where the client is to send its datagrams. */
  async listen(): Promise<Target> {
    const { host } = localOf(this.#control);
    const client = remoteOf(this.#control).host;
    this.#socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const socket = this.#socket;
    socket.on("message", (octets, { address, port }: RemoteInfo) => {
      // "It MUST drop any datagrams arriving from any source IP address other than the one recorded."
      if (address !== client) return;
      try {
        const { octets: payload, ...target } = decodeDatagram(octets);
        this.#flows.send(`${port} ${formatTarget(target)}`, target, payload, (answer) => {
          socket.send(encodeDatagram(target, answer), port, address);
        });
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    });
    return bindSocket(socket, { host, port: 0 });
  }

  close(): void {
    this.#flows.close();
    this.#socket?.close();
  }
}

interface Flow {
  readonly timer: NodeJS.Timeout;
  stream: SessionStream | undefined;
}

class Flows {
  readonly #open: Open;
  readonly #flows = new Map<string, Flow>();

  constructor(open: Open) {
    this.#open = open;
  }

  send(key: string, target: Target, octets: Uint8Array, onAnswer: (o: Uint8Array) => void): void {
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      flow = { timer: setTimeout(() => this.#end(key), IDLE_MS), stream: undefined };
      this.#makeRoom();
      void this.#run(key, flow, target, octets, onAnswer);
    } else if (flow.stream) sendDatagram(flow.stream, octets);
    flow.timer.refresh();
    // The map keeps the order of use: the first is the one to go.
    this.#flows.delete(key);
    this.#flows.set(key, flow);
  }

  close(): void {
    for (const key of [...this.#flows.keys()]) this.#end(key);
  }

  async #run(
    key: string,
    flow: Flow,
    target: Target,
    first: Uint8Array,
    onAnswer: (octets: Uint8Array) => void,
  ): Promise<void> {
    try {
      const stream = await this.#open({ type: "udp", target });
      flow.stream = stream;
      sendDatagram(stream, first);
      const early = (await stream.read())?.subarray(CONNECTED.length);
      for await (const octets of datagramsOf(stream, early)) {
        flow.timer.refresh();
        onAnswer(octets);
      }
    } catch {
      // The far side does not let us, or the session is gone: datagrams are lost, no more.
    } finally {
      this.#end(key);
    }
  }

  #makeRoom(): void {
    if (this.#flows.size < FLOWS_MAX) return;
    const [oldest] = this.#flows.keys();
    if (oldest !== undefined) this.#end(oldest);
  }

  #end(key: string): void {
    const flow = this.#flows.get(key);
    if (flow === undefined) return;
    this.#flows.delete(key);
    clearTimeout(flow.timer);
    flow.stream?.reset();
  }
}

async function bindSocket(socket: UdpSocket, { host, port }: Target): Promise<Target> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("error", (error) => reject(cannotListen({ host, port }, error)));
  socket.bind(port, host, resolve);
  await promise;
  socket.removeAllListeners("error").on("error", () => {});
  const bound = socket.address();
  return { host: bound.address, port: bound.port };
}

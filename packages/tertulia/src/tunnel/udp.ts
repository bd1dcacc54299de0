/**
 * Datagrams through a tunnel: one stream for each flow, which ends when it has been silent for a
 * while. A datagram that comes while the link is down waits only as long as few do.
 *
 * @module
 */

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import type { Socket } from "node:net";
import { cannotListen } from "../io/cannot-listen.ts";
import type { SessionStream } from "../io/stream.ts";
import { ProtocolError } from "../pure/errors.ts";
import { decodeDatagram, encodeDatagram } from "../pure/socks/socks5.ts";
import { datagramsOf, sendDatagram } from "./datagrams.ts";
import { CONNECTED } from "./opening.ts";
import { localOf, remoteOf } from "./sockets.ts";
import { formatTarget, type Target } from "./spec.ts";
import type { Traffic } from "./splice.ts";

/** Flows at a time: the least recently used one makes room. */
const FLOWS_MAX = 256;
/** How long a flow may be silent, as most NATs have it. */
const IDLE_MS = 60_000;

/** What a tunnel opens for a flow, and keeps until it is closed. */
export interface FlowStream {
  readonly stream: SessionStream;
  readonly traffic: Traffic;
  /** The far end has it. */
  opened(): void;
  close(): void;
}

/** Gives nothing when there is no session: a datagram waits for a link, and not for who knows what. */
export type OpenFlow = (target: Target, local: Target) => FlowStream | undefined;

/** A local port whose datagrams go to one target. */
export class UdpForward {
  readonly #flows: Flows;
  readonly #target: Target;
  #socket: UdpSocket | undefined;

  constructor(open: OpenFlow, target: Target) {
    this.#flows = new Flows(open);
    this.#target = target;
  }

  async listen(bind: Target): Promise<Target> {
    this.#socket = createSocket(bind.host.includes(":") ? "udp6" : "udp4");
    const socket = this.#socket;
    socket.on("message", (octets, { address, port }: RemoteInfo) => {
      const from = { host: address, port };
      this.#flows.send(formatTarget(from), this.#target, from, octets, (answer) => {
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

  constructor(open: OpenFlow, control: Socket) {
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
        const from = { host: address, port };
        this.#flows.send(`${port} ${formatTarget(target)}`, target, from, payload, (answer) => {
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
  readonly opened: FlowStream;
}

class Flows {
  readonly #open: OpenFlow;
  readonly #flows = new Map<string, Flow>();

  constructor(open: OpenFlow) {
    this.#open = open;
  }

  /** @param from - Whose datagram it is. */
  send(
    key: string,
    target: Target,
    from: Target,
    octets: Uint8Array,
    onAnswer: (octets: Uint8Array) => void,
  ): void {
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      this.#makeRoom();
      const opened = this.#open(target, from);
      if (opened === undefined) return;
      flow = { timer: setTimeout(() => this.#end(key), IDLE_MS), opened };
      void this.#run(key, flow, onAnswer);
    }
    const { stream, traffic } = flow.opened;
    if (sendDatagram(stream, octets)) traffic.sentOctets += octets.length;
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
    { opened, timer }: Flow,
    onAnswer: (octets: Uint8Array) => void,
  ): Promise<void> {
    const { stream, traffic } = opened;
    try {
      const early = (await stream.read())?.subarray(CONNECTED.length);
      opened.opened();
      for await (const octets of datagramsOf(stream, early)) {
        timer.refresh();
        traffic.receivedOctets += octets.length;
        onAnswer(octets);
      }
    } catch {
      // The far side does not let us, or the session is gone: datagrams are lost, no more.
    } finally {
      // There may be another one of this name by now.
      if (this.#flows.get(key)?.opened === opened) this.#end(key);
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
    flow.opened.close();
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

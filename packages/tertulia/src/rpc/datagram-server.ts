/**
 * RPC over UDP, the server's side: a datagram is a call, and its reply another.
 *
 * @module
 */

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { cannotListen } from "../io/cannot-listen.ts";
import { SessionError } from "../pure/errors.ts";
import { XDR_LIMITS, type XdrLimits } from "../pure/oncrpc/limits.ts";
import { AUTH_NONE, encodeReply } from "../pure/oncrpc/message.ts";
import type { Caller, PeerAddress } from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import { isLocal } from "./client.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Origin } from "./job.ts";
import type { ReplyTarget } from "./reply.ts";

/** The most that an IPv4 datagram carries, RFC 768 and 791: 65,535 less 20 and 8. */
export const DATAGRAM_MAX = 65_507;

export interface DatagramServerOptions {
  readonly xdr?: Partial<XdrLimits> | undefined;
  /** Handlers that run at a time; calls beyond are dropped, and their clients repeat. Default 256. */
  readonly concurrentMax?: number | undefined;
  readonly isTlsRequired: boolean;
  /** Asked before a call is looked at; false drops it. */
  readonly accepts?: (address: string) => boolean;
}

const noWayBack: Caller = {
  call() {
    throw new SessionError("ERR_STATE", "there is no way back over UDP");
  },
};

export class DatagramServer {
  readonly #dispatcher: Dispatcher;
  readonly #options: DatagramServerOptions;
  readonly #concurrentMax: number;
  readonly #abort = new AbortController();
  readonly #writer = new XdrWriter(new Uint8Array(DATAGRAM_MAX));
  #socket: Socket | undefined;
  #running = 0;

  constructor(dispatcher: Dispatcher, options: DatagramServerOptions) {
    this.#dispatcher = dispatcher;
    this.#options = options;
    this.#concurrentMax = options.concurrentMax ?? 256;
  }

  async bind(options: {
    port?: number;
    host?: string;
  }): Promise<{ address: string; port: number }> {
    const { port = 0, host = "127.0.0.1" } = options;
    const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (cause) => reject(cannotListen({ host, port }, cause)));
      socket.bind(port, host, resolve);
    });
    socket.removeAllListeners("error");
    // An ICMP answer to a reply of ours; the next datagram has nothing to do with it.
    socket.on("error", () => {});
    socket.on("message", (octets, from) => this.#receive(octets, from));
    this.#socket = socket;
    return socket.address();
  }

  /** Drops what comes from now on. */
  stopReading(): void {
    this.#socket?.removeAllListeners("message");
  }

  close(): void {
    this.#abort.abort(new SessionError("ERR_CLOSED", "the server has stopped"));
    this.#socket?.close();
    this.#socket = undefined;
  }

  #receive(octets: Uint8Array, from: RemoteInfo): void {
    if (this.#running >= this.#concurrentMax) return;
    if (this.#options.accepts?.(from.address) === false) return;
    const reader = new XdrReader(octets, { ...XDR_LIMITS, ...this.#options.xdr });
    const call = new DatagramCall(this, from, this.#abort.signal, this.#options.isTlsRequired);
    try {
      const xid = reader.uint();
      call.xid = xid;
      if (reader.uint() !== 0) return;
      this.#dispatcher.handle(reader, xid, call, call);
      this.#running += call.running;
    } catch {
      // Not a call. An answer to what may be anything, from who may be anyone, helps an attacker only.
    }
  }

  settled(): void {
    this.#running -= 1;
  }

  get writer(): XdrWriter {
    return this.#writer;
  }

  send(xid: number, to: RemoteInfo): void {
    const writer = this.#writer;
    if (writer.at - writer.start > DATAGRAM_MAX) {
      // Larger than any datagram; the caller has to ask over TCP.
      writer.rewind(writer.start);
      encodeReply(writer, xid, { type: "SYSTEM_ERR", verifier: AUTH_NONE });
    }
    const octets = writer.octets.slice(writer.start, writer.at);
    this.#socket?.send(octets, to.port, to.address);
  }
}

class DatagramCall implements Origin, ReplyTarget {
  readonly peer: PeerAddress;
  readonly signal: AbortSignal;
  readonly back: Caller = noWayBack;
  readonly isTlsRequired: boolean;
  running = 0;
  duplicates: Origin["duplicates"];
  xid = 0;
  readonly #server: DatagramServer;
  readonly #from: RemoteInfo;

  constructor(
    server: DatagramServer,
    from: RemoteInfo,
    signal: AbortSignal,
    isTlsRequired: boolean,
  ) {
    this.#server = server;
    this.#from = from;
    this.signal = signal;
    this.isTlsRequired = isTlsRequired;
    const { address, port } = from;
    this.peer = { transport: "udp", address, port, isLocal: isLocal(address), local: "" };
  }

  settled(): void {
    this.#server.settled();
  }

  begin(): XdrWriter {
    const { writer } = this.#server;
    writer.rewind(writer.start);
    return writer;
  }

  commit(): void {
    this.#server.send(this.xid, this.#from);
  }

  cancel(): void {
    const { writer } = this.#server;
    writer.rewind(writer.start);
  }
}

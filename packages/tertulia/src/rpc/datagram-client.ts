/**
 * The client of an RPC server over UDP: calls are repeated, with the same xid, until they are answered.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { SessionError } from "../pure/errors.ts";
import type { Caller, CallOptions, Procedure, ProgramVersion } from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import { CallChannel, type CallChannelOptions, type CallStream } from "./call-channel.ts";
import { DATAGRAM_MAX } from "./datagram-server.ts";

/** Where the server is, and how often a call is repeated. Only the port must be given. */
export interface DatagramClientOptions extends CallChannelOptions {
  /** Default 127.0.0.1. Replies are taken from this address and port only. */
  readonly host?: string;
  /** The server's UDP port. */
  readonly port: number;
  /**
   * How long to wait before a call is repeated (the first time up to twice as long, because all calls
   * share one timer), and the longest wait; in between it doubles. Default 500 ms and 30 s. The server may execute every one, unless it keeps a cache.
   */
  readonly repeatMs?: number;
  /** The longest wait between two repetitions. Default 30 s. */
  readonly repeatMaxMs?: number;
}

/** Opens a socket to an RPC server over UDP. Nothing is sent yet: nobody may be there. */
export async function connectUdp(options: DatagramClientOptions): Promise<DatagramClient> {
  const { host = "127.0.0.1", port } = options;
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", (cause) =>
      reject(new SessionError("ERR_CLOSED", `cannot connect: ${cause.message}`, { cause })),
    );
    // A connected socket has the kernel drop what comes from others.
    socket.connect(port, host, resolve);
  });
  socket.removeAllListeners("error");
  return new DatagramClient(socket, options);
}

/**
 * The client of a server over UDP; made by {@link connectUdp}. Repeats calls until they are
 * answered.
 */
export class DatagramClient implements Caller, CallStream {
  readonly #socket: Socket;
  readonly #channel: CallChannel;
  readonly #repeatMs: number;
  readonly #repeatMaxMs: number;
  readonly #writer = new XdrWriter(new Uint8Array(DATAGRAM_MAX));
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** Use {@link connectUdp}. */
  constructor(socket: Socket, options: DatagramClientOptions) {
    this.#socket = socket;
    this.#repeatMs = options.repeatMs ?? 500;
    this.#repeatMaxMs = options.repeatMaxMs ?? 30_000;
    this.#channel = new CallChannel(options);
    this.#channel.attach(this);
    socket.on("message", (octets) => this.#receive(octets));
    // "Connection refused" from an earlier datagram: the server may be about to start.
    socket.on("error", () => {});
  }

  async call<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
    options?: CallOptions,
  ): Promise<Result> {
    const result = this.#channel.call(program, procedure, argument, options);
    const now = performance.now();
    if (this.#timerAt > now + this.#repeatMs) this.#repeatAt(now + this.#repeatMs, now);
    return await result;
  }

  /** Sends a call that will not be answered, RFC 5531 8.4.1; over UDP nobody will know that it came. */
  send<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
  ): void {
    this.#channel.send(program, procedure, argument);
  }

  get writableLength(): number {
    return 0;
  }

  begin(): XdrWriter {
    return this.#writer;
  }

  commit(): void {
    const writer = this.#writer;
    const octets = writer.finish();
    writer.rewind(writer.start);
    // The kernel says EMSGSIZE to what no datagram holds; the call then ends at its deadline, so say it here.
    if (octets.length > DATAGRAM_MAX) {
      throw new SessionError("ERR_LIMIT", `${octets.length} octets do not fit a datagram`);
    }
    this.#socket.send(octets);
  }

  cancel(): void {
    this.#writer.rewind(this.#writer.start);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#channel.close(new SessionError("ERR_CLOSED", "the client was closed"));
    await new Promise<void>((resolve) => {
      try {
        this.#socket.close(resolve);
      } catch {
        // It was closed already.
        resolve();
      }
    });
  }

  #receive(octets: Uint8Array): void {
    const reader = new XdrReader(octets);
    try {
      const xid = reader.uint();
      if (reader.uint() === 1) this.#channel.reply(reader, xid);
    } catch {
      // Not a message: on a datagram there is nothing else to do.
    }
  }

  /** One timer for all calls; a call that is met for the first time when it runs waits once more. */
  #repeatAt(at: number, now: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#repeat(), Math.max(at - now, 1));
  }

  #repeat(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const call of [...this.#channel.table.values()]) {
      if (call.repeatAt <= now) {
        call.repeatMs = Math.min(call.repeatMs * 2, this.#repeatMaxMs);
        call.repeatAt = now + call.repeatMs;
        this.#channel.write(this, call);
      } else if (call.repeatMs === 0) {
        call.repeatMs = this.#repeatMs;
        call.repeatAt = now + this.#repeatMs;
      }
      next = Math.min(next, call.repeatAt);
    }
    if (this.#channel.table.size > 0) this.#repeatAt(next, now);
  }
}

/**
 * The client of an RPC server over TCP, TLS or a Unix socket: any number of calls in flight, and a new
 * connection when the old one breaks.
 *
 * @module
 */

import { connect as connectSocket, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type BusyPoll, busyPoll } from "../io/busy-poll.ts";
import { SessionError } from "../pure/errors.ts";
import type {
  Caller,
  CallOptions,
  PeerAddress,
  Procedure,
  ProgramVersion,
  ServedProgram,
  Signal,
} from "../pure/oncrpc/program.ts";
import type { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { CallChannel, type CallChannelOptions } from "./call-channel.ts";
import { deadline } from "./deadline.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import type { Origin } from "./job.ts";
import { RecordStream, SocketFeed, type StreamOptions, type StreamUser } from "./record-stream.ts";
import { type ClientTls, startClientTls } from "./tls.ts";

/** Where the server is, and how it is called. All optional. */
export interface ClientOptions extends CallChannelOptions, StreamOptions {
  /** Host and port of the server, or the path of its Unix socket. Default host 127.0.0.1. */
  readonly host?: string;
  /** The server's TCP port. Must be given unless there is a `path`. */
  readonly port?: number;
  /** The server's Unix socket, instead of host and port. */
  readonly path?: string;
  /** The port to call from; some servers trust those below 1024. */
  readonly localPort?: number;
  /** How long making a connection may take. Default 10 s. */
  readonly connectMs?: number;
  /**
   * What becomes of calls that were sent and not answered when the connection breaks. `idempotent`
   * (default): those of idempotent procedures are sent again, with the same xid. `all`: every one is;
   * safe where the server keeps a duplicate request cache, as ours does. `none`: all are rejected.
   */
  readonly retry?: "idempotent" | "all" | "none";
  /** Waits between attempts to connect again: first and longest. Default 50 ms and 5 s; false: never. */
  readonly reconnect?: false | { readonly firstMs?: number; readonly longestMs?: number };
  /** Secures the connection by RFC 9289. Default: calls go in the clear. */
  readonly tls?: ClientTls & { readonly program: ProgramVersion };
  /** Programs that the server may call back over this connection. */
  readonly serve?: readonly ServedProgram[];
  /** How calls back are judged and answered. */
  readonly serveOptions?: DispatcherOptions;
  /** Stops the first attempt to connect. */
  readonly signal?: Signal;
}

/**
 * Connects to an RPC server.
 *
 * @throws {SessionError} `ERR_CLOSED` when nobody answers there, `ERR_TIMEOUT`, `ERR_REFUSED` when TLS
 *   is required and not to be had.
 *
 * @example
 * await using client = await connect({ host: "files.example.org", port: 2049 });
 * const nfs = new NfsProgramV3Client(client);
 * await nfs.null();
 */
export async function connect(options: ClientOptions): Promise<RpcClient> {
  const client = new RpcClient(options);
  try {
    await client.open(options.signal);
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
  return client;
}

/**
 * The client of a server over TCP, TLS or a Unix socket; made by {@link connect}. Connects again
 * when the connection breaks.
 */
export class RpcClient implements Caller, StreamUser {
  readonly #options: ClientOptions;
  readonly #channel: CallChannel;
  readonly #poll: BusyPoll | undefined;
  readonly #dispatcher: Dispatcher | undefined;
  #origin: Origin | undefined;
  #stream: RecordStream | undefined;
  #lost = new AbortController();
  #opening: Promise<void> | undefined;
  /** Stops the attempt to connect that is under way. */
  #attempt: AbortController | undefined;
  #waiting: NodeJS.Timeout | undefined;
  /** Attempts since the server last said something: one that closes at once is not asked without a pause. */
  #attempts = 0;
  #isClosed = false;

  /** Use {@link connect}. */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#channel = new CallChannel(options);
    this.#poll = busyPoll(options.pollMs);
    this.#channel.onWanted = () => this.#reopen();
    if (options.serve !== undefined) {
      this.#dispatcher = new Dispatcher(options.serve, {
        // The server at the other end is one, and its calls are numbered by one process.
        duplicates: false,
        ...options.serveOptions,
      });
    }
  }

  /** Calls without a reply. */
  get inFlight(): number {
    return this.#channel.table.size;
  }

  /** Whether there is a connection now. */
  get isConnected(): boolean {
    return this.#stream !== undefined;
  }

  call<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
    options?: CallOptions,
  ): Promise<Result> {
    return this.#channel.call(program, procedure, argument, options);
  }

  /** Sends a call that will not be answered: batching, RFC 5531 8.4.1. */
  send<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
  ): void {
    this.#channel.send(program, procedure, argument);
  }

  /** Ends the connection when all calls in flight are answered or have timed out. */
  async close(): Promise<void> {
    while (this.#channel.table.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await this[Symbol.asyncDispose]();
  }

  /** Ends the connection now; calls in flight are rejected with `CallLost`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#waiting);
    this.#channel.close(new SessionError("ERR_CLOSED", "the client was closed"));
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.destroy();
    this.#attempt?.abort(new SessionError("ERR_CLOSED", "the client was closed"));
    this.#lost.abort();
  }

  /** Connects; for {@link connect}. */
  async open(signal?: Signal): Promise<void> {
    if (signal?.aborted) throw signal.reason;
    const options = this.#options;
    // TLS reads from the socket itself.
    const feed = options.tls === undefined ? new SocketFeed() : undefined;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const onAbort = (): void => attempt.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    let socket: Socket;
    try {
      socket = await open(options, feed, attempt.signal);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    if (attempt.signal.aborted) {
      socket.destroy();
      throw attempt.signal.reason;
    }
    const stream = new RecordStream(socket, this, options, this.#poll, feed);
    this.#stream = stream;
    this.#lost = new AbortController();
    this.#origin = undefined;
    if (this.#dispatcher !== undefined) {
      this.#origin = {
        peer: addressOf(socket, options),
        signal: this.#lost.signal,
        back: this,
        running: 0,
        settled: () => stream.resume(),
        duplicates: undefined,
        isTlsRequired: false,
      };
    }
    this.#channel.attach(stream);
  }

  /** Takes a record from the stream. */
  record(reader: XdrReader): boolean {
    this.#attempts = 0;
    const xid = reader.uint();
    if (reader.uint() === 1) {
      this.#channel.reply(reader, xid);
      return true;
    }
    const [stream, origin] = [this.#stream, this.#origin];
    if (stream === undefined || origin === undefined) return true;
    this.#dispatcher?.handle(reader, xid, origin, stream);
    return origin.running < 256;
  }

  /** Takes the end of the stream. */
  ended(error: SessionError | undefined): void {
    this.#stream = undefined;
    this.#lost.abort();
    if (this.#isClosed) return;
    const { retry = "idempotent", reconnect } = this.#options;
    if (reconnect === false) {
      this.#isClosed = true;
      this.#channel.close(error ?? new SessionError("ERR_CLOSED", "the server closed"));
      return;
    }
    this.#channel.detach(
      ({ procedure }) => retry === "all" || (retry === "idempotent" && procedure.isIdempotent),
      error,
    );
    if (this.#channel.table.size > 0) this.#reopen();
  }

  /** Connects again, now or after a while that grows; the calls' own deadlines end the waiting. */
  #reopen(): void {
    if (this.#isClosed || this.#opening !== undefined || this.#waiting !== undefined) return;
    const { firstMs = 50, longestMs = 5000 } = this.#options.reconnect || {};
    // The first attempt is made at once; then between half and all of the wait, so that clients scatter.
    const whole = Math.min(firstMs * 2 ** (this.#attempts - 1), longestMs);
    const waitMs = this.#attempts === 0 ? 0 : whole * (0.5 + Math.random() / 2);
    this.#attempts += 1;
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      this.#opening = this.open()
        .catch(() => {})
        .finally(() => {
          this.#opening = undefined;
          if (this.#stream === undefined && this.#channel.table.size > 0) this.#reopen();
        });
    }, waitMs);
  }
}

async function open(
  options: ClientOptions,
  feed: SocketFeed | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const { host = "127.0.0.1", port, path, localPort, connectMs = 10_000, tls } = options;
  if (path === undefined && port === undefined) {
    throw new SessionError("ERR_ARGUMENT", "neither a port nor a path to connect to");
  }
  const socket =
    path !== undefined
      ? connectSocket({ path, ...(feed && { onread: feed.onread }) })
      : connectSocket({
          ...(feed && { onread: feed.onread }),
          host,
          port: port ?? 0,
          noDelay: true,
          ...(localPort !== undefined && { localPort }),
        });
  await new Promise<void>((resolve, reject) => {
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.off("connect", onConnect).off("error", onError);
      action();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        socket.on("error", () => {});
        socket.destroy();
        reject(error);
      });
    const onConnect = (): void => settle(resolve);
    const onError = (cause: Error): void =>
      fail(new SessionError("ERR_CLOSED", `cannot connect: ${cause.message}`, { cause }));
    const onAbort = (): void => fail(signal.reason);
    const timer = deadline(connectMs, () =>
      fail(new SessionError("ERR_TIMEOUT", `no connection after ${connectMs} ms`)),
    );
    socket.on("connect", onConnect).on("error", onError);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  if (tls === undefined) return socket;
  const onAbort = (): unknown => socket.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await startClientTls(socket, host, tls.program, tls);
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function addressOf(socket: Socket, { path }: ClientOptions): PeerAddress {
  const address = path ?? socket.remoteAddress ?? "";
  const transport = path !== undefined ? "unix" : socket instanceof TLSSocket ? "tls" : "tcp";
  return {
    transport,
    address,
    port: socket.remotePort ?? 0,
    isLocal: path !== undefined || isLocal(address),
    local: socket.localAddress ?? "",
  };
}

/** Whether an address is of this machine's loopback. */
export function isLocal(address: string): boolean {
  return /^(127\.|::1$|::ffff:127\.)/.test(address);
}

/**
 * A server of RPC programs, on as many TCP, UDP and Unix sockets as it is told to listen on.
 *
 * @module
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type BusyPoll, busyPoll } from "../io/busy-poll.ts";
import { cannotListen } from "../io/cannot-listen.ts";
import { SessionError } from "../pure/errors.ts";
import type { Caller, PeerAddress, ServedProgram } from "../pure/oncrpc/program.ts";
import type { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { CallChannel, type CallChannelOptions } from "./call-channel.ts";
import { isLocal } from "./client.ts";
import { DatagramServer } from "./datagram-server.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import type { Origin } from "./job.ts";
import { RecordStream, type StreamOptions, type StreamUser } from "./record-stream.ts";
import { type ServerTls, TlsAcceptor } from "./tls.ts";
import { Unfinished } from "./unfinished.ts";

/** What a server serves, and how much of it at a time. All optional. */
export interface ServerOptions extends DispatcherOptions, StreamOptions {
  /** What to serve from the start. Default: nothing. */
  readonly programs?: readonly ServedProgram[];
  /** Handlers of one connection that run at a time; further calls wait unread. Default 256. */
  readonly concurrentMax?: number;
  /** Connections at a time; further ones are closed at once. Default 20,000. */
  readonly connectionsMax?: number;
  /**
   * Octets of replies that a client has not read; until it does, its calls wait unread. Default 1 MiB.
   */
  readonly outgoingMax?: number;
  /**
   * Octets of records that have not come whole, over all connections. Beyond, the connections whose record
   * began first are ended. Less than `recordMax` bounds records, too. Default 256 MiB: 64 of the longest.
   */
  readonly unfinishedMax?: number;
  /** A connection without a call for this long is closed. Default 6 minutes, as Linux's server has it. */
  readonly idleMs?: number;
  /** Offers or demands TLS on TCP, RFC 9289. */
  readonly tls?: ServerTls;
  /** How calls back to a client are made. */
  readonly back?: CallChannelOptions;
}

/** Where a server can be found. */
export interface Listening {
  readonly transport: "tcp" | "udp" | "unix";
  readonly address: string;
  readonly port: number;
}

/** A server of RPC programs, on as many TCP, UDP and Unix sockets as it is told to listen on. */
export class RpcServer {
  readonly dispatcher: Dispatcher;
  readonly #options: ServerOptions;
  readonly #tls: TlsAcceptor | undefined;
  readonly #poll: BusyPoll | undefined;
  readonly #unfinished: Unfinished;
  readonly #listeners = new Set<Server>();
  readonly #datagrams = new Set<DatagramServer>();
  readonly #connections = new Set<Connection>();
  readonly #idleTimer: NodeJS.Timeout;
  readonly #listening: Listening[] = [];
  #isStopping = false;

  constructor(options: ServerOptions = {}) {
    this.#options = options;
    this.dispatcher = new Dispatcher(options.programs ?? [], options);
    if (options.tls !== undefined) this.#tls = new TlsAcceptor(options.tls);
    this.#poll = busyPoll(options.pollMs);
    this.#unfinished = new Unfinished(options.unfinishedMax ?? 256 * 1024 * 1024);
    const { idleMs = 360_000 } = options;
    this.#idleTimer = setInterval(
      () => {
        for (const connection of this.#connections) connection.closeIfIdle();
      },
      Math.min(idleMs / 2, 0x7fff_ffff),
    ).unref();
  }

  /** Where it listens, in the order it was told to. */
  get listening(): readonly Listening[] {
    return this.#listening;
  }

  /** Connections now. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Listens on TCP.
   *
   * @param options.port - Default 0: any free one.
   * @param options.host - Default 127.0.0.1: to be reached from elsewhere is a decision.
   */
  listen(options: { port?: number; host?: string; backlog?: number } = {}): Promise<Listening> {
    const { port = 0, host = "127.0.0.1", backlog = 511 } = options;
    return this.#listen({ port, host, backlog }, "tcp");
  }

  /** Listens on a Unix socket. */
  listenUnix(path: string): Promise<Listening> {
    return this.#listen({ path }, "unix");
  }

  /** Listens on UDP; options as for {@link listen}. A reply has to fit a datagram, else `SYSTEM_ERR`. */
  async listenUdp(options: { port?: number; host?: string } = {}): Promise<Listening> {
    if (this.#isStopping) throw new SessionError("ERR_STATE", "the server has stopped");
    const server = new DatagramServer(this.dispatcher, {
      xdr: this.#options.xdr,
      concurrentMax: this.#options.concurrentMax,
      isTlsRequired: this.#options.tls?.isRequired === true,
    });
    const { port, address } = await server.bind(options);
    this.#datagrams.add(server);
    return this.#listensAt({ transport: "udp", address, port });
  }

  /**
   * Stops in good order: no new connections or calls, running handlers finish and their replies go
   * out, at most for `graceMs` (default 10 s).
   */
  async stop(graceMs = 10_000): Promise<void> {
    this.#isStopping = true;
    for (const listener of this.#listeners) listener.close();
    for (const connection of this.#connections) connection.stopReading();
    for (const server of this.#datagrams) server.stopReading();
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.dispatcher.idle(), grace]);
    const closed = [...this.#connections].map((connection) => connection.finish());
    await Promise.race([Promise.all(closed), grace]);
    clearTimeout(timer);
    await this[Symbol.asyncDispose]();
  }

  /** Stops at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#idleTimer);
    for (const connection of this.#connections) connection.destroy();
    for (const server of this.#datagrams) server.close();
    await Promise.all(
      [...this.#listeners].map(
        (listener) => new Promise<void>((resolve) => listener.close(() => resolve())),
      ),
    );
    this.#listeners.clear();
    this.#datagrams.clear();
    this.#listening.length = 0;
  }

  async #listen(
    where: { port: number; host: string; backlog: number } | { path: string },
    transport: "tcp" | "unix",
  ): Promise<Listening> {
    if (this.#isStopping) throw new SessionError("ERR_STATE", "the server has stopped");
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#accept(socket, transport);
    });
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: Error): void =>
        reject(cannotListen("path" in where ? where.path : where, cause));
      listener.once("error", onError);
      listener.listen(where, () => {
        listener.off("error", onError);
        resolve();
      });
    });
    // Out of descriptors, say: the connection is lost, the server is not.
    listener.on("error", () => {});
    this.#listeners.add(listener);
    if ("path" in where) return this.#listensAt({ transport, address: where.path, port: 0 });
    // A TCP listener has an address of this form.
    const { address, port } = listener.address() as AddressInfo;
    return this.#listensAt({ transport, address, port });
  }

  #listensAt(place: Listening): Listening {
    this.#listening.push(place);
    return place;
  }

  #accept(socket: Socket, transport: "tcp" | "unix"): void {
    const { connectionsMax = 20_000 } = this.#options;
    // One that was reset already has no address, and what it sent can still be read: whom would it be from?
    const isNobody = transport === "tcp" && socket.remoteAddress === undefined;
    if (this.#isStopping || isNobody || this.#connections.size >= connectionsMax) {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    const { dispatcher } = this;
    const gone = (): void => {
      this.#connections.delete(connection);
    };
    const common = {
      dispatcher,
      options: this.#options,
      tls: this.#tls,
      poll: this.#poll,
      unfinished: this.#unfinished,
    };
    const connection = new Connection(socket, transport, common, gone);
    this.#connections.add(connection);
  }
}

/** What the connections of a server have in common. */
interface Common {
  readonly dispatcher: Dispatcher;
  readonly options: ServerOptions;
  readonly tls: TlsAcceptor | undefined;
  readonly poll: BusyPoll | undefined;
  readonly unfinished: Unfinished;
}

/** One client on a stream. */
class Connection implements StreamUser, Origin {
  readonly isTlsRequired: boolean;
  running = 0;
  duplicates: Origin["duplicates"];
  startTls?(): void;
  #peer: PeerAddress;
  readonly #dispatcher: Dispatcher;
  readonly #options: ServerOptions;
  readonly #common: Common;
  readonly #concurrentMax: number;
  readonly #outgoingMax: number;
  readonly #onGone: () => void;
  #socket: Socket;
  #stream: RecordStream;
  #abort: AbortController | undefined;
  #back: CallChannel | undefined;
  #isBusy = false;
  #calls = 0;
  #callsSeen = 0;
  #isHalfEnded = false;
  #isStopped = false;
  #isDraining = false;
  #isGone = false;

  constructor(socket: Socket, transport: "tcp" | "unix", common: Common, onGone: () => void) {
    const { dispatcher, options, tls } = common;
    this.#common = common;
    this.#dispatcher = dispatcher;
    this.#options = options;
    this.#concurrentMax = options.concurrentMax ?? 256;
    this.#outgoingMax = options.outgoingMax ?? 1024 * 1024;
    this.#onGone = onGone;
    this.#socket = socket;
    this.isTlsRequired = options.tls?.isRequired === true;
    const address = socket.remoteAddress ?? "unix";
    this.#peer = {
      transport,
      address,
      port: socket.remotePort ?? 0,
      isLocal: transport === "unix" || isLocal(address),
      local: socket.localAddress ?? "",
    };
    if (tls !== undefined && transport === "tcp") this.startTls = () => this.#startTls(tls);
    this.#stream = this.#streamOf(socket);
  }

  get peer(): PeerAddress {
    return this.#peer;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isGone) this.#abort.abort();
    return this.#abort.signal;
  }

  get back(): Caller {
    if (this.#back === undefined) {
      this.#back = new CallChannel(this.#options.back);
      if (this.#isGone) this.#back.close(new SessionError("ERR_CLOSED", "the client is gone"));
      else this.#back.attach(this.#stream);
    }
    return this.#back;
  }

  record(reader: XdrReader): boolean {
    if (this.#isStopped) return false;
    this.#calls += 1;
    const xid = reader.uint();
    const type = reader.uint();
    if (type === 1) {
      this.#back?.reply(reader, xid);
      return true;
    }
    if (type !== 0) throw new SessionError("ERR_PROTOCOL", `message type ${type} (RFC 5531 9)`);
    this.#dispatcher.handle(reader, xid, this, this.#stream);
    if (this.running >= this.#concurrentMax) {
      this.#isBusy = true;
      return false;
    }
    if (this.#stream.writableLength > this.#outgoingMax) {
      this.#waitForReader();
      return false;
    }
    return true;
  }

  settled(): void {
    if (this.#isBusy && this.running < this.#concurrentMax) {
      this.#isBusy = false;
      // In a turn of its own: reading on may run handlers that end at once, and this would recurse.
      queueMicrotask(() => this.#stream.resume());
    }
    if (this.#isHalfEnded && this.running === 0) this.#stream.end();
  }

  halfEnded(): void {
    this.#isHalfEnded = true;
    if (this.running === 0) this.#stream.end();
  }

  ended(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onGone();
    this.#abort?.abort(new SessionError("ERR_CLOSED", "the client is gone"));
    this.#back?.close(new SessionError("ERR_CLOSED", "the client is gone"));
  }

  closeIfIdle(): void {
    const isIdle = this.#calls === this.#callsSeen && this.running === 0;
    this.#callsSeen = this.#calls;
    if (isIdle) this.destroy();
  }

  stopReading(): void {
    this.#isStopped = true;
  }

  /** Resolves when what was written is out and the connection has ended. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.flush();
      this.#socket.end(() => {
        this.destroy();
        resolve();
      });
    });
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #streamOf(socket: Socket): RecordStream {
    const { options, poll, unfinished } = this.#common;
    return new RecordStream(socket, this, options, poll, undefined, unfinished);
  }

  #waitForReader(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#stream.flush();
    this.#stream.onceDrained(() => {
      this.#isDraining = false;
      this.#stream.resume();
    });
  }

  #startTls(tls: TlsAcceptor): void {
    // RFC 9289 4.1: the reply to the probe is the last message in the clear, of either side.
    if (!this.#stream.detach()) {
      this.destroy();
      return;
    }
    // Calls back that are not answered yet: their replies would be in the clear.
    this.#back?.detach(() => false);
    tls.accept(this.#socket).then(
      (secured) => {
        this.#peer = { ...this.#peer, transport: "tls" };
        this.#socket = secured;
        this.#stream = this.#streamOf(secured);
        this.#back?.attach(this.#stream);
        // It may have ended while nobody listened.
        if (secured.destroyed) this.ended();
      },
      () => this.destroy(),
    );
  }
}

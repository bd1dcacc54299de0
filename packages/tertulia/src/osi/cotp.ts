/**
 * Transport connections of OSI over TCP: RFC 1006 and RFC 2126, class 0. Clients and servers.
 *
 * @module
 */

import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import type { TransportConnection, TransportUser } from "../dialogue/transport.ts";
import { cannotListen } from "../io/cannot-listen.ts";
import { SessionError } from "../pure/errors.ts";
import {
  type TransportEvent,
  TransportMachine,
  type TransportOptions,
} from "../pure/tpkt/machine.ts";

/** The port of RFC 1006. */
export const OSI_PORT = 102;

/** What clients and servers of transport connections have in common. All optional. */
export interface CotpOptions extends TransportOptions {
  /** Ends the waiting for the connection; not the connection. */
  readonly signal?: AbortSignal;
  /** How long to wait for the connection, in milliseconds. Default 30 s. */
  readonly timeoutMs?: number;
  /** Octets that may wait to be sent before `room` is a promise. Default 256 KiB. */
  readonly sendOctetsMax?: number;
}

/** Where a transport connection is made to, and what it asks for. All optional. */
export interface CotpClientOptions extends CotpOptions {
  /** Whether to ask for transport expedited data: for the functional unit expedited. Default false. */
  readonly expedited?: boolean;
  /** Where to. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default 102. */
  readonly port?: number;
}

/** Where transport connections are taken, and how many. All optional. */
export interface CotpServerOptions extends CotpOptions {
  /** The address to listen at. Default: all of this machine. */
  readonly host?: string;
  /** Default 102; 0 for any. */
  readonly port?: number;
  /** The most connections at a time; more are refused. Default 1024. */
  readonly connectionsMax?: number;
}

/** A transport connection, with what both sides said when it was made. */
export interface CotpConnection extends TransportConnection {
  readonly callingSelector: Uint8Array | undefined;
  readonly calledSelector: Uint8Array | undefined;
  /** The TPDU size agreed on. */
  readonly tpduOctets: number;
  readonly remoteAddress: string | undefined;
}

/**
 * Opens a transport connection.
 *
 * @throws {SessionError} `ERR_REFUSED` when the peer says no, `ERR_TIMEOUT`, `ERR_CLOSED` when the
 *   network does; the reason of `signal`.
 *
 * @example
 * const transport = await connectCotp({ host: "192.0.2.1", remoteSelector: Uint8Array.of(0, 1) });
 */
export async function connectCotp(options: CotpClientOptions = {}): Promise<CotpConnection> {
  const { host = "127.0.0.1", port = OSI_PORT } = options;
  const socket = connectTcp({ host, port, noDelay: true });
  // X.225 7: the expedited flow is asked for only by who needs it.
  const machine = new TransportMachine({ expedited: false, ...options });
  const connection = new SocketConnection(socket, machine, true, options);
  await connection.ready(options);
  return connection;
}

/** A server of transport connections. */
export interface CotpServer extends AsyncDisposable {
  readonly port: number;
  /** Stops listening. Connections go on; `drop` ends those as well. */
  close(options?: { readonly drop?: boolean }): Promise<void>;
}

/**
 * Serves transport connections.
 *
 * @param accept - Told of each connection that is made. What it throws or rejects with ends that
 *   connection, and goes to `onError`.
 * @throws {SessionError} `ERR_CLOSED` when the port cannot be listened at.
 */
export async function listenCotp(
  options: CotpServerOptions,
  accept: (connection: CotpConnection) => unknown,
  onError: (error: unknown) => void = () => {},
): Promise<CotpServer> {
  const { host, port = OSI_PORT, connectionsMax = 1024 } = options;
  const sockets = new Set<Socket>();
  let reference = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    reference = (reference % 0xffff) + 1;
    const machine = new TransportMachine({ reference, ...options });
    const connection = new SocketConnection(socket, machine, false, options);
    connection
      .ready(options)
      .then(() => accept(connection))
      .catch((error: unknown) => {
        connection.disconnect();
        onError(error);
      });
  });
  server.maxConnections = connectionsMax;
  await listening(server, host, port);
  const close = ({ drop = false }: { readonly drop?: boolean } = {}) =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      if (drop) for (const socket of sockets) socket.destroy();
    });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    close,
    [Symbol.asyncDispose]: () => close({ drop: true }),
  };
}

function listening(server: Server, host: string | undefined, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(cannotListen({ host, port }, cause));
    server.once("error", fail);
    server.listen(port, host, () => {
      server.removeListener("error", fail);
      resolve();
    });
  });
}

class SocketConnection implements CotpConnection {
  readonly isInitiator: boolean;
  readonly #socket: Socket;
  readonly #machine: TransportMachine;
  readonly #sendOctetsMax: number;
  readonly #early: TransportEvent[] = [];
  #user: TransportUser | undefined;
  #made: (TransportEvent & { type: "TCONind" | "TCONcnf" }) | undefined;
  #error: SessionError | undefined;
  #isEnded = false;
  #isPaused = false;
  #isScheduled = false;
  #room: Promise<void> | undefined;
  #hasRoom: (() => void) | undefined;
  #settled: ((error: unknown) => void) | undefined;

  constructor(
    socket: Socket,
    machine: TransportMachine,
    isInitiator: boolean,
    { sendOctetsMax = 262_144 }: CotpOptions,
  ) {
    this.#socket = socket;
    this.#machine = machine;
    this.isInitiator = isInitiator;
    this.#sendOctetsMax = sendOctetsMax;
    socket.on("data", (chunk) => {
      // Views of it go to users, who are to see octets and not Node's Buffer.
      this.#machine.receive(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      this.#flush();
    });
    socket.on("drain", () => this.#giveRoom());
    socket.on("end", () => this.#finish());
    socket.on("error", (cause) => {
      this.#error ??= new SessionError("ERR_CLOSED", `transport: ${cause.message}`, { cause });
    });
    socket.on("close", () => this.#finish());
    if (isInitiator) {
      socket.once("connect", () => {
        this.#machine.request({ type: "TCONreq" });
        this.#flush();
      });
    }
  }

  get expedited(): boolean {
    return this.#made?.expedited ?? false;
  }

  get callingSelector(): Uint8Array | undefined {
    return this.#made?.callingSelector;
  }

  get calledSelector(): Uint8Array | undefined {
    return this.#made?.calledSelector;
  }

  get tpduOctets(): number {
    return this.#made?.tpduOctets ?? 0;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get room(): Promise<void> | undefined {
    if (this.#isEnded || this.#socket.writableLength <= this.#sendOctetsMax) return undefined;
    this.#room ??= new Promise((resolve) => {
      this.#hasRoom = resolve;
    });
    return this.#room;
  }

  /** Waits until the connection is made. */
  async ready({ signal, timeoutMs = 30_000 }: CotpOptions): Promise<void> {
    signal?.throwIfAborted();
    const stop = () => this.#settled?.(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    const timer = setTimeout(
      () => this.#settled?.(new SessionError("ERR_TIMEOUT", `no transport in ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settled = (error) => (error === undefined ? resolve() : reject(error));
        if (this.#made) resolve();
        else if (this.#isEnded) reject(this.#ending());
      });
    } catch (error) {
      this.#socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#settled = undefined;
      signal?.removeEventListener("abort", stop);
    }
  }

  attach(user: TransportUser): void {
    this.#user = user;
    // In a later turn, so that the user has been made when it is told.
    queueMicrotask(() => {
      while (this.#user === user) {
        const event = this.#early.shift();
        if (!event) break;
        this.#tell(event);
      }
      if (this.#user === user && !this.#isPaused) this.#socket.resume();
    });
  }

  detach(): void {
    this.#user = undefined;
    this.#socket.pause();
  }

  data(head: Uint8Array, octets: Uint8Array): void {
    this.#machine.data(head, octets);
    if (this.#machine.pendingOctets >= FLUSH_OCTETS) this.#flush();
    else this.#schedule();
  }

  expeditedData(octets: Uint8Array): void {
    this.#machine.expeditedData(octets);
    this.#schedule();
  }

  disconnect(): void {
    this.#machine.request({ type: "TDISreq" });
    this.#flush();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  /** One write for all that is asked in a turn. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const socket = this.#socket;
    socket.cork();
    for (let output = this.#machine.poll(); output; output = this.#machine.poll()) {
      switch (output.type) {
        case "send":
          if (!socket.destroyed && !socket.writableEnded) socket.write(output.octets);
          break;
        case "event":
          this.#tell(output.event);
          break;
        case "close":
          this.#error ??= output.error;
          socket.end();
          // A peer that never ends its side must not keep the socket.
          socket.setTimeout(LINGER_MS, () => socket.destroy());
          this.#end();
          break;
      }
    }
    socket.uncork();
  }

  #tell(event: TransportEvent): void {
    switch (event.type) {
      case "TCONind":
        this.#machine.request({ type: "TCONrsp" });
        this.#made = { ...event, type: "TCONind" };
        this.#settled?.(undefined);
        break;
      case "TCONcnf":
        this.#made = { ...event, type: "TCONcnf" };
        this.#settled?.(undefined);
        break;
      case "TDTind":
        if (this.#user) this.#user.data(event.octets);
        else this.#wait(event);
        break;
      case "TEXind":
        if (this.#user) this.#user.expeditedData(event.octets);
        else this.#wait(event);
        break;
      case "TDISind":
        this.#error ??= event.error;
        if (this.#user || !this.#made) this.#end();
        else this.#wait(event);
        break;
    }
  }

  /** Nobody listens yet: what one chunk held waits, and no more is read. */
  #wait(event: TransportEvent): void {
    this.#early.push(event);
    this.#socket.pause();
  }

  #finish(): void {
    this.#machine.receiveEnd();
    this.#flush();
    if (this.#user || !this.#made || this.#early.length === 0) this.#end();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#giveRoom();
    this.#settled?.(this.#ending());
    this.#user?.disconnected(this.#error);
  }

  #ending(): SessionError {
    return this.#error ?? new SessionError("ERR_CLOSED", "the peer closed the connection");
  }

  #giveRoom(): void {
    this.#hasRoom?.();
    this.#hasRoom = undefined;
    this.#room = undefined;
  }
}

/** A slab's worth goes out at once; less waits for the end of the turn. */
const FLUSH_OCTETS = 49_152;
const LINGER_MS = 5_000;

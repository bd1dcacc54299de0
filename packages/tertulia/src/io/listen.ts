/**
 * Listening for sessions in Node: one port for TCP, TLS and WebSockets, or a Unix socket.
 *
 * @module
 */

import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, createServer, Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from "node:tls";
import { SessionError } from "../pure/errors.ts";
import { CONNECT, RESUME } from "../pure/native/frames.ts";
import { refuse } from "../pure/native/reception.ts";
import { hostAndPort, parseAddress } from "./address.ts";
import { Arrivals } from "./arrivals.ts";
import { cannotListen } from "./cannot-listen.ts";
import { ALPN } from "./dial.ts";
import { DuplexTransport } from "./duplex-transport.ts";
import { Listener } from "./listener.ts";
import { type ListenerOptions, listenerOptions } from "./listener-options.ts";
import { nodeRuntime } from "./node-runtime.ts";
import {
  aBoolean,
  aCount,
  anObject,
  anything,
  checkOptions,
  type OptionKinds,
} from "./option-kinds.ts";
import { tlsReason } from "./tls-reason.ts";
import type { Transport } from "./transport.ts";
import { asSessionError } from "./wait.ts";
import { serveWebSockets, type WebSocketServerOptions } from "./websocket-server.ts";

/**
 * What {@link listen} may be told: whom to let in, how many, TLS, and an HTTP server beside. All
 * optional.
 */
export interface ListenOptions extends ListenerOptions {
  /**
   * Takes TLS on the same port, with these options of `node:tls`. Default: no TLS. With `requestCert`, and
   * unless `rejectUnauthorized` is false, whoever shows no good certificate is refused with `forbidden`.
   */
  readonly tls?: TlsOptions;
  /** Refuses what does not come over TLS. Default: false; for `tls://` addresses, true. */
  readonly requireTls?: boolean;
  /** Takes WebSockets on the same port; false for none. Default: any path, any origin. */
  readonly webSocket?: WebSocketServerOptions | false;
  /** Answers HTTP requests that are not WebSockets, on the same port. Default: 426. */
  readonly http?: HttpServer;
  /** Connections that may wait to be accepted. Default: 1,024. */
  readonly backlog?: number;
  /**
   * A socket that listens already, where the target says: a server that another process has given us, or
   * a descriptor, as systemd gives them. Default: one of our own.
   */
  readonly socket?: Server | { readonly fd: number };
}

const listenOptions: OptionKinds<ListenOptions> = {
  ...listenerOptions,
  tls: anObject,
  requireTls: aBoolean,
  // Also false.
  webSocket: anything,
  http: anObject,
  backlog: aCount,
  socket: anObject,
};

/** A listener with a socket of its own. */
export interface BoundListener extends Listener {
  /** Where it listens: `HOST:PORT`, or the path. */
  readonly address: string;
  /** The port, or 0 for a Unix socket. */
  readonly port: number;
  /** What it listens with: to be given to the process that goes on, as `ChildProcess.send` does. */
  readonly socket: Server;
  /** Takes no more connections of its socket, and leaves it open when the listener is closed. */
  detach(): void;
}

/** A TLS record of the handshake (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 22;

/** How long the sockets of a closing listener may take to say goodbye. */
const CLOSE_MS = 2000;

/**
 * Listens for sessions. The first octet of a connection says what it is: ours, TLS, or HTTP.
 *
 * @param target - `tcp://HOST:PORT` (port 0: any free one), `tls://HOST:PORT`, `unix:PATH`.
 * With a `store` it resolves when the sessions that were kept there are back; they are handed over as
 * new ones are.
 *
 * @throws {SessionError} `ERR_CLOSED` when the address cannot be listened at, `ERR_ARGUMENT`;
 *   `ERR_STORE` when the store is damaged or cannot be read.
 *
 * @example
 * await using listener = await listen("tcp://127.0.0.1:7700");
 * for await (const session of listener) greet(session);
 */
export async function listen(target: string, options: ListenOptions = {}): Promise<BoundListener> {
  checkOptions(options, listenOptions);
  const address = parseAddress(target);
  if (address.type === "websocket") {
    throw new SessionError("ERR_ARGUMENT", "WebSockets are taken on a tcp:// address");
  }
  const {
    tls,
    requireTls = address.type === "tls",
    webSocket = {},
    http = upgradingServer(),
    backlog = 1024,
    socket: givenSocket,
    ...ofSessions
  } = options;
  if (requireTls && !tls) throw new SessionError("ERR_ARGUMENT", "tls needs key and cert");
  const listener = new Listener(options.runtime ?? nodeRuntime(), ofSessions);
  const { handshakesMax = 1024 } = options;
  const { handshakeMs } = listener.reception.limits;
  const refused = (from: string, error: SessionError) => listener.refused(from, error);
  const arrivals = new Arrivals({ connectionsMax: handshakesMax, handshakeMs, refused });
  const sockets = new Set<Socket>();
  const receive = (transport: Transport, socket?: Socket) => {
    arrivals.settled(socket ?? transport.peer.address);
    listener.receive(transport);
  };

  http.on("request", ({ socket }) => arrivals.settled(socket));
  const left = ({ socket }: IncomingMessage) => arrivals.settled(socket);
  const stopWebSockets = webSocket
    ? serveWebSockets({ receive, refused, left }, http, webSocket)
    : () => {};

  const secure = createTlsServer({
    ALPNProtocols: [ALPN, "http/1.1"],
    minVersion: "TLSv1.3",
    // `arrivals` is earlier, and tells of it.
    handshakeTimeout: 2 * handshakeMs,
    ...tls,
    // Node would hang up and tell nobody why: neither them nor us. `route` does it.
    rejectUnauthorized: false,
  });
  const { requestCert = false, rejectUnauthorized = true } = tls ?? {};
  const problemOf = (socket: Socket) =>
    requestCert && rejectUnauthorized && socket instanceof TLSSocket
      ? certificateProblem(socket)
      : undefined;
  secure.on("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol === ALPN && problemOf(socket) === undefined) {
      return receive(new DuplexTransport("tls", socket), socket);
    }
    sniff(socket, (octets) => route(octets, socket, "tls"));
  });
  secure.on("tlsClientError", (error, socket) => {
    // One that was dropped for its silence was told of already.
    if (arrivals.isWaiting(socket)) {
      refused(
        socket.remoteAddress ?? "",
        new SessionError("ERR_CLOSED", `TLS: ${tlsReason(error)}`, { cause: error }),
      );
      arrivals.settled(socket);
    }
    socket.destroy();
  });

  const route = (octets: Buffer, socket: Socket | TLSSocket, kind: "tcp" | "tls" | "unix") => {
    const [first = 0] = octets;
    const isOurs = first >= CONNECT && first <= RESUME;
    const problem = problemOf(socket);
    if (kind === "tcp" && first === TLS_HANDSHAKE && tls) {
      // TLS reads from below the socket: one that flows would take the octets away from it.
      socket.unshift(octets);
      secure.emit("connection", socket);
    } else if (kind !== "tls" && requireTls) {
      sendAway(socket, listener, "this port takes TLS only", isOurs);
    } else if (problem !== undefined) {
      sendAway(socket, listener, problem, isOurs);
    } else if (isOurs) {
      receive(new DuplexTransport(kind, socket, octets), socket);
    } else if (/^[A-Z]/.test(String.fromCharCode(first))) {
      socket.unshift(octets);
      http.emit("connection", socket);
      socket.resume();
    } else {
      const what =
        first === TLS_HANDSHAKE ? "TLS, which is not set up here" : `begins with ${first}`;
      sendAway(socket, listener, `neither Tertulia nor HTTP: ${what}`, false);
    }
  };

  const given = givenSocket instanceof Server ? givenSocket : undefined;
  const server = given ?? createServer({ noDelay: true });
  // Whoever kept the connections until now has done enough.
  given?.removeAllListeners("connection");
  const take = (socket: Socket) => {
    if (given) socket.setNoDelay(true);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    arrivals.began(socket);
    const kind = address.type === "unix" ? "unix" : "tcp";
    sniff(socket, (octets) => route(octets, socket, kind));
  };
  server.on("connection", take);
  let isDetached = false;
  if (given === undefined) {
    const own =
      address.type === "unix" ? { path: address.path } : { port: address.port, host: address.host };
    await bind(server, { ...(givenSocket ?? own), backlog });
  }
  // For example when the process has no descriptors left: the next one may be lucky.
  server.on("error", (error) => refused("", asSessionError(error)));
  listener.onClose(async () => {
    stopWebSockets();
    const closed = isDetached
      ? Promise.all([...sockets].map(closeOf))
      : new Promise<void>((resolve) => server.close(() => resolve()));
    arrivals.close();
    // The sessions have said goodbye: that is to arrive, but nobody waits for it for long.
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, CLOSE_MS);
    await closed;
    clearTimeout(timer);
  });
  try {
    // Whoever comes back meanwhile is asked to try again in a moment.
    await listener.restore();
  } catch (error) {
    await listener[Symbol.asyncDispose]();
    throw error;
  }
  const bound = server.address();
  const port = typeof bound === "object" ? ((bound as AddressInfo | null)?.port ?? 0) : 0;
  return Object.assign(listener, {
    address: address.type === "unix" ? address.path : hostAndPort(address.host, port),
    port,
    socket: server,
    detach() {
      isDetached = true;
      server.off("connection", take);
    },
  });
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Waits for the first octets of a connection, and holds the others back. */
function sniff(socket: Socket, then: (octets: Buffer) => void): void {
  // Stays: between two owners, too, an error must not be nobody's.
  socket.on("error", () => socket.destroy());
  socket.once("data", (octets: Buffer) => {
    socket.pause();
    then(octets);
  });
}

/** What is wrong with the certificate that the other side of TLS showed, if anything. */
function certificateProblem(socket: TLSSocket): string | undefined {
  // Looked at first: a TLS session that is resumed without one counts as authorized (Node, TLS 1.3).
  if (socket.getPeerCertificate().raw === undefined) return "no TLS client certificate came";
  if (socket.authorized) return undefined;
  return `the TLS client certificate is not good: ${socket.authorizationError}`;
}

/** Says why, in the way they understand if they are ours, and hangs up. */
function sendAway(socket: Socket, listener: Listener, message: string, isOurs: boolean): void {
  listener.refused(socket.remoteAddress ?? "", new SessionError("ERR_PROTOCOL", message));
  if (isOurs) socket.write(refuse({ reason: "forbidden", isPersistent: true, message }));
  socket.resume();
  socket.destroySoon();
}

function bind(
  server: Server,
  where: {
    readonly backlog: number;
    readonly path?: string;
    readonly port?: number;
    readonly host?: string;
    readonly fd?: number;
  },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (error: NodeJS.ErrnoException) => {
    const { path, host, port, fd } = where;
    const at = port === undefined ? `descriptor ${fd}` : { host, port };
    reject(cannotListen(path ?? at, error));
  });
  server.listen(where, () => {
    server.removeAllListeners("error");
    resolve();
  });
  return promise;
}

/**
 * Not by an import of `node:http`, which gets all that it exports, and so loads Node's HTTP client too:
 * 2 MB more for the garbage collector to look through, time and again.
 */
function upgradingServer(): HttpServer {
  return process.getBuiltinModule("node:http").createServer(upgradeRequired);
}

function upgradeRequired(_request: unknown, response: ServerResponse): void {
  response.writeHead(426, { Connection: "close", Upgrade: "websocket" });
  response.end("This is a Tertulia node: connect to it with a session, not a page.\n");
}

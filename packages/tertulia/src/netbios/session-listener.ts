/**
 * The session server of a host: takes connections on one port, 139, and gives each to the LISTEN
 * that it is for, or sends it on to another port (RFC 1002 5.2.1.2).
 *
 * @module
 */

import { createServer, type Server, type Socket } from "node:net";
import { ProtocolError, SessionError } from "../pure/errors.ts";
import { type Endpoint, isAddress } from "../pure/netbios/address.ts";
import { type Listen, Listens } from "../pure/netbios/listens.ts";
import type { NetbiosName } from "../pure/netbios/name.ts";
import { SESSION_ERROR_CODES, type SessionRefusal } from "../pure/netbios/session-packet.ts";
import { PacketStream, type PacketStreamLimits } from "./packet-stream.ts";
import { bindError } from "./port-holder.ts";
import { NetbiosSession, type SessionSettings } from "./session.ts";

/** What a LISTEN does with a call: takes it, `false` if it has no room, or sends it elsewhere. */
export type ListenTarget =
  | {
      readonly type: "take";
      readonly take: (session: NetbiosSession) => void;
      readonly hasRoom: () => boolean;
    }
  | { readonly type: "retarget"; readonly to: Endpoint };

/** What became of each connection to the port. */
export type ListenerEvent =
  | {
      readonly type: "accepted" | "retargeted" | "refused";
      readonly called: NetbiosName;
      readonly calling: NetbiosName;
      readonly from: Endpoint;
      readonly reason?: SessionRefusal;
      readonly to?: Endpoint;
    }
  /** What came was no session request: the error says what it looks like. */
  | { readonly type: "malformedCall"; readonly from: Endpoint; readonly error: SessionError };

export interface SessionListenerOptions extends SessionSettings {
  readonly bindAddress: string;
  /** Default: 139; 0 for any that is free. */
  readonly port: number;
  /** Whether a name is one of this host's, for the difference between 0x80 and 0x82. */
  readonly isPresent: (name: NetbiosName) => boolean;
  readonly told: (event: ListenerEvent) => void;
  /** Connections that may be waiting to say whom they call. Default: 256. */
  readonly callersMax?: number;
  /** Sessions at once. Default: 4096, after which callers get 0x83. */
  readonly sessionsMax?: number;
  /** How long a connection may take to say whom it calls. Default: 10 s. */
  readonly requestTimeoutMs?: number;
  readonly limits?: Partial<PacketStreamLimits>;
}

export class SessionListener {
  readonly listens: Listens<ListenTarget> = new Listens();
  readonly #options: SessionListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();
  #callerCount = 0;
  #sessionCount = 0;

  private constructor(options: SessionListenerOptions, server: Server) {
    this.#options = options;
    this.#server = server;
    server.on("connection", (socket) => void this.#answer(socket));
  }

  /** @throws {SessionError} `ERR_REFUSED`, saying who has the port. */
  static async open(options: SessionListenerOptions): Promise<SessionListener> {
    const { bindAddress, port } = options;
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) =>
        reject(bindError(error, "sessions", "tcp", bindAddress, port)),
      );
      server.listen(port, bindAddress, () => {
        server.removeAllListeners("error");
        resolve();
      });
    });
    return new SessionListener(options, server);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** @throws {NetbiosError} `tooMany`. */
  add(listen: Listen<ListenTarget>): void {
    const { target } = listen;
    if (target.type === "retarget" && !isAddress(target.to.address)) {
      throw new SessionError("ERR_ARGUMENT", `${target.to.address} is not an IPv4 address`);
    }
    this.listens.add(listen);
  }

  /** Aborted when it is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Never rejects: what goes wrong with one caller is told, and nobody else's business. */
  async #answer(socket: Socket): Promise<void> {
    const from = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    const { callersMax = 256, requestTimeoutMs = 10_000 } = this.#options;
    socket.on("error", () => {});
    if (this.#callerCount >= callersMax) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const stream = new PacketStream(socket, this.#options.limits);
    this.#callerCount += 1;
    try {
      const packet = await stream.next(AbortSignal.timeout(requestTimeoutMs));
      if (packet?.type === "request") this.#decide(stream, packet.called, packet.calling, from);
      else if (packet === undefined) socket.destroy();
      else throw new ProtocolError("unexpectedPacket", "RFC 1002 5.2.1.2", `${packet.type} first`);
    } catch (error) {
      this.#complain(stream, from, error);
    } finally {
      this.#callerCount -= 1;
    }
  }

  #decide(stream: PacketStream, called: NetbiosName, calling: NetbiosName, from: Endpoint): void {
    const { isPresent, told, sessionsMax = 4096 } = this.#options;
    const decision = this.listens.decide(called, calling, isPresent(called));
    const refuse = (reason: SessionRefusal): void => {
      told({ type: "refused", called, calling, from, reason });
      void stream.write({ type: "negative", errorCode: SESSION_ERROR_CODES[reason] });
      // RFC 1002 5.2.1.2: the listener closes after a refusal.
      stream.end();
    };
    if (decision.type === "refuse") {
      refuse(decision.reason);
      return;
    }
    const { target } = decision.listen;
    if (target.type === "retarget") {
      told({ type: "retargeted", called, calling, from, to: target.to });
      void stream.write({ type: "retarget", ...target.to });
      stream.end();
      return;
    }
    if (this.#sessionCount >= sessionsMax || !target.hasRoom()) {
      refuse("insufficientResources");
      return;
    }
    this.#sessionCount += 1;
    stream.socket.once("close", () => {
      this.#sessionCount -= 1;
    });
    void stream.write({ type: "positive" });
    told({ type: "accepted", called, calling, from });
    const ends = { local: called, remote: calling, peer: from };
    target.take(new NetbiosSession(stream, ends, this.#options));
  }

  #complain(stream: PacketStream, from: Endpoint, error: unknown): void {
    if (error instanceof ProtocolError) {
      // Names that are none: the code that smbd gives them, too.
      const isName = /name|label|pointer/i.test(error.violation);
      const reason = isName ? "calledNameNotPresent" : "unspecified";
      const { socket } = stream;
      if (!socket.destroyed) {
        void stream.write({ type: "negative", errorCode: SESSION_ERROR_CODES[reason] });
        stream.end();
      }
      this.#options.told({ type: "malformedCall", from, error });
      return;
    }
    stream.socket.destroy();
    if (error instanceof SessionError && error.code !== "ERR_CLOSED") {
      this.#options.told({ type: "malformedCall", from, error });
    }
  }
}

/**
 * The near end of a tunnel: listens here, asks for connections there, over one session that outlives
 * whatever the network does.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { resetSocket } from "../io/reset.ts";
import type { Session } from "../io/session.ts";
import { type SessionStream, StreamResetError } from "../io/stream.ts";
import { SessionError } from "../pure/errors.ts";
import { decodeUtf8 } from "../pure/octets.ts";
import { reply, type SocksReply } from "../pure/socks/socks5.ts";
import { FtpClientSide } from "./ftp.ts";
import {
  CONNECTED,
  describeFailure,
  type Failure,
  failureOf,
  failureOfReset,
  failures,
  formatOpening,
  type Opening,
  parseOpening,
} from "./opening.ts";
import { connectTo, listenAt, remoteOf } from "./sockets.ts";
import { readSocksRequest, refuseSocks } from "./socks.ts";
import { type Forward, formatTarget, parseTarget, type Target } from "./spec.ts";
import { noTraffic, splice, type Traffic } from "./splice.ts";
import { type FlowStream, SocksAssociation, UdpForward } from "./udp.ts";

/** Before the far end is asked to listen again. */
const REMOTE_PAUSE_MS = 200;

/** What a tunnel forwards, from where to where. All optional. */
export interface TunnelOptions {
  /** Listen here, connect there. */
  readonly local?: readonly Forward[];
  /** Listen there, connect here. */
  readonly remote?: readonly Forward[];
  /** Datagrams: listen here, send there. */
  readonly udp?: readonly Forward[];
  /** Addresses to serve SOCKS5 at. */
  readonly socks?: readonly Target[];
  /** What a SOCKS client has to know. Default: nothing. */
  readonly socksCredentials?: { readonly user: string; readonly password: string };
  /** Connections at a time to each local port; one more is closed, and said in the log. Default: 1,000. */
  readonly connectionsMax?: number;
  /** How long a local target of a remote forward may take to answer. Default: 10 s. */
  readonly connectMs?: number;
  /** Told of what is worth telling: a failed connection, a remote forward refused. */
  readonly log?: (text: string) => void;
}

/** A connection through the tunnel. */
export interface TunnelConnection extends Readonly<Traffic> {
  readonly id: number;
  /** As in the label of its stream: `tcp HOST:PORT`, … */
  readonly opening: string;
  /** Who it is for: the local address that it came from, or goes to. */
  readonly local: string;
  readonly state: "opening" | "open";
  readonly since: Date;
  /** Octets that wait for the link. */
  readonly pendingOctets: number;
}

interface Entry {
  readonly id: number;
  readonly stream: SessionStream;
  readonly opening: string;
  readonly local: string;
  readonly since: Date;
  readonly traffic: Traffic;
  state: "opening" | "open";
}

/** What it listens at, when it does. */
export interface TunnelAddress {
  readonly type: "local" | "remote" | "udp" | "socks";
  readonly address: Target;
  /** Where connections go; of SOCKS each says so itself. */
  readonly target?: Target;
}

/** A remote forward that the far end did not take, and why. */
export interface TunnelRefusal {
  /** Where it was to listen. */
  readonly address: Target;
  readonly target: Target;
  /** In words, for people. */
  readonly reason: string;
}

/**
 * Opens the tunnel's ports. Give it a session by {@link use}; without one, local connections wait.
 *
 * @throws {SessionError} `ERR_CLOSED` when a port cannot be listened at: then none is.
 */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const tunnel = new Tunnel(options);
  try {
    await tunnel.listen();
    return tunnel;
  } catch (error) {
    await tunnel[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The near end of a tunnel: what it listens on, and what goes through it. Made by {@link
 * openTunnel}.
 */
export class Tunnel implements AsyncDisposable {
  readonly #options: TunnelOptions;
  readonly #servers: Server[] = [];
  readonly #udp: UdpForward[] = [];
  readonly #addresses: TunnelAddress[] = [];
  readonly #entries = new Map<SessionStream, Entry>();
  readonly #controls = new Map<number, FtpClientSide>();
  /** Targets of remote forwards, by the number of their stream. */
  readonly #remotes = new Map<number, Target>();
  /** One for each remote forward of the session: resolved with what the far end says of it first. */
  #answers: PromiseWithResolvers<TunnelRefusal | undefined>[] = [];
  #refused: TunnelRefusal[] = [];
  #session: PromiseWithResolvers<Session> = Promise.withResolvers();
  #current: Session | undefined;
  #since = new Date();
  #nextId = 1;

  constructor(options: TunnelOptions) {
    this.#options = options;
  }

  /** Where it listens. Addresses of remote forwards are there once the far end has said them. */
  get addresses(): readonly TunnelAddress[] {
    return this.#addresses;
  }

  /** The remote forwards that the far end of this session, or of the last, did not take. */
  get refused(): readonly TunnelRefusal[] {
    return this.#refused;
  }

  /** How the session is, or `waiting` when there is none; since when; what waits for the link. */
  get session(): {
    readonly state: string;
    readonly since: string;
    readonly backlogOctets: number;
  } {
    const since = this.#since.toISOString();
    if (this.#current === undefined) return { state: "waiting", since, backlogOctets: 0 };
    const { state, backlogOctets } = this.#current;
    return { state, since, backlogOctets };
  }

  /** The connections there are now. */
  get connections(): TunnelConnection[] {
    return [...this.#entries.values()].map((entry) => {
      const { id, stream, opening, local, since, traffic, state } = entry;
      return { id, opening, local, since, state, pendingOctets: stream.pendingOctets, ...traffic };
    });
  }

  /** Opens the local ports. */
  async listen(): Promise<void> {
    const { local = [], udp = [], socks = [] } = this.#options;
    for (const { bind, target, isFtp } of local) {
      const type = isFtp ? "ftp" : "tcp";
      const address = await this.#serve(bind, (s) => this.#forward(s, { type, target }));
      this.#addresses.push({ type: "local", address, target });
    }
    for (const bind of socks) {
      const address = await this.#serve(bind, (socket) => this.#socks(socket));
      this.#addresses.push({ type: "socks", address });
    }
    for (const { bind, target } of udp) {
      const forward = new UdpForward((...flow) => this.#openFlow(...flow), target);
      this.#udp.push(forward);
      this.#addresses.push({ type: "udp", address: await forward.listen(bind), target });
    }
  }

  /**
   * Uses this session until it ends. Resolves then; use another after it. Connections do not outlive
   * their session: when it is lost they are reset, which is the truth.
   */
  async use(session: Session): Promise<void> {
    this.#session.resolve(session);
    this.#current = session;
    this.#since = new Date();
    void this.#watch(session);
    this.#refused = [];
    this.#answers = (this.#options.remote ?? []).map((forward) => {
      const answer = Promise.withResolvers<TunnelRefusal | undefined>();
      void this.#remote(session, forward, answer.resolve);
      return answer;
    });
    for await (const stream of session.streams) void this.#accept(stream);
    this.#session = Promise.withResolvers();
    this.#current = undefined;
    this.#since = new Date();
  }

  /**
   * Resolves when the far end of the session in use has said of each remote forward whether it listens,
   * or when the session has ended.
   *
   * @throws {SessionError} `ERR_REFUSED` when it refused every one, and nothing else is forwarded: this
   *   tunnel is for nothing then.
   */
  async answered(): Promise<void> {
    const answers = await Promise.all(this.#answers.map(({ promise }) => promise));
    const refused = answers.filter((answer) => answer !== undefined);
    const { local = [], udp = [], socks = [] } = this.#options;
    const others = local.length + udp.length + socks.length + answers.length - refused.length;
    if (others > 0 || refused.length === 0) return;
    const reasons = refused.map(describeRefusal).join("; ");
    throw new SessionError("ERR_REFUSED", `nothing is forwarded: ${reasons}`);
  }

  async #watch(session: Session): Promise<void> {
    for await (const { type } of session.changes()) {
      if (type === "suspended" || type === "resumed") this.#since = new Date();
    }
  }

  /** Closes the ports. The session is not the tunnel's: its owner ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const forward of this.#udp) forward.close();
    for (const { stream } of this.#entries.values()) stream.reset();
    this.#session.promise.catch(() => {});
    this.#session.reject(new SessionError("ERR_CLOSED", "the tunnel was closed"));
  }

  async #serve(bind: Target, onConnection: (socket: Socket) => Promise<void>): Promise<Target> {
    const { server, address } = await listenAt(bind, (socket) => {
      socket.on("error", () => {});
      const from = formatTarget(remoteOf(socket));
      onConnection(socket).catch((error) => {
        this.#options.log?.(`${from}: ${describeError(error)}`);
        // One that was refused is about to be closed, once it has read why.
        if (!socket.writableEnded) resetSocket(socket);
      });
    });
    server.maxConnections = this.#options.connectionsMax ?? 1000;
    // Said once, until there was room again.
    let isFull = false;
    server.on("connection", () => {
      isFull = false;
    });
    server.on("drop", () => {
      if (!isFull) this.#options.log?.(`${formatTarget(address)}: ${describeFailure("limit")}`);
      isFull = true;
    });
    this.#servers.push(server);
    return address;
  }

  async #openStream(opening: Opening): Promise<SessionStream> {
    const session = await this.#session.promise;
    return session.openStream(formatOpening(opening));
  }

  /** One local connection, to its end. */
  async #forward(socket: Socket, opening: Opening, onConnected?: () => void): Promise<void> {
    const stream = await this.#openStream(opening);
    await this.#tracked(stream, socket, async (entry) => {
      const early = await connected(stream);
      entry.state = "open";
      onConnected?.();
      if (opening.type !== "ftp") return splice(socket, stream, entry.traffic, early);
      const side = new FtpClientSide(socket, (from, port) => {
        this.#forward(from, { type: "ftp-passive", control: stream.id, port }).catch(() => {
          from.destroy();
        });
      });
      this.#controls.set(stream.id, side);
      try {
        await side.run(stream, entry.traffic, early);
      } finally {
        this.#controls.delete(stream.id);
        side.close();
      }
    });
  }

  async #tracked(
    stream: SessionStream,
    socket: Socket,
    work: (entry: Entry) => Promise<void>,
  ): Promise<void> {
    const entry = this.#enter(stream, remoteOf(socket));
    // A local program that gives up while we wait is not to be connected any more.
    const giveUp = () => entry.state === "opening" && stream.reset();
    socket.once("close", giveUp);
    try {
      await work(entry);
    } finally {
      socket.off("close", giveUp);
      this.#entries.delete(stream);
    }
  }

  #openFlow(target: Target, local: Target): FlowStream | undefined {
    let stream: SessionStream | undefined;
    try {
      stream = this.#current?.openStream(formatOpening({ type: "udp", target }));
    } catch {
      // There are too many streams, or it is ending: a datagram is lost, no more.
    }
    if (stream === undefined) return undefined;
    const entry = this.#enter(stream, local);
    return {
      stream,
      traffic: entry.traffic,
      opened: () => {
        entry.state = "open";
      },
      close: () => {
        this.#entries.delete(entry.stream);
        entry.stream.reset();
      },
    };
  }

  #enter(stream: SessionStream, local: Target): Entry {
    const entry: Entry = {
      id: this.#nextId++,
      stream,
      opening: stream.label,
      local: formatTarget(local),
      since: new Date(),
      traffic: noTraffic(),
      state: "opening",
    };
    this.#entries.set(stream, entry);
    return entry;
  }

  /** A stream that the far end opened: a connection for a remote forward, or FTP's active data. */
  async #accept(stream: SessionStream): Promise<void> {
    let socket: Socket | undefined;
    try {
      const target = this.#targetOf(parseOpening(stream.label));
      if (target === undefined) return stream.reset(failures.notAllowed);
      const connection = await connectTo(target, this.#options.connectMs ?? 10_000);
      socket = connection;
      await this.#tracked(stream, connection, async (entry) => {
        entry.state = "open";
        await stream.write(CONNECTED);
        await splice(connection, stream, entry.traffic);
      });
    } catch (error) {
      stream.reset(failures[failureOf(error)]);
      socket?.destroy();
    }
  }

  #targetOf(opening: Opening): Target | undefined {
    if (opening.type === "accepted") return this.#remotes.get(opening.listener);
    if (opening.type !== "ftp-active") return undefined;
    const { control, target } = opening;
    return this.#controls.get(control)?.takeActive(target) ? target : undefined;
  }

  /**
   * Has the far end listen, and again when it was restarted, until it refuses or the session ends.
   *
   * @param onAnswer - Told whether it does; only the first time counts.
   */
  async #remote(
    session: Session,
    forward: Forward,
    onAnswer: (refusal?: TunnelRefusal) => void,
  ): Promise<void> {
    for (;;) {
      const failure = await this.#listenThere(session, forward, onAnswer);
      if (session.state === "closed" || failure === undefined) return onAnswer();
      const refusal = refusalOf(forward, failure);
      this.#options.log?.(describeRefusal(refusal));
      if (failure !== "lost") {
        this.#refused.push(refusal);
        return onAnswer(refusal);
      }
      await sleep(REMOTE_PAUSE_MS, undefined, { ref: false });
    }
  }

  /** As long as the far end listens for us; why it does not, or no more. */
  async #listenThere(
    session: Session,
    { bind, target }: Forward,
    onListening: () => void,
  ): Promise<Failure | undefined> {
    let stream: SessionStream | undefined;
    let entry: TunnelAddress | undefined;
    try {
      stream = session.openStream(formatOpening({ type: "listen", target: bind }));
      this.#remotes.set(stream.id, target);
      const address = decodeUtf8(await connected(stream)) || formatTarget(bind);
      entry = { type: "remote", address: parseTarget(address), target };
      this.#addresses.push(entry);
      this.#options.log?.(`${address} there leads to ${formatTarget(target)} here`);
      onListening();
      await stream.read();
      return undefined;
    } catch (error) {
      return failureOfReset(error);
    } finally {
      if (entry) this.#addresses.splice(this.#addresses.indexOf(entry), 1);
      if (stream) this.#remotes.delete(stream.id);
    }
  }

  async #socks(socket: Socket): Promise<void> {
    const { socksCredentials: credentials } = this.#options;
    const request = await readSocksRequest(socket, credentials && { credentials });
    if (request === undefined) return void socket.destroy();
    const { command, host, port } = request;
    if (command === "associate") return this.#associate(socket);
    if (command === "bind") return refuseSocks(socket, reply("commandNotSupported"));
    try {
      await this.#forward(socket, { type: "tcp", target: { host, port } }, () => {
        socket.write(reply("succeeded"));
      });
    } catch (error) {
      this.#options.log?.(`${formatTarget({ host, port })}: ${describeError(error)}`);
      // Once it was connected the reset has gone through; before, the client is told by a reply.
      if (!socket.destroyed) refuseSocks(socket, reply(socksReplies[failureOfReset(error)]));
    }
  }

  async #associate(control: Socket): Promise<void> {
    const association = new SocksAssociation((...flow) => this.#openFlow(...flow), control);
    try {
      control.write(reply("succeeded", await association.listen()));
      // RFC 1928, 7: "A UDP association terminates when the TCP connection that the UDP ASSOCIATE
      // request arrived on terminates."
      for await (const _ of control);
    } finally {
      association.close();
    }
  }
}

const socksReplies: Readonly<Record<Failure, SocksReply>> = {
  general: "generalFailure",
  notAllowed: "notAllowed",
  refused: "connectionRefused",
  unreachable: "hostUnreachable",
  unknownName: "hostUnreachable",
  timeout: "hostUnreachable",
  limit: "generalFailure",
  reset: "connectionRefused",
  cannotListen: "generalFailure",
  lost: "generalFailure",
};

function refusalOf({ bind, target }: Forward, failure: Failure): TunnelRefusal {
  const reason =
    failure === "notAllowed"
      ? `not allowed on the far side (serve --allow listen:${formatTarget(bind)})`
      : describeFailure(failure);
  return { address: bind, target, reason };
}

function describeRefusal({ address, reason }: TunnelRefusal): string {
  return `${formatTarget(address)} there: ${reason}`;
}

/** Waits for the octet that says that the target is connected; what came behind it. */
async function connected(stream: SessionStream): Promise<Uint8Array> {
  const first = await stream.read();
  if (first === undefined) throw new SessionError("ERR_CLOSED", "the far side hung up");
  return first.subarray(CONNECTED.length);
}

/** What ended a connection out of order: what the far end said of it, or what was wrong at this one. */
function describeError(error: unknown): string {
  if (error instanceof StreamResetError) return describeFailure(failureOfReset(error));
  const failure = failureOf(error);
  if (failure === "reset") return "the local program reset the connection";
  if (failure !== "general" || !(error instanceof Error)) return describeFailure(failure);
  return error.message;
}

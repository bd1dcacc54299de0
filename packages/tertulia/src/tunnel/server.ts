/**
 * The far end of a tunnel: connects to targets for the peer, and listens for it, as far as the rules
 * allow.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import type { Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Gate } from "../io/gate.ts";
import { resetSocket } from "../io/reset.ts";
import type { Session } from "../io/session.ts";
import { type SessionStream, StreamResetError } from "../io/stream.ts";
import { SessionError } from "../pure/errors.ts";
import { concatOctets, utf8 } from "../pure/octets.ts";
import { datagramsOf, sendDatagram } from "./datagrams.ts";
import { FtpTargetSide } from "./ftp.ts";
import type { Live, Passed, RestingServer, TunnelHandover } from "./handover.ts";
import {
  CONNECTED,
  type Failure,
  failureOf,
  failureOfReset,
  failures,
  formatOpening,
  type Opening,
  parseOpening,
} from "./opening.ts";
import type { Share, TunnelLedger } from "./quota.ts";
import { connectTo, listenAt } from "./sockets.ts";
import { formatTarget, isAllowed, type Rule, type Target } from "./spec.ts";
import { noTraffic, type Pace, Splice, type Traffic } from "./splice.ts";

/** One line of the audit: what became of one connection. */
export interface AuditEntry {
  /** When it was asked for. */
  readonly since: Date;
  readonly identity: string;
  readonly session: string;
  /** As in the label of its stream: `tcp HOST:PORT`, `accepted LISTENER`, … */
  readonly opening: string;
  readonly outcome: "ended" | "sessionEnded" | Failure;
  /** Of one that was reset: the peer (or who it came from there), the target, or who came to a port of ours. */
  readonly resetBy?: "peer" | "target" | "caller";
  /** From the target, or who came to a port of ours, to the peer; and back. */
  readonly sentOctets: number;
  readonly receivedOctets: number;
  readonly ms: number;
}

/** What the far end of a tunnel allows, and to how much. Only `allow` must be given. */
export interface TunnelServerOptions {
  /** What may be reached, by whom. Nothing without a rule. */
  readonly allow: readonly Rule[];
  /** Connections of one session at a time. Default: 1,000. */
  readonly connectionsMax?: number;
  /** How long a target may take to answer. Default: 10 s. */
  readonly connectMs?: number;
  /** How long a flow of datagrams may be silent. Default: 60 s, as most NATs have it. */
  readonly datagramIdleMs?: number;
  /** What one identity may have, of all sessions that are given the same ledger. Default: no quotas. */
  readonly ledger?: TunnelLedger;
  /** Has connections go over to the process that replaces this one, and has those that came over. */
  readonly handover?: TunnelHandover;
  /** Told of each connection when it has ended, also of those that came to nothing. */
  readonly audit?: (entry: AuditEntry) => void;
}

/** Serves the streams that a peer opens, until the session ends. Never rejects. */
export async function serveTunnel(session: Session, options: TunnelServerOptions): Promise<void> {
  const server = new TunnelServer(session, options);
  const { handover } = options;
  handover?.enter(server);
  // Streams that came over are there already, and are all taken before anything else happens.
  if (handover) setImmediate(() => handover.settled(session.id));
  for await (const stream of session.streams) void server.serve(stream);
  handover?.leave(server);
}

class TunnelServer implements RestingServer {
  readonly session: Session;
  readonly live = new Set<Live>();
  readonly #options: TunnelServerOptions;
  /** Opens when it goes on; there while nothing new may be begun. */
  #resting: Gate | undefined;
  /** Control connections of FTP, by the number of their stream. */
  readonly #controls = new Map<number, FtpTargetSide>();
  #connections = 0;

  constructor(session: Session, options: TunnelServerOptions) {
    this.session = session;
    this.#options = options;
  }

  rest(): void {
    this.#resting = new Gate();
  }

  goOn(): void {
    this.#resting?.open();
    this.#resting = undefined;
  }

  /** Serves one stream to its end, and says what became of it. Never rejects. */
  async serve(stream: SessionStream): Promise<void> {
    const { label } = stream;
    const fail = (failure: Failure) => stream.reset(failures[failure]);
    const passed = this.#options.handover?.take(this.session.id, stream.id);
    if (passed) {
      const { socket } = passed;
      // Without one there is nothing to do here: its stream has everything.
      const work = async (connection: Connection) =>
        socket && this.#splice(socket, stream, connection);
      return this.#counted(label, fail, work, passed);
    }
    // What it was connected to did not come over with it.
    if (stream.isCarried) return fail("lost");
    await this.#resting?.wait();
    await this.#counted(label, fail, (connection) =>
      this.#open(stream, parseOpening(label), connection),
    );
  }

  /**
   * One connection from when it is asked for to its end: in the quotas, and in the audit; by the process
   * that has it last.
   *
   * @param passed - It was begun by another one.
   */
  async #counted(
    opening: string,
    fail: (failure: Failure) => void,
    work: (connection: Connection) => Promise<void>,
    passed?: Passed,
  ): Promise<void> {
    const { connectionsMax = 1000, ledger, audit } = this.#options;
    const { identity, id } = this.session;
    const begun = passed?.connection;
    const since = new Date(begun?.since ?? Date.now());
    const start = performance.now() - (begun?.ms ?? 0);
    const traffic = noTraffic();
    traffic.sentOctets = begun?.sentOctets ?? 0;
    traffic.receivedOctets = begun?.receivedOctets ?? 0;
    const share = ledger?.enter(identity);
    const connection: Connection = {
      traffic,
      pace: share?.hasRate ? paceOf(share) : undefined,
      since,
      start,
      isPassed: passed !== undefined,
    };
    let ended: Pick<AuditEntry, "outcome" | "resetBy"> = { outcome: "ended" };
    this.#connections += 1;
    try {
      const isOver = ledger !== undefined && share === undefined;
      const isTooMuch = isOver || this.#connections > connectionsMax;
      if (isTooMuch && passed === undefined) throw new Refusal("limit");
      await work(connection);
    } catch (error) {
      if (error instanceof Left) return;
      const failure = failureOfAny(error);
      fail(failure);
      if (this.session.end) ended = { outcome: "sessionEnded" };
      else if (failure !== "reset") ended = { outcome: failure };
      else ended = { outcome: failure, resetBy: resetterOf(error, opening) };
    }
    this.#connections -= 1;
    if (share) ledger?.leave(share, performance.now());
    const ms = Math.round(performance.now() - start);
    audit?.({ since, identity: identity.name, session: id, opening, ...ended, ...traffic, ms });
  }

  /** Joins the two, as one that can go over to another process. */
  async #splice(
    socket: Socket,
    stream: SessionStream,
    { traffic, pace, since, start, isPassed }: Connection,
    early?: Uint8Array,
  ): Promise<void> {
    const splice = new Splice(socket, stream, traffic, pace, isPassed);
    const describe = () => ({
      session: this.session.id,
      stream: stream.id,
      since: since.getTime(),
      ms: Math.round(performance.now() - start),
      ...traffic,
      hasEnded: splice.hasEnded,
    });
    const live = { splice, describe };
    this.live.add(live);
    try {
      await splice.run(early);
    } catch (error) {
      throw splice.isPassed ? new Left() : error;
    } finally {
      this.live.delete(live);
    }
  }

  async #open(stream: SessionStream, opening: Opening, connection: Connection): Promise<void> {
    switch (opening.type) {
      case "tcp":
        this.#check("tcp", opening.target);
        return this.#connect(stream, opening.target, connection);
      case "udp":
        this.#check("udp", opening.target);
        return this.#exchange(stream, opening.target, connection);
      case "listen":
        this.#check("listen", opening.target);
        return this.#listen(stream, opening.target);
      case "ftp":
        this.#check("tcp", opening.target);
        return this.#control(stream, opening.target, connection);
      case "ftp-passive": {
        const target = this.#controls.get(opening.control)?.takePassive(opening.port);
        if (target === undefined) throw new Refusal("notAllowed");
        return this.#connect(stream, target, connection);
      }
      default:
        throw new Refusal("notAllowed");
    }
  }

  #check(protocol: "tcp" | "udp" | "listen", target: Target): void {
    const { name } = this.session.identity;
    if (!isAllowed(this.#options.allow, protocol, target, name)) throw new Refusal("notAllowed");
  }

  async #connect(stream: SessionStream, target: Target, connection: Connection): Promise<void> {
    const socket = await connectTo(target, this.#options.connectMs ?? 10_000);
    // Nobody has said anything yet: the next process connects anew.
    await this.#resting?.wait();
    try {
      stream.tryWrite(CONNECTED)?.catch(() => {});
    } catch (error) {
      // Who asked for it has given up meanwhile.
      resetSocket(socket);
      throw error;
    }
    await this.#splice(socket, stream, connection);
  }

  async #control(stream: SessionStream, target: Target, { traffic }: Connection): Promise<void> {
    const socket = await connectTo(target, this.#options.connectMs ?? 10_000);
    try {
      await stream.write(CONNECTED);
    } catch (error) {
      resetSocket(socket);
      throw error;
    }
    const side = new FtpTargetSide(socket, target, (from, address) => {
      const opening = { type: "ftp-active", control: stream.id, target: address } as const;
      void this.#forward(from, formatOpening(opening));
    });
    this.#controls.set(stream.id, side);
    try {
      await side.run(stream, traffic);
    } finally {
      this.#controls.delete(stream.id);
      side.close();
    }
  }

  async #listen(stream: SessionStream, at: Target): Promise<void> {
    let server: Server | undefined;
    try {
      const listening = await listenAt(at, (socket) => {
        void this.#forward(socket, formatOpening({ type: "accepted", listener: stream.id }));
      }).catch(() => {
        throw new Refusal("cannotListen");
      });
      server = listening.server;
      await stream.write(concatOctets([CONNECTED, utf8(formatTarget(listening.address))]));
      // Nothing comes; it ends when the peer wants no more, or with the session.
      while (await stream.read());
      stream.end();
    } finally {
      server?.close();
    }
  }

  /** A connection that came to us is for the peer. Never rejects. */
  async #forward(socket: Socket, label: string): Promise<void> {
    socket.on("error", () => {});
    const fail = () => resetSocket(socket);
    await this.#resting?.wait();
    await this.#counted(label, fail, async (connection) => {
      const stream = this.session.openStream(label);
      const first = await stream.read();
      await this.#splice(socket, stream, connection, first?.subarray(CONNECTED.length));
    });
  }

  async #exchange(
    stream: SessionStream,
    { host, port }: Target,
    { traffic, pace }: Connection,
  ): Promise<void> {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const { datagramIdleMs = 60_000 } = this.#options;
    const idle = setTimeout(() => stream.reset(failures.timeout), datagramIdleMs);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.connect(port, host, () => resolve());
      });
      // A port that is closed answers by ICMP, which is an error here: datagrams are lost, no more.
      socket.removeAllListeners("error");
      socket.on("error", () => {});
      socket.on("message", (octets) => {
        idle.refresh();
        traffic.sentOctets += octets.length;
        // Nobody can be told to send less: what is too much is counted, and delays the other direction.
        void pace?.(octets.length);
        sendDatagram(stream, octets);
      });
      await stream.write(CONNECTED);
      for await (const octets of datagramsOf(stream)) {
        idle.refresh();
        traffic.receivedOctets += octets.length;
        socket.send(octets);
        await pace?.(octets.length);
      }
      stream.end();
    } catch (error) {
      // A flow has no end of its own: it is over when either side has reset it, after a silence.
      const isOver = error instanceof SessionError && error.code === "ERR_ABORTED";
      if (!isOver || this.session.end) throw error;
    } finally {
      clearTimeout(idle);
      socket.close();
    }
  }
}

/** What is kept of one while it lasts. */
interface Connection {
  readonly traffic: Traffic;
  readonly pace: Pace | undefined;
  readonly since: Date;
  /** The same on a clock that goes evenly. */
  readonly start: number;
  /** By another process, with its socket held. */
  readonly isPassed: boolean;
}

/** Another process has the connection now: it is that one's to count. */
class Left extends Error {}

function paceOf(share: Share): Pace {
  return (octets) => {
    const ms = share.spend(octets, performance.now());
    // The connection may end before: the timer keeps nothing alive.
    return ms === 0 ? undefined : sleep(ms, undefined, { ref: false });
  };
}

function failureOfAny(error: unknown): Failure {
  if (error instanceof Refusal) return error.failure;
  return error instanceof StreamResetError ? failureOfReset(error) : failureOf(error);
}

function resetterOf(error: unknown, opening: string): "peer" | "target" | "caller" {
  if (error instanceof StreamResetError) return "peer";
  return /^(accepted|ftp-active) /.test(opening) ? "caller" : "target";
}

/** We say no, and why. */
class Refusal extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure);
    this.failure = failure;
  }
}

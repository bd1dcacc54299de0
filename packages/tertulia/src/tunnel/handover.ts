/**
 * Connections of a node that go over to the process that replaces it: brought to rest here, passed with
 * their sockets by whoever starts that process, and gone on with there. docs/design/tunnel-upgrade.md.
 *
 * @module
 */

import type { Socket } from "node:net";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { resetSocket } from "../io/reset.ts";
import type { Session } from "../io/session.ts";
import type { Splice } from "./splice.ts";

/** What the next process has to know of a connection, besides what its session's store says: plain data. */
export interface PassedConnection {
  readonly session: string;
  readonly stream: number;
  /** When it was asked for, in ms since 1970, and how old it is by a clock that goes evenly. */
  readonly since: number;
  readonly ms: number;
  readonly sentOctets: number;
  readonly receivedOctets: number;
  /** Both sides have, and its stream only has to bring what was said last. */
  readonly hasEnded: boolean;
}

/** A connection that goes over, or has. */
export interface Passed {
  readonly connection: PassedConnection;
  /** At rest: nobody reads it, and nothing waits to be written to it. Absent when both sides have ended. */
  readonly socket: Socket | undefined;
}

/** A connection as its server has it. */
export interface Live {
  readonly splice: Splice;
  describe(): PassedConnection;
}

/** The server of one session. */
export interface RestingServer {
  readonly session: Session;
  readonly live: Iterable<Live>;
  /** Begins nothing new until `goOn`. */
  rest(): void;
  goOn(): void;
}

/** How long what was read of a session may take to be written: a target that does not read is lost. */
const FLUSH_MS = 1000;
/** Between two looks at who takes nothing. */
const DEAF_PAUSE_MS = 20;

/** One for all tunnel servers of a node. */
export class TunnelHandover implements Disposable {
  readonly #servers = new Set<RestingServer>();
  readonly #inherited = new Map<string, Passed>();
  #rested: readonly Live[] = [];

  /** @param inherited - What the process before has passed; sockets that nobody reads yet. */
  constructor(inherited: Iterable<Passed> = []) {
    for (const one of inherited) {
      this.#inherited.set(keyOf(one.connection.session, one.connection.stream), one);
    }
  }

  /**
   * Brings all connections to rest, and leaves their streams as they are for the next process. Those
   * whose target does not read are reset with `lost`. Sessions without a store, and what is no TCP
   * connection through and through (FTP's control, datagrams), stay what they are.
   *
   * @returns Those to be passed on; until {@link goOn} nothing goes through them here.
   */
  async rest(): Promise<readonly Passed[]> {
    // While everything goes on: once it rests, all would wait for the one that does not read.
    const deaf = await this.#deaf();
    const servers = [...this.#servers].filter(({ session }) => session.isKept);
    for (const server of servers) {
      server.rest();
      for (const { splice } of server.live) splice.hold();
    }
    // What ends with what was just read does so now.
    await setImmediate();
    const rested: Live[] = [];
    for (const server of servers) {
      for (const live of server.live) {
        if (!deaf.has(live.splice) && live.splice.settle()) rested.push(live);
        else live.splice.lose();
      }
      // What was read of the sockets is in the streams, and goes over with them.
      server.session.carryStreams();
    }
    await Promise.all(rested.map(({ splice }) => splice.flushed(FLUSH_MS)));
    this.#rested = rested.filter(({ splice }) => splice.isFlushed);
    for (const { splice } of rested) if (!splice.isFlushed) splice.lose();
    for (const { splice } of this.#rested) splice.pass();
    return this.#rested.map((live) => ({
      connection: live.describe(),
      socket: live.splice.hasEnded ? undefined : live.splice.socket,
    }));
  }

  /** It is not to be: everything goes on here. */
  goOn(): void {
    this.#rested = [];
    for (const server of this.#servers) {
      if (server.session.isKept) server.session.carryStreams(false);
      for (const { splice } of server.live) splice.goOn();
      server.goOn();
    }
  }

  /** Resets what was passed on: the process that had it has ended, and nobody knows how far it came. */
  lose(): void {
    for (const { splice } of this.#rested) resetSocket(splice.socket);
    this.#rested = [];
  }

  /** Resets what was passed to this process and belongs to none of these sessions. */
  dropOthers(sessions: ReadonlyMap<string, unknown>): void {
    this.#drop((session) => !sessions.has(session));
  }

  /** Closes what was passed to this process and not taken, and what this one has passed on. */
  [Symbol.dispose](): void {
    this.#drop(() => true);
    // The other process has them: our copies only.
    for (const { splice } of this.#rested) splice.socket.destroy();
  }

  // For the servers.

  enter(server: RestingServer): void {
    this.#servers.add(server);
  }

  leave(server: RestingServer): void {
    this.#servers.delete(server);
  }

  /** What was passed of this stream, once. */
  take(session: string, stream: number): Passed | undefined {
    const key = keyOf(session, stream);
    const passed = this.#inherited.get(key);
    this.#inherited.delete(key);
    return passed;
  }

  /** All streams of a session are taken: sockets without one are of streams that were reset meanwhile. */
  settled(session: string): void {
    this.#drop((one) => one === session);
  }

  /** Those of which nothing is taken for as long as they would get to be flushed. */
  async #deaf(): Promise<Set<Splice>> {
    const taken = new Map<Splice, number>();
    for (const { session, live } of this.#servers) {
      if (!session.isKept) continue;
      for (const { splice } of live) if (!splice.isFlushed) taken.set(splice, splice.takenOctets);
    }
    const by = performance.now() + FLUSH_MS;
    while (taken.size > 0 && performance.now() < by) {
      await sleep(DEAF_PAUSE_MS);
      for (const [splice, octets] of taken) {
        if (splice.isFlushed || splice.takenOctets > octets) taken.delete(splice);
      }
    }
    return new Set(taken.keys());
  }

  #drop(isMeant: (session: string) => boolean): void {
    for (const [key, { connection, socket }] of this.#inherited) {
      if (!isMeant(connection.session)) continue;
      this.#inherited.delete(key);
      if (socket) resetSocket(socket);
    }
  }
}

function keyOf(session: string, stream: number): string {
  return `${session}/${stream}`;
}

/**
 * One octet stream in a session: what waits to be sent, what waits to be read, and the flow of
 * both directions. Bookkeeping only; the link decides.
 *
 * @module
 */

import { Fifo } from "../fifo.ts";
import { concatOctets } from "../octets.ts";
import type { CarriedStream } from "./carried.ts";
import type { Flow } from "./flow.ts";

/** Received pieces smaller than this are gathered, so that a window of single octets stays small. */
const GATHER_OCTETS = 2048;
const GATHERED_OCTETS = 16 * 1024;

/** Octets that were written and are not in the journal from `offset` on. */
interface Pending {
  readonly octets: Uint8Array;
  offset: number;
  /** Their memory is ours: the journal gets a copy, and they are let go of. */
  readonly isGiven: boolean;
}

export class StreamState {
  readonly id: number;
  readonly label: string;

  /** Written by the application, not yet in the journal. */
  readonly pending: Fifo<Pending> = new Fifo();
  pendingOctets = 0;
  /** The application will write no more; END follows what is pending. */
  isEnding = false;
  isEndSent = false;
  /** The application waits to be told that it may write on. */
  isBlocked = false;
  /** Already in the list of streams that have something to send. */
  isQueued = false;

  readonly flow: Flow;
  readonly #inbox: Fifo<Uint8Array> = new Fifo();
  /** Views of what came since the last {@link gather}. */
  readonly #arrived: Uint8Array[] = [];
  #gathering: Uint8Array | undefined;
  #gathered = 0;
  isPeerEnded = false;
  /** Whoever read it is gone: what still comes is dropped. */
  isLost = false;
  /** A process before this one has used it, and has carried it over. */
  isCarried = false;
  /** The grant is to be stated again, after a resume. */
  isCreditDirty = false;

  constructor(id: number, label: string, flow: Flow) {
    this.id = id;
    this.label = label;
    this.flow = flow;
  }

  /** Whether something waits to be read. */
  get isReadable(): boolean {
    return this.#inbox.length > 0 || this.#gathered > 0 || this.#arrived.length > 0;
  }

  /**
   * Takes a view of what came: {@link gather} puts it where `read` finds it, and what it is a view of has
   * to stay until then. Whether it is the first since the last `gather`.
   */
  push(octets: Uint8Array): boolean {
    this.flow.received += octets.length;
    return this.#arrived.push(octets) === 1;
  }

  /** Takes octets of which nobody else has the memory. */
  pushApart(octets: Uint8Array): void {
    this.flow.received += octets.length;
    this.gather();
    this.#put(octets);
  }

  /**
   * Puts what came where `read` finds it: one copy of all, of which nobody else has the memory, and which
   * holds what credit counts. Whoever passes it on does so at once.
   */
  gather(): void {
    const arrived = this.#arrived;
    if (arrived.length === 0) return;
    const octets = concatOctets(arrived);
    arrived.length = 0;
    this.#put(octets);
  }

  #put(octets: Uint8Array): void {
    if (octets.length >= GATHER_OCTETS) {
      this.#flushGathered();
      this.#inbox.push(octets);
      return;
    }
    if (this.#gathering && this.#gathered + octets.length > this.#gathering.length) {
      this.#flushGathered();
    }
    if (this.#gathering === undefined) {
      // The first small piece is likely to be read at once.
      if (this.#inbox.length === 0) {
        this.#inbox.push(octets);
        return;
      }
      this.#gathering = new Uint8Array(GATHERED_OCTETS);
    }
    this.#gathering.set(octets, this.#gathered);
    this.#gathered += octets.length;
  }

  /**
   * The oldest piece that waits, in memory that is nobody else's; what is taken is free for the peer to
   * send anew.
   */
  read(): Uint8Array | undefined {
    if (this.#inbox.length === 0) this.#flushGathered();
    const octets = this.#inbox.shift();
    if (octets) this.flow.consumed += octets.length;
    return octets;
  }

  /** What the process that goes on with it has to know, as views of what there is now. */
  get carried(): CarriedStream {
    const { id, isEnding, isEndSent, isPeerEnded } = this;
    const pending = Array.from(this.pending.from(0), ({ octets, offset }) =>
      octets.subarray(offset),
    );
    const gathered = this.#gathering?.subarray(0, this.#gathered);
    const unread = [...this.#inbox.from(0), ...(gathered ? [gathered] : [])];
    return {
      ...{ id, isEnding, isEndSent, isPeerEnded },
      pending: concatOctets(pending),
      unread: concatOctets(unread),
    };
  }

  /** Stands where the process before left it; of the flow, what was written and taken is known. */
  goOn({ isEnding, isEndSent, isPeerEnded, pending, unread }: CarriedStream): void {
    Object.assign(this, { isEnding, isEndSent, isPeerEnded });
    if (pending.length > 0) this.pending.push({ octets: pending, offset: 0, isGiven: true });
    this.pendingOctets = pending.length;
    if (unread.length > 0) this.#inbox.push(unread);
    this.flow.received += unread.length;
  }

  /** Drops what is pending and what waits to be read. */
  clear(): void {
    this.pending.clear();
    this.pendingOctets = 0;
    this.isBlocked = false;
    this.#inbox.clear();
    this.#arrived.length = 0;
    this.#gathering = undefined;
    this.#gathered = 0;
    this.flow.consumed = this.flow.received;
  }

  #flushGathered(): void {
    if (this.#gathering === undefined || this.#gathered === 0) return;
    this.#inbox.push(this.#gathering.subarray(0, this.#gathered));
    this.#gathering = undefined;
    this.#gathered = 0;
  }
}

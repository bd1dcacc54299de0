/**
 * One octet stream in a session: what waits to be sent, what waits to be read, and the flow of
 * both directions. Bookkeeping only; the link decides.
 *
 * @module
 */

import { Fifo } from "../fifo.ts";
import { concatOctets, keptOctets, LENT_OCTETS_MIN, type LentMemory } from "../octets.ts";
import type { CarriedStream } from "./carried.ts";
import type { Flow } from "./flow.ts";
import { Pending } from "./pending.ts";

/** Received pieces smaller than this are gathered, so that a window of single octets stays small. */
const GATHER_OCTETS = 2048;
const GATHERED_OCTETS = 16 * 1024;

/** Octets that came. */
export interface Received {
  readonly octets: Uint8Array;
  /** Their memory, to be given back; else it is nobody else's. */
  readonly lent: LentMemory | undefined;
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
  readonly #inbox: Fifo<Received> = new Fifo();
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
   * Puts what came where `take` finds it: much in one piece as it is, if its memory may be kept, else one
   * copy of all, of which nobody else has the memory, and which holds what credit counts. Whoever passes
   * it on does so at once.
   */
  gather(lent?: LentMemory): void {
    const arrived = this.#arrived;
    const [first] = arrived;
    if (first === undefined) return;
    if (arrived.length === 1 && first.length >= LENT_OCTETS_MIN && lent?.keep()) {
      this.#flushGathered();
      this.#inbox.push({ octets: first, lent });
    } else {
      this.#put(concatOctets(arrived));
    }
    arrived.length = 0;
  }

  #put(octets: Uint8Array): void {
    if (octets.length >= GATHER_OCTETS) {
      this.#flushGathered();
      this.#inbox.push(own(octets));
      return;
    }
    if (this.#gathering && this.#gathered + octets.length > this.#gathering.length) {
      this.#flushGathered();
    }
    if (this.#gathering === undefined) {
      // The first small piece is likely to be read at once.
      if (this.#inbox.length === 0) {
        this.#inbox.push(own(octets));
        return;
      }
      this.#gathering = new Uint8Array(GATHERED_OCTETS);
    }
    this.#gathering.set(octets, this.#gathered);
    this.#gathered += octets.length;
  }

  /** As {@link take}, in memory that is nobody else's. */
  read(): Uint8Array | undefined {
    const received = this.take(undefined);
    const { octets, lent } = received ?? {};
    if (octets === undefined || lent === undefined) return octets;
    const kept = keptOctets(octets);
    lent.giveBack();
    return kept;
  }

  /**
   * The oldest piece that waits; what is taken is free for the peer to send anew.
   *
   * @param lent - The memory of what was not gathered yet.
   */
  take(lent: LentMemory | undefined): Received | undefined {
    const received = this.#takeArrived(lent) ?? this.#takeGathered();
    if (received) this.flow.consumed += received.octets.length;
    return received;
  }

  /** Much that has just come, as it is, if nothing waits before it. */
  #takeArrived(lent: LentMemory | undefined): Received | undefined {
    const [octets] = this.#arrived;
    if (octets === undefined || octets.length < LENT_OCTETS_MIN) return undefined;
    if (this.#inbox.length > 0 || this.#gathered > 0 || !lent?.keep()) return undefined;
    this.#arrived.shift();
    return { octets, lent };
  }

  #takeGathered(): Received | undefined {
    if (this.#inbox.length === 0 && this.#gathered === 0) this.gather();
    if (this.#inbox.length === 0) this.#flushGathered();
    return this.#inbox.shift();
  }

  /** What the process that goes on with it has to know, as views of what there is now. */
  get carried(): CarriedStream {
    const { id, isEnding, isEndSent, isPeerEnded } = this;
    const pending = Array.from(this.pending.from(0), ({ rest }) => rest);
    const gathered = this.#gathering?.subarray(0, this.#gathered);
    const waiting = Array.from(this.#inbox.from(0), ({ octets }) => octets);
    const unread = [...waiting, ...(gathered ? [gathered] : [])];
    return {
      ...{ id, isEnding, isEndSent, isPeerEnded },
      pending: concatOctets(pending),
      unread: concatOctets(unread),
    };
  }

  /** Stands where the process before left it; of the flow, what was written and taken is known. */
  goOn({ isEnding, isEndSent, isPeerEnded, pending, unread }: CarriedStream): void {
    Object.assign(this, { isEnding, isEndSent, isPeerEnded });
    if (pending.length > 0) this.pending.push(new Pending(pending, true));
    this.pendingOctets = pending.length;
    if (unread.length > 0) this.#inbox.push(own(unread));
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
    this.#inbox.push(own(this.#gathering.subarray(0, this.#gathered)));
    this.#gathering = undefined;
    this.#gathered = 0;
  }
}

function own(octets: Uint8Array): Received {
  return { octets, lent: undefined };
}

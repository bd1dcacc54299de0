/**
 * What comes to a link that is kept: it is put aside until its sender's store and ours have it, and only then
 * looked into; after a crash it is read again. docs/protocol.md, section 5.5; docs/design/durability.md.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { type Loan, Reader } from "../octets.ts";
import type { Arrivals } from "./arrivals.ts";
import { FrameReader } from "./frame-reader.ts";
import { DIALOGUE, DIALOGUE_EXPEDITED, laneOf, MESSAGE, OPTIONAL, STORED } from "./frames.ts";
import { EVERYTHING } from "./held.ts";
import type { Inbox } from "./inbox.ts";
import type { Keeper } from "./keeper.ts";
import type { Cursor, KeptState } from "./kept-state.ts";
import type { LinkChanges } from "./link-keeping.ts";
import type { LinkParts } from "./link-parts.ts";
import type { Overlap } from "./overlap.ts";

/** What the link does with what may be looked into. */
export interface LookedInto {
  /** It has ended: nothing more is looked into. */
  readonly isStopped: boolean;
  /** Does what a frame says. */
  dispatch(type: number, reader: FrameReader): void;
  /** The octets that the last frames were views of are not to be kept. */
  gather(): void;
  /** Has what was received acknowledged at once. */
  acknowledge(): void;
  /** What a process before this one may have looked into is looked into. */
  restored(): void;
}

/** What a store has of the journal `received`. */
interface Run {
  readonly start: number;
  readonly octets: Uint8Array;
}

export class KeptArrivals {
  readonly #parts: LinkParts;
  readonly #keeper: Keeper;
  readonly #arrivals: Arrivals;
  readonly #inbox: Inbox;
  readonly #link: LookedInto;
  /** The last time that we were told of. */
  #now = 0;

  constructor(
    parts: LinkParts,
    keeper: Keeper,
    arrivals: Arrivals,
    inbox: Inbox,
    link: LookedInto,
  ) {
    this.#parts = parts;
    this.#keeper = keeper;
    this.#arrivals = arrivals;
    this.#inbox = inbox;
    this.#link = link;
  }

  /** Whether something came that is still to be stored: what came too late is not. */
  get hasStaged(): boolean {
    return !this.#link.isStopped && this.#keeper.held.hasStaged;
  }

  /**
   * Reads a chunk: puts aside what is counted on a lane, until it is stored, and does the rest at once.
   *
   * @throws {ProtocolError} as `Link.receive`.
   */
  receive(reader: FrameReader, chunk: Uint8Array, now: number, loan: Loan | undefined): void {
    const keeper = this.#keeper;
    const { held, overlap } = keeper;
    const arrivals = this.#arrivals;
    this.#now = now;
    reader.feed(chunk, loan);
    while (!this.#link.isStopped && reader.next()) {
      const lane = laneOf(reader.type);
      if (lane === undefined) {
        if (reader.type !== STORED || !overlap) this.#link.dispatch(reader.type, reader);
        else this.#receiveStored(overlap, new Reader(reader.body(), "Tertulia 2.2 STORED"));
        continue;
      }
      if (overlap?.isHeard === false) {
        throw new ProtocolError("unexpectedFrame", "Tertulia 5.5", "STORED comes first");
      }
      if (lane === 0) {
        arrivals.cursor0 += reader.size;
        if (arrivals.cursor0 > held.arrived0) held.stage(0, reader);
      } else {
        arrivals.cursor1 += reader.size;
        if (arrivals.cursor1 > held.arrived1) held.stage(1, reader);
      }
    }
    const { lane0, lane1 } = this.#parts;
    const isFreed = lane0.start > keeper.forgotten0 || lane1.start > keeper.forgotten1;
    if (isFreed) keeper.settleLater(now);
    this.#inbox.announce();
  }

  /** Something is being stored. */
  collected(now: number): void {
    this.#now = now;
  }

  /** It is stored: it may be looked into. @throws {ProtocolError} as `Link.receive`. */
  stored({ appends }: LinkChanges): void {
    const keeper = this.#keeper;
    for (const { journal } of appends) if (journal === "received") keeper.held.stored();
    this.#lookAtHeld(keeper.peerStored);
  }

  /**
   * The peer does not come back: what a process before this one had may have been acknowledged, whether
   * the peer's store has it or not.
   *
   * @throws {ProtocolError} as `Link.receive`.
   */
  lookAtAll(): void {
    if (!this.#keeper.isRestoring) return;
    this.#lookAtHeld(EVERYTHING);
    this.#endRestoring();
  }

  /**
   * Begins with what is kept of what came: reads what had its effects, for the messages.
   *
   * @throws {ProtocolError} as `Link.receive`.
   */
  restore(state: KeptState, run: Run, now: number): void {
    const { limits, windows } = this.#parts;
    const keeper = this.#keeper;
    const arrivals = this.#arrivals;
    this.#now = now;
    const [end0, end1] = state.received;
    const seen = run.octets.subarray(0, seenOctets(state, run));
    const reader = new FrameReader(limits.frameOctetsMax);
    let size0 = 0;
    reader.feed(seen);
    while (reader.next()) if (laneOf(reader.type) === 0) size0 += reader.size;
    arrivals.received0 = end0 - size0;
    arrivals.received1 = end1 - (seen.length - size0);
    keeper.restore(run.start, state);
    windows.restore([0, 0, 0]);
    keeper.isRestoring = true;
    this.#look(seen, true);
    windows.restore(state.counted);
  }

  /**
   * Goes on with the rest of it.
   *
   * @param cursor - What the application has besides.
   * @throws {ProtocolError} as `Link.receive`.
   */
  restoreRest(state: KeptState, run: Run, cursor: Cursor): void {
    const keeper = this.#keeper;
    keeper.restored(state, run.octets.subarray(seenOctets(state, run)));
    if (keeper.overlap === undefined) {
      this.#lookAtHeld(EVERYTHING);
      this.#endRestoring();
    } else {
      // What the application has had, the peer's store had. Of the rest the peer will tell.
      this.#lookAtHeld(keeper.held.seenBy(cursor, this.#arrivals.received));
    }
  }

  /** What the peer says of what its store has (Tertulia 5.5). */
  #receiveStored(overlap: Overlap, fields: Reader): void {
    const { received, cursor } = this.#arrivals;
    const keeper = this.#keeper;
    const starts = overlap.receive(fields);
    if (starts) {
      if (starts[0] < received[0] || starts[1] < received[1]) notStored(starts, received);
      keeper.held.cut(received, starts);
    }
    const { arrived } = keeper.held;
    if (arrived[0] < cursor[0] || arrived[1] < cursor[1]) notStored(arrived, cursor);
    this.#lookAtHeld(keeper.peerStored);
    this.#endRestoring();
  }

  /** Looks into what both stores have, the sender's up to these positions. */
  #lookAtHeld(until: Cursor): void {
    const keeper = this.#keeper;
    for (;;) {
      const octets = keeper.held.take(this.#arrivals.received, until);
      if (octets === undefined) return;
      this.#look(octets);
      // The peer waits for this, and nothing is gained by waiting longer.
      this.#link.acknowledge();
      // Both stores have it, and after a crash ours is to know without the peer.
      if (keeper.overlap) keeper.settleLater(this.#now);
    }
  }

  /** Does what stored frames say; with `isAgain`, only what they say to the application as messages. */
  #look(octets: Uint8Array, isAgain = false): void {
    const link = this.#link;
    const inbox = this.#inbox;
    const keeper = this.#keeper;
    const arrivals = this.#arrivals;
    const { reader } = keeper;
    inbox.expect();
    reader.feed(octets);
    while (!link.isStopped && reader.next()) {
      const { type, size } = reader;
      const lane = laneOf(type) ?? 0;
      if (lane === 0) arrivals.received0 += size;
      else arrivals.received1 += size;
      const unread = inbox.length;
      const isMessage = type >= MESSAGE && type < OPTIONAL;
      const end = lane === 0 ? arrivals.received0 : arrivals.received1;
      const isSpdu = type === DIALOGUE || type === DIALOGUE_EXPEDITED;
      const isToDo = isSpdu ? !keeper.isSpduDone(lane, end) : !isAgain;
      if (isMessage || isToDo) link.dispatch(type, reader);
      const isNew = inbox.length > unread;
      keeper.saw(size, end, lane, isNew, inbox.isIncomplete);
      if (isSpdu && isToDo) keeper.sawSpdu(lane, end, size);
    }
    link.gather();
    inbox.announce();
  }

  #endRestoring(): void {
    if (!this.#keeper.isRestoring) return;
    this.#keeper.isRestoring = false;
    this.#link.restored();
  }
}

/** Octets of what is kept that had their effects. */
function seenOctets({ received }: KeptState, { start }: Run): number {
  return received[0] + received[1] - start;
}

function notStored(have: Cursor, need: Cursor): never {
  throw new ProtocolError("badStored", "Tertulia 5.5", `need ${need}, have ${have}`);
}

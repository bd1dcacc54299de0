/**
 * Sockets that read into one memory, the same for all of them.
 *
 * Node else makes 64 KiB for each read, however short, and a question or an answer is a read of its own.
 * A socket on which much comes reads into memory of its own, which whoever keeps what came may take, or
 * keep for a while, so that it is not copied; what is given back is read into again.
 *
 * The socket is told by what its documented option `onread` does, for sockets that are there already: a
 * Node that does it otherwise reads as it always does.
 *
 * @module
 */

import type { Socket } from "node:net";
import { type LentMemory, type Loan, unwrittenOctets } from "../pure/octets.ts";

const READ_OCTETS = 64 * 1024;
/** What is read with room in front ends so much before: with a frame's header it is read in one piece. */
const END_OCTETS = 48;
/** A read of this much, nearly a TLS record, is the first of many: the next have memory of their own. */
const MUCH_OCTETS = 12 * 1024;
/** So many reads of less than this, one after the other, are the last of many. */
const LITTLE_OCTETS = 4 * 1024;
const LITTLE_MAX = 8;
/** Less than this is not worth the whole of the memory. */
const TAKEN_OCTETS = 32 * 1024;
/** Sockets with memory of their own: one on which nothing comes any more keeps it. */
const OWN_MAX = 32;
/** Blocks that wait to be read into again, of all sockets: 8 MiB. */
const SPARE_MAX = 128;

let shared: Uint8Array | undefined;
let owners = 0;
let spares = 0;

/** Where Node keeps what `onread` says: memory, whom to tell of a read, and who gives the memory of the next. */
let places: readonly [symbol, symbol, symbol] | undefined;

/** Who is told of each read: octets that are there until it returns, unless the loan is taken or its memory kept. */
export interface Borrower {
  borrowed(octets: Uint8Array, loan: Loan): void;
}

/**
 * Has a socket, which does not read yet, tell of each read. What was read before waits in the stream.
 * False where this Node cannot do that.
 *
 * @param frontOctets - Of memory of its own, what is free in front of what is read.
 */
export function readShared(socket: Socket, borrower: Borrower, frontOctets = 0): boolean {
  places ??= placesOf(socket);
  const handle: unknown = Reflect.get(socket, "_handle");
  if (places === undefined || !isReading(handle)) return false;
  const [memory, callback] = places;
  shared ??= unwrittenOctets(READ_OCTETS);
  handle.useUserBuffer(shared);
  const reads = new Reads(socket, borrower, frontOctets);
  Reflect.set(socket, memory, shared);
  Reflect.set(socket, callback, (size: number) => reads.came(size));
  return true;
}

function placesOf(socket: Socket): typeof places {
  const symbols = Object.getOwnPropertySymbols(socket);
  const [memory, callback, next] = ["kBuffer", "kBufferCb", "kBufferGen"].map((name) =>
    symbols.find(({ description }) => description === name),
  );
  return memory && callback && next && [memory, callback, next];
}

/** What one socket reads. An idle one has this and no more. */
class Reads implements Loan {
  readonly #socket: Socket;
  readonly #borrower: Borrower;
  readonly #frontOctets: number;
  #own: OwnReads | undefined;

  constructor(socket: Socket, borrower: Borrower, frontOctets: number) {
    this.#socket = socket;
    this.#borrower = borrower;
    this.#frontOctets = frontOctets;
  }

  /** Node has read so much. */
  came(size: number): void {
    const own = this.#own;
    if (own !== undefined) return this.#borrower.borrowed(own.came(size), own.block);
    this.#borrower.borrowed((shared as Uint8Array).subarray(0, size), this); // made with the first
    if (size >= MUCH_OCTETS && owners < OWN_MAX) this.#begin();
  }

  take(): boolean {
    return false;
  }

  /** Reads into memory of its own from the next read on, until little comes. */
  #begin(): void {
    const [, , next] = places as NonNullable<typeof places>; // it reads
    const socket = this.#socket;
    const own = new OwnReads(this.#frontOctets);
    this.#own = own;
    owners += 1;
    const end = () => {
      Reflect.set(socket, next, null);
      this.#own = undefined;
      owners -= 1;
      own.end();
    };
    socket.once("close", end);
    // Asked for behind each read, for other memory than that of the read before.
    Reflect.set(socket, next, () => {
      if (own.isWorthwhile) return own.next();
      socket.off("close", end);
      end();
      return shared;
    });
  }
}

/** The memory of a socket's own. */
class OwnReads {
  readonly #frontOctets: number;
  readonly #spare: Block[] = [];
  /** What is read into. */
  block: Block;
  /** Octets that are lent. */
  lentOctets = 0;
  /** How far the block is read into. */
  #end = 0;
  /** Octets before that which come again, and how many belong to them. */
  #again = 0;
  #missing = 0;
  /** Reads of little, one after the other. */
  #little = 0;
  #hasEnded = false;

  constructor(frontOctets: number) {
    this.#frontOctets = frontOctets;
    this.block = new Block(this, frontOctets);
  }

  /** So much was read: what to lend. */
  came(size: number): Uint8Array {
    const start = this.#end - this.#again;
    this.#end += size;
    this.lentOctets = this.#end - start;
    this.#again = 0;
    this.#little = size < LITTLE_OCTETS ? this.#little + 1 : 0;
    return this.block.room.subarray(start, this.#end);
  }

  again(count: number, missing: number): boolean {
    if (count + missing > this.block.room.length) return false;
    this.#again = count;
    this.#missing = missing;
    return true;
  }

  get isWorthwhile(): boolean {
    return this.#little < LITTLE_MAX || this.#again > 0;
  }

  /** What to read into next, if it is not where the last read went to. */
  next(): Uint8Array | undefined {
    const { room, isTaken, isFree } = this.block;
    const [again, end] = [this.#again, this.#end];
    const isBehind = again > 0 && !isTaken && end + this.#missing <= room.length;
    if (isBehind) return room.subarray(end);
    if (!isFree) this.block = this.#other();
    if (again > 0) this.block.room.set(room.subarray(end - again, end));
    this.#end = again;
    return again === 0 ? this.block.room : this.block.room.subarray(again);
  }

  freed(block: Block): void {
    if (block === this.block || this.#hasEnded || spares >= SPARE_MAX) return;
    spares += 1;
    this.#spare.push(block);
  }

  #other(): Block {
    const block = this.#spare.pop();
    if (block) spares -= 1;
    return block ?? new Block(this, this.#frontOctets);
  }

  end(): void {
    this.#hasEnded = true;
    spares -= this.#spare.length;
    this.#spare.length = 0;
  }
}

/** Memory that is read into again once it is given back by all who have a part of it. */
class Block implements Loan, LentMemory {
  readonly memory: LentMemory = this;
  readonly frontOctets: number;
  /** What is read into of it. */
  readonly room: Uint8Array;
  isTaken = false;
  readonly #owner: OwnReads;
  #keepers = 0;

  constructor(owner: OwnReads, frontOctets: number) {
    this.#owner = owner;
    this.frontOctets = frontOctets;
    const end = READ_OCTETS - (frontOctets === 0 ? 0 : END_OCTETS);
    this.room = unwrittenOctets(READ_OCTETS).subarray(frontOctets, end);
  }

  get isFree(): boolean {
    return !this.isTaken && this.#keepers === 0;
  }

  take(): boolean {
    // Who has taken it may do with it what they like.
    if (this.#owner.lentOctets < TAKEN_OCTETS || this.#keepers > 0) return false;
    this.isTaken = true;
    return true;
  }

  keep(): boolean {
    if (this.isTaken) return false;
    this.#keepers += 1;
    return true;
  }

  again(count: number, missing: number): boolean {
    return this.#owner.again(count, missing);
  }

  giveBack(): void {
    this.#keepers -= 1;
    if (this.isFree) this.#owner.freed(this);
  }
}

interface Reading {
  useUserBuffer(octets: Uint8Array): void;
}

function isReading(handle: unknown): handle is Reading {
  return typeof handle === "object" && handle !== null && "useUserBuffer" in handle;
}

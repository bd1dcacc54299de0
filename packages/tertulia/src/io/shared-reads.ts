/**
 * Sockets that read into one memory, the same for all of them.
 *
 * Node else makes 64 KiB for each read, however short, and a question or an answer is a read of its own.
 * A socket on which much comes reads into memory of its own, which whoever keeps what came may take, so
 * that it is not copied.
 *
 * The socket is told by what its documented option `onread` does, for sockets that are there already: a
 * Node that does it otherwise reads as it always does.
 *
 * @module
 */

import type { Socket } from "node:net";
import { type Loan, unwrittenOctets } from "../pure/octets.ts";

const READ_OCTETS = 64 * 1024;
/** A read of this much is the first of many, and has memory of its own until one is less than the other. */
const MUCH_OCTETS = 32 * 1024;
const LITTLE_OCTETS = 4 * 1024;
/** Sockets with memory of their own: one on which nothing comes any more keeps it. */
const OWN_MAX = 32;

let shared: Uint8Array | undefined;
let owners = 0;

/** Where Node keeps what `onread` says: memory, whom to tell of a read, and who gives the memory of the next. */
let places: readonly [symbol, symbol, symbol] | undefined;

/** Who is told of each read: octets that are there until it returns, unless the loan is taken. */
export interface Borrower {
  borrowed(octets: Uint8Array, loan: Loan): void;
}

/**
 * Has a socket, which does not read yet, tell of each read. What was read before waits in the stream.
 * False where this Node cannot do that.
 */
export function readShared(socket: Socket, borrower: Borrower): boolean {
  places ??= placesOf(socket);
  const handle: unknown = Reflect.get(socket, "_handle");
  if (places === undefined || !isReading(handle)) return false;
  const [memory, callback, next] = places;
  shared ??= unwrittenOctets(READ_OCTETS);
  handle.useUserBuffer(shared);
  const reads = new Reads(socket, next, borrower, shared);
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
  /** Where Node looks for who gives the memory of the next read. */
  readonly #next: symbol;
  readonly #borrower: Borrower;
  /** What Node reads into. */
  #inUse: Uint8Array;
  #isOwner = false;
  #isTaken = false;
  #size = 0;

  constructor(socket: Socket, next: symbol, borrower: Borrower, memory: Uint8Array) {
    this.#socket = socket;
    this.#next = next;
    this.#borrower = borrower;
    this.#inUse = memory;
  }

  /** Node has read so much. */
  came(size: number): void {
    this.#size = size;
    this.#borrower.borrowed(this.#inUse.subarray(0, size), this);
    if (!this.#isOwner && size >= MUCH_OCTETS && owners < OWN_MAX) this.#own();
  }

  take(): boolean {
    if (!this.#isOwner || this.#size < MUCH_OCTETS) return false;
    this.#isTaken = true;
    return true;
  }

  /** Reads into memory of its own from the next read on, until little comes. */
  #own(): void {
    this.#isOwner = true;
    this.#isTaken = true;
    owners += 1;
    const socket = this.#socket;
    const onClose = () => this.#disown();
    socket.once("close", onClose);
    // Asked for behind each read, for other memory than that of the read before.
    Reflect.set(socket, this.#next, () => {
      if (this.#size < LITTLE_OCTETS) {
        socket.off("close", onClose);
        this.#disown();
        return this.#inUse;
      }
      if (!this.#isTaken) return undefined;
      this.#isTaken = false;
      this.#inUse = unwrittenOctets(READ_OCTETS);
      return this.#inUse;
    });
  }

  #disown(): void {
    Reflect.set(this.#socket, this.#next, null);
    this.#isOwner = false;
    owners -= 1;
    this.#inUse = shared as Uint8Array; // made with the first
  }
}

interface Reading {
  useUserBuffer(octets: Uint8Array): void;
}

function isReading(handle: unknown): handle is Reading {
  return typeof handle === "object" && handle !== null && "useUserBuffer" in handle;
}

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

/**
 * Has a socket, which does not read yet, call `received` with each read: octets that are there until it
 * returns, unless the loan is taken. What was read before waits in the stream. False where this Node
 * cannot do that.
 */
export function readShared(
  socket: Socket,
  received: (octets: Uint8Array, loan: Loan) => void,
): boolean {
  const symbols = Object.getOwnPropertySymbols(socket);
  const [buffer, callback, next] = ["kBuffer", "kBufferCb", "kBufferGen"].map((name) =>
    symbols.find(({ description }) => description === name),
  );
  const handle: unknown = Reflect.get(socket, "_handle");
  if (!buffer || !callback || !next || !isReading(handle)) return false;
  const reads = new Reads(received);
  handle.useUserBuffer(reads.memory);
  Reflect.set(socket, buffer, reads.memory);
  Reflect.set(socket, callback, reads.came);
  Reflect.set(socket, next, reads.next);
  socket.once("close", () => reads.disown());
  return true;
}

class Reads implements Loan {
  memory: Uint8Array;
  readonly #received: (octets: Uint8Array, loan: Loan) => void;
  /** What Node has. */
  #inUse: Uint8Array;
  #isOwner = false;
  #size = 0;

  constructor(received: (octets: Uint8Array, loan: Loan) => void) {
    this.#received = received;
    shared ??= unwrittenOctets(READ_OCTETS);
    this.memory = shared;
    this.#inUse = shared;
  }

  /** Node has read so much. */
  readonly came = (size: number): void => {
    this.#size = size;
    this.#received(this.#inUse.subarray(0, size), this);
  };

  /** Where Node reads next; nothing for where it has read. */
  readonly next = (): Uint8Array | undefined => {
    if (this.#isOwner && this.#size < LITTLE_OCTETS) this.disown();
    else if (!this.#isOwner && this.#size >= MUCH_OCTETS && owners < OWN_MAX) {
      this.#isOwner = true;
      owners += 1;
      this.memory = unwrittenOctets(READ_OCTETS);
    }
    if (this.memory === this.#inUse) return undefined;
    this.#inUse = this.memory;
    return this.memory;
  };

  take(): boolean {
    if (!this.#isOwner || this.#size < MUCH_OCTETS) return false;
    this.memory = unwrittenOctets(READ_OCTETS);
    return true;
  }

  disown(): void {
    if (!this.#isOwner) return;
    this.#isOwner = false;
    owners -= 1;
    this.memory = shared as Uint8Array; // made with the first
  }
}

interface Reading {
  useUserBuffer(octets: Uint8Array): void;
}

function isReading(handle: unknown): handle is Reading {
  return typeof handle === "object" && handle !== null && "useUserBuffer" in handle;
}

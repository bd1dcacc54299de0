/**
 * The duplicate request cache: a call that comes again is answered again, not executed again.
 *
 * The protocol has no exact identity for a call, RFC 5531 4 leaves it to the server. Here it is: who
 * (the caller's address without its port, which changes when he reconnects, and his credential), what
 * (program, version, procedure, a hash of the arguments) and the xid. An entry exists from before the
 * handler runs, so that a repetition of a running call waits for it. All is bounded, by count, octets
 * and age; what a bound takes away is the hole of every such cache, which sessions do not have.
 *
 * @module
 */

import { KeptReplies, type KeptReply } from "./kept-replies.ts";

/** How many replies of how many callers a duplicate request cache keeps, and for how long. */
export interface DuplicateLimits {
  /** Finished calls kept for one caller. Default 1,024: more than a client has in flight. */
  readonly entriesMax: number;
  /** Callers. Default 4,096; the one who was longest here goes first. */
  readonly callersMax: number;
  /** Octets of memory for all replies kept; the oldest go first. Default 64 MiB. */
  readonly octetsMax: number;
  /** Octets of one reply; of a larger one is only known that it was given. Default 64 KiB. */
  readonly replyMax: number;
  /** How long a reply is kept. Default 120 s, twice what an NFS client over TCP waits. */
  readonly ageMs: number;
}

export const DUPLICATE_LIMITS: DuplicateLimits = {
  entriesMax: 1024,
  callersMax: 4096,
  octetsMax: 64 * 1024 * 1024,
  replyMax: 64 * 1024,
  ageMs: 120_000,
};

/** What makes a call the same call, besides its caller. */
export interface CallIdentity {
  readonly xid: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly argumentOctets: number;
  readonly hashHigh: number;
  readonly hashLow: number;
}

/** One call that is running or was executed. */
export interface DuplicateEntry<Waiter> {
  readonly identity: CallIdentity;
  readonly caller: DuplicateCaller<Waiter>;
  state: "running" | "done" | "dropped";
  /** Where the whole reply is; `undefined` when it was too large to keep. See {@link DuplicateCache.reply}. */
  kept: KeptReply<DuplicateEntry<Waiter>> | undefined;
  at: number;
  older: DuplicateEntry<Waiter> | undefined;
  newer: DuplicateEntry<Waiter> | undefined;
  /** Who else wants the reply of a running call. */
  waiters: Waiter[] | undefined;
}

/** The calls of one caller. */
export interface DuplicateCaller<Waiter> {
  readonly name: string;
  readonly entries: Map<number, DuplicateEntry<Waiter>>;
  /** The ends of the entries' chain by age, which a map that much is deleted from is slow to tell. */
  oldest: DuplicateEntry<Waiter> | undefined;
  newest: DuplicateEntry<Waiter> | undefined;
  /** Whether it had to make room for others; it comes back with its next call. */
  isDropped: boolean;
}

/** What is kept of a finished call on disk; see {@link DuplicateCache.load}. */
export interface DuplicateRecord {
  readonly caller: string;
  readonly identity: CallIdentity;
  readonly reply: Uint8Array | undefined;
  readonly at: number;
}

/** Whether a call is new, or what to do with it when it is not. */
export type Verdict<Waiter> =
  | { readonly type: "new"; readonly entry: DuplicateEntry<Waiter> }
  | { readonly type: "running"; readonly entry: DuplicateEntry<Waiter> }
  | { readonly type: "done"; readonly entry: DuplicateEntry<Waiter> };

export class DuplicateCache<Waiter> {
  readonly limits: DuplicateLimits;
  readonly #callers = new Map<string, DuplicateCaller<Waiter>>();
  readonly #replies: KeptReplies<DuplicateEntry<Waiter>>;

  constructor(limits: Partial<DuplicateLimits> = {}) {
    this.limits = { ...DUPLICATE_LIMITS, ...limits };
    this.#replies = new KeptReplies(this.limits.octetsMax);
  }

  /** Octets of memory that replies are held in now. */
  get octets(): number {
    return this.#replies.octets;
  }

  /** The reply of an executed call, as a view until the next `finish`; `undefined` when it is not kept. */
  reply({ kept }: DuplicateEntry<Waiter>): Uint8Array | undefined {
    return kept?.slab.octets.subarray(kept.start, kept.end);
  }

  /** The calls of a caller, for as long as he has a connection: look it up once. */
  caller(name: string): DuplicateCaller<Waiter> {
    let caller = this.#callers.get(name);
    if (caller !== undefined) return caller;
    if (this.#callers.size >= this.limits.callersMax) this.#dropCaller();
    caller = { name, entries: new Map(), oldest: undefined, newest: undefined, isDropped: false };
    this.#callers.set(name, caller);
    return caller;
  }

  /** Takes a call before it runs. After `new`, `finish` or `drop` has to follow. */
  begin(caller: DuplicateCaller<Waiter>, identity: CallIdentity, now: number): Verdict<Waiter> {
    if (caller.isDropped) {
      caller.isDropped = false;
      this.#callers.set(caller.name, caller);
    }
    const key = keyOf(identity);
    const known = caller.entries.get(key);
    if (known !== undefined && isSame(known.identity, identity)) {
      if (known.state === "running") return { type: "running", entry: known };
      if (now - known.at <= this.limits.ageMs) return { type: "done", entry: known };
    }
    // Another call by the very same key, one in two million with its xid: it has to give way.
    if (known !== undefined) this.#remove(known);
    const entry: DuplicateEntry<Waiter> = {
      identity,
      caller,
      state: "running",
      kept: undefined,
      at: now,
      older: caller.newest,
      newer: undefined,
      waiters: undefined,
    };
    caller.entries.set(key, entry);
    if (caller.newest === undefined) caller.oldest = entry;
    else caller.newest.newer = entry;
    caller.newest = entry;
    return { type: "new", entry };
  }

  /** Keeps a copy of the reply, which lies in `octets` from `start` to `end`. */
  finish(
    entry: DuplicateEntry<Waiter>,
    octets: Uint8Array,
    start: number,
    end: number,
    now: number,
  ): void {
    entry.state = "done";
    entry.at = now;
    // Another call with this number may have come meanwhile, or the caller may have been dropped.
    if (entry.caller.entries.get(keyOf(entry.identity)) !== entry) return;
    if (end - start <= this.limits.replyMax) {
      entry.kept = this.#replies.keep(entry, octets, start, end);
    }
    this.#makeRoom(entry.caller, now);
  }

  /** Forgets a call that had no effect or is to have no reply. */
  drop(entry: DuplicateEntry<Waiter>): void {
    this.#remove(entry);
    entry.state = "dropped";
  }

  /** Takes what a former process finished. Call it before the first `begin`. */
  load(records: Iterable<DuplicateRecord>, now: number): void {
    for (const { caller, identity, reply, at } of records) {
      const verdict = this.begin(this.caller(caller), identity, at);
      if (verdict.type !== "new") continue;
      const octets = reply ?? new Uint8Array(this.limits.replyMax + 1);
      this.finish(verdict.entry, octets, 0, octets.length, at);
      if (now - at > this.limits.ageMs) this.#remove(verdict.entry);
    }
  }

  #makeRoom(caller: DuplicateCaller<Waiter>, now: number): void {
    const { entriesMax, octetsMax, ageMs } = this.limits;
    let next = caller.oldest;
    while (next !== undefined) {
      const entry = next;
      next = entry.newer;
      const isTooMany = caller.entries.size > entriesMax;
      if (!isTooMany && (entry.state === "running" || now - entry.at <= ageMs)) break;
      if (entry.state !== "running") this.#remove(entry);
    }
    while (this.#replies.octets > octetsMax) {
      for (const entry of this.#replies.oldest) this.#remove(entry);
    }
  }

  /** Drops the caller who was first here. */
  #dropCaller(): void {
    for (const caller of this.#callers.values()) {
      for (const entry of caller.entries.values()) this.#remove(entry);
      this.#callers.delete(caller.name);
      caller.isDropped = true;
      return;
    }
  }

  #remove(entry: DuplicateEntry<Waiter>): void {
    const { caller, older, newer, kept } = entry;
    const key = keyOf(entry.identity);
    if (caller.entries.get(key) !== entry) return;
    caller.entries.delete(key);
    if (older === undefined) caller.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) caller.newest = older;
    else newer.older = older;
    // A handler that never ends holds its entry, and must not hold all that came after it.
    entry.older = undefined;
    entry.newer = undefined;
    entry.kept = undefined;
    if (kept !== undefined) this.#replies.release(kept);
  }
}

/**
 * What a caller's calls are found by: the xid, and 21 bits of what is called, which is what a number
 * holds. Two programs of one host may use the same xids, and must not drive out each other's replies.
 */
function keyOf({ xid, hashLow, procedure }: CallIdentity): number {
  return xid * 0x20_0000 + ((hashLow ^ procedure) & 0x1f_ffff);
}

/** Above this, only the first and last KiB are hashed: handle and offset stand there, not the data. */
const HASHED_WHOLE = 2048;

/** The identity of a call whose credential and arguments lie in `view` from `start` to `end`. */
export function identityOf(
  call: {
    readonly xid: number;
    readonly program: number;
    readonly version: number;
    readonly procedure: number;
  },
  view: DataView,
  start: number,
  end: number,
): CallIdentity {
  const length = end - start;
  const hash = new Hash();
  if (length <= HASHED_WHOLE) hash.add(view, start, end);
  else {
    hash.add(view, start, start + HASHED_WHOLE / 2);
    hash.add(view, end - HASHED_WHOLE / 2, end);
  }
  const { xid, program, version, procedure } = call;
  return {
    xid,
    program,
    version,
    procedure,
    argumentOctets: length,
    hashHigh: hash.high,
    hashLow: hash.low,
  };
}

/** Four sums beside each other, so that the processor works on four words at a time. */
class Hash {
  #a = 0x9e37_79b9 | 0;
  #b = 0x85eb_ca6b | 0;
  #c = 0xc2b2_ae35 | 0;
  #d = 0x27d4_eb2f | 0;

  add(view: DataView, start: number, end: number): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    let at = start;
    for (; at + 16 <= end; at += 16) {
      a = mixed(a, view.getInt32(at));
      b = mixed(b, view.getInt32(at + 4));
      c = mixed(c, view.getInt32(at + 8));
      d = mixed(d, view.getInt32(at + 12));
    }
    for (; at + 4 <= end; at += 4) a = mixed(a, view.getInt32(at));
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  get high(): number {
    return mixed(mixed(mixed(this.#a, this.#b), this.#c), this.#d);
  }

  get low(): number {
    return mixed(mixed(mixed(this.#d, this.#c), this.#b), this.#a);
  }
}

/** A different word gives a different sum. */
function mixed(sum: number, word: number): number {
  const product = Math.imul(sum ^ word, 0x85eb_ca77);
  return product ^ (product >>> 15);
}

function isSame(one: CallIdentity, other: CallIdentity): boolean {
  return (
    one.hashLow === other.hashLow &&
    one.hashHigh === other.hashHigh &&
    one.argumentOctets === other.argumentOctets &&
    one.procedure === other.procedure &&
    one.version === other.version &&
    one.program === other.program
  );
}

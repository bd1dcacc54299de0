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

export interface DuplicateLimits {
  /** Finished calls kept for one caller. Default 1,024: more than a client has in flight. */
  readonly entriesMax: number;
  /** Callers. Default 4,096; the one who was longest here goes first. */
  readonly callersMax: number;
  /** Octets of all replies kept. Default 64 MiB. */
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
  /** The whole reply; `undefined` when it was too large to keep. */
  reply: Uint8Array | undefined;
  at: number;
  /** Who else wants the reply of a running call. */
  waiters: Waiter[] | undefined;
}

/** The calls of one caller. */
export interface DuplicateCaller<Waiter> {
  readonly name: string;
  readonly entries: Map<number, DuplicateEntry<Waiter>>;
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
  #octets = 0;

  constructor(limits: Partial<DuplicateLimits> = {}) {
    this.limits = { ...DUPLICATE_LIMITS, ...limits };
  }

  /** Octets of replies held now. */
  get octets(): number {
    return this.#octets;
  }

  /** The calls of a caller, for as long as he has a connection: look it up once. */
  caller(name: string): DuplicateCaller<Waiter> {
    let caller = this.#callers.get(name);
    if (caller !== undefined) return caller;
    if (this.#callers.size >= this.limits.callersMax) this.#dropCaller();
    caller = { name, entries: new Map(), isDropped: false };
    this.#callers.set(name, caller);
    return caller;
  }

  /** Takes a call before it runs. After `new`, `finish` or `drop` has to follow. */
  begin(caller: DuplicateCaller<Waiter>, identity: CallIdentity, now: number): Verdict<Waiter> {
    if (caller.isDropped) {
      caller.isDropped = false;
      this.#callers.set(caller.name, caller);
    }
    const known = caller.entries.get(identity.xid);
    if (known !== undefined && isSame(known.identity, identity)) {
      if (known.state === "running") return { type: "running", entry: known };
      if (now - known.at <= this.limits.ageMs) return { type: "done", entry: known };
    }
    // The caller uses the number for something else, so he has the old reply.
    if (known !== undefined) this.#remove(known);
    const entry: DuplicateEntry<Waiter> = {
      identity,
      caller,
      state: "running",
      reply: undefined,
      at: now,
      waiters: undefined,
    };
    caller.entries.set(identity.xid, entry);
    return { type: "new", entry };
  }

  /** Keeps the reply. The octets are kept as they are. */
  finish(entry: DuplicateEntry<Waiter>, reply: Uint8Array, now: number): void {
    entry.state = "done";
    entry.at = now;
    // Another call with this number may have come meanwhile, or the caller may have been dropped.
    if (entry.caller.entries.get(entry.identity.xid) !== entry) return;
    if (reply.length <= this.limits.replyMax) {
      entry.reply = reply;
      this.#octets += reply.length;
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
      this.finish(verdict.entry, reply ?? new Uint8Array(this.limits.replyMax + 1), at);
      if (now - at > this.limits.ageMs) this.#remove(verdict.entry);
    }
  }

  #makeRoom(caller: DuplicateCaller<Waiter>, now: number): void {
    const { entriesMax, octetsMax, ageMs } = this.limits;
    for (const entry of caller.entries.values()) {
      const isTooMany = caller.entries.size > entriesMax;
      if (!isTooMany && (entry.state === "running" || now - entry.at <= ageMs)) break;
      if (entry.state !== "running") this.#remove(entry);
    }
    // The oldest replies of whoever was first here go first.
    for (const { entries } of this.#callers.values()) {
      for (const entry of entries.values()) {
        if (this.#octets <= octetsMax) return;
        if (entry.state !== "running") this.#remove(entry);
      }
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
    const { entries } = entry.caller;
    if (entries.get(entry.identity.xid) !== entry) return;
    entries.delete(entry.identity.xid);
    if (entry.reply !== undefined) this.#octets -= entry.reply.length;
    entry.reply = undefined;
  }
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
  let high = 0x9e37_79b9 | 0;
  let low = 0x85eb_ca6b | 0;
  for (let at = start; at + 4 <= end; at += 4) {
    if (length > HASHED_WHOLE && at === start + HASHED_WHOLE / 2) at = end - HASHED_WHOLE / 2;
    const word = view.getInt32(at);
    high = Math.imul(high ^ word, 0x85eb_ca77);
    high ^= high >>> 15;
    low = Math.imul(low + word, 0xc2b2_ae3d);
    low = (low << 13) | (low >>> 19);
  }
  const { xid, program, version, procedure } = call;
  return {
    xid,
    program,
    version,
    procedure,
    argumentOctets: length,
    hashHigh: high,
    hashLow: low,
  };
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

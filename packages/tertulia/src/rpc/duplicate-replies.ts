/**
 * The duplicate request cache at work: what is asked again is answered again, and not executed.
 *
 * @module
 */

import {
  DuplicateCache,
  type DuplicateEntry,
  type DuplicateLimits,
  type DuplicateRecord,
  identityOf,
} from "../pure/oncrpc/duplicates.ts";
import { AUTH_NONE, type CallHeader } from "../pure/oncrpc/message.ts";
import type { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import type { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import type { Origin } from "./job.ts";
import { type ReplyTarget, reply } from "./reply.ts";

/** Where the duplicate request cache outlives the process. All synchronous: before the reply goes out. */
export interface DuplicateStore {
  /** What was kept by the process before, in the order in which it was saved. */
  load(): Iterable<DuplicateRecord>;
  /** Keeps a reply beyond the process, before it goes out. */
  save(record: DuplicateRecord): void;
}

export class DuplicateReplies {
  readonly #cache: DuplicateCache<ReplyTarget>;
  readonly #store: DuplicateStore | undefined;

  constructor(options?: Partial<DuplicateLimits> & { readonly store?: DuplicateStore }) {
    this.#cache = new DuplicateCache(options);
    this.#store = options?.store;
    if (this.#store !== undefined) this.#cache.load(this.#store.load(), Date.now());
  }

  /** Puts the call in the duplicate request cache; `undefined` when it is in there already. */
  enter(
    reader: XdrReader,
    identityStart: number,
    header: CallHeader,
    origin: Origin,
    target: ReplyTarget,
  ): DuplicateEntry<ReplyTarget> | undefined {
    const cache = this.#cache;
    origin.duplicates ??= cache.caller(origin.peer.address);
    const identity = identityOf(header, reader.view, identityStart, reader.end);
    const found = cache.begin(origin.duplicates, identity, Date.now());
    if (found.type === "new") return found.entry;
    if (found.type === "running") {
      // The first is still at work; whoever asks again gets its reply. A few, not a flood of them.
      found.entry.waiters ??= [];
      if (found.entry.waiters.length < 4) found.entry.waiters.push(target);
      return undefined;
    }
    const kept = cache.reply(found.entry);
    if (kept === undefined) {
      // It was executed and the reply is gone: RPC has no words for that, and silence has no end.
      reply(target, header.xid, { type: "SYSTEM_ERR", verifier: AUTH_NONE });
    } else {
      target.begin().raw(kept);
      target.commit();
    }
    return undefined;
  }

  /**
   * Keeps the reply, which `writer` has from `start` on. When others asked again meanwhile, returns it
   * for {@link answer}, to be called when the first has been answered.
   */
  keep(
    entry: DuplicateEntry<ReplyTarget>,
    writer: XdrWriter,
    start: number,
  ): Uint8Array | undefined {
    const now = Date.now();
    const { octets, at: end } = writer;
    this.#cache.finish(entry, octets, start, end, now);
    const store = this.#store;
    if (store === undefined && entry.waiters === undefined) return undefined;
    const copy = octets.slice(start, end);
    const { identity, caller, waiters } = entry;
    const reply = copy.length > this.#cache.limits.replyMax ? undefined : copy;
    store?.save({ caller: caller.name, identity, reply, at: now });
    return waiters === undefined ? undefined : copy;
  }

  /** Gives the reply to whoever asked again while the call ran. */
  answer(entry: DuplicateEntry<ReplyTarget>, octets: Uint8Array): void {
    const { waiters = [] } = entry;
    entry.waiters = undefined;
    for (const waiter of waiters) {
      waiter.begin().raw(octets);
      waiter.commit();
    }
  }

  /** Forgets a call that gets no reply. */
  drop(entry: DuplicateEntry<ReplyTarget>): void {
    this.#cache.drop(entry);
  }
}

/**
 * The replies that a duplicate request cache keeps, packed one behind the other into slabs.
 *
 * To keep one costs a copy and no buffer of its own; what counts against the bound is the memory that
 * is really held: whole slabs. Where that is too much, the oldest slab goes with all that lies in it.
 *
 * @module
 */

/** Most replies are some words; a thousand of them share a slab. */
const SLAB_OCTETS = 64 * 1024;

/** One reply, by whoever owns it. */
export interface KeptReply<Owner> {
  readonly slab: ReplySlab<Owner>;
  readonly start: number;
  readonly end: number;
}

/** A piece of memory with the replies of its owners. */
export interface ReplySlab<Owner> {
  readonly octets: Uint8Array;
  readonly owners: Owner[];
  /** Replies in it that are still kept. */
  live: number;
}

export class KeptReplies<Owner> {
  readonly #slabOctets: number;
  /** The oldest first. */
  readonly #slabs = new Set<ReplySlab<Owner>>();
  #current: ReplySlab<Owner> | undefined;
  #at = 0;
  /** The memory of the last slab that became empty, for the next. */
  #spare: Uint8Array | undefined;
  #octets = 0;

  /** @param octetsMax - What the owner is going to hold it to; slabs are a small part of it. */
  constructor(octetsMax: number) {
    this.#slabOctets = Math.min(SLAB_OCTETS, octetsMax >>> 4);
  }

  /** Octets of all slabs. */
  get octets(): number {
    return this.#octets;
  }

  /** Keeps a copy of the octets from `start` to `end`. */
  keep(owner: Owner, octets: Uint8Array, start: number, end: number): KeptReply<Owner> {
    const size = end - start;
    const slab = this.#slabFor(size);
    const at = slab === this.#current ? this.#at : 0;
    slab.octets.set(octets.subarray(start, end), at);
    slab.owners.push(owner);
    slab.live += 1;
    if (slab === this.#current) this.#at = at + size;
    return { slab, start: at, end: at + size };
  }

  /** Lets a reply go. Its memory is used again when nothing else in its slab is kept. */
  release({ slab }: KeptReply<Owner>): void {
    slab.live -= 1;
    if (slab.live === 0 && slab !== this.#current) this.#free(slab);
  }

  /** Whose replies lie in the oldest slab: to be released when there is too much. */
  get oldest(): readonly Owner[] {
    for (const slab of this.#slabs) {
      // It is not written to any more: when all are released, so is the slab.
      if (slab === this.#current) this.#current = undefined;
      if (slab.live > 0) return slab.owners;
      this.#free(slab);
    }
    return [];
  }

  #slabFor(size: number): ReplySlab<Owner> {
    const current = this.#current;
    if (current !== undefined && this.#at + size <= current.octets.length) return current;
    if (size > this.#slabOctets >>> 2) return this.#add(new Uint8Array(size));
    this.#current = undefined;
    if (current?.live === 0) this.#free(current);
    const memory = this.#spare ?? new Uint8Array(this.#slabOctets);
    this.#spare = undefined;
    this.#current = this.#add(memory);
    this.#at = 0;
    return this.#current;
  }

  #add(octets: Uint8Array): ReplySlab<Owner> {
    const slab: ReplySlab<Owner> = { octets, owners: [], live: 0 };
    this.#slabs.add(slab);
    this.#octets += octets.length;
    return slab;
  }

  #free(slab: ReplySlab<Owner>): void {
    this.#slabs.delete(slab);
    this.#octets -= slab.octets.length;
    if (slab.octets.length === this.#slabOctets) this.#spare = slab.octets;
  }
}

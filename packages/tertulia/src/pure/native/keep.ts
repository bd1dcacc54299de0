/**
 * What of a session is on its way to the store, and what waits for it: nothing is said, to the peer
 * or to the application, before what it rests on is stored. There for durabilities beyond `memory`.
 *
 * @module
 */

import { Fifo } from "../fifo.ts";
import { encodeState, type KeptEnd } from "./kept-state.ts";
import type { Link } from "./link.ts";
import type { LinkChanges } from "./link-keeping.ts";
import type { ReleaseState } from "./release.ts";
import type { SessionOutcome, SessionOutput } from "./session-output.ts";

/** Batches under way to the store: one being synced, and one that the next sync takes. */
const UNDER_WAY_MAX = 2;

/** What may not be done before a mark is stored. */
interface Gate {
  readonly mark: number;
  readonly outputs: readonly SessionOutput[];
  /** Only while this one is still the candidate. */
  readonly candidate: object | undefined;
}

export interface End extends KeptEnd {
  readonly outcome: SessionOutcome;
}

/** A mark is the number of a batch. */
export class Keep {
  collected = 0;
  stored = 0;
  readonly underWay: Fifo<LinkChanges> = new Fifo();
  readonly #gates: Fifo<Gate> = new Fifo();
  /** Something has to be stored, though the link has nothing new. */
  isChanged = true;
  /** What was kept of the dialogue when the process began. */
  dialogue: Uint8Array | undefined;
  /** It has ended, and what is left of it is stored once the application has settled all that came. */
  rest: End | undefined;

  /** Whether what is to be stored is collected at once: not too much is under way. */
  get isReady(): boolean {
    return this.underWay.length < UNDER_WAY_MAX;
  }

  /** Whether anything waits to be said. */
  get isGated(): boolean {
    return this.#gates.length > 0;
  }

  /** Has something done once everything until now is stored. */
  gate(outputs: readonly SessionOutput[], candidate?: object): void {
    this.#gates.push({ mark: this.collected + 1, outputs, candidate });
  }

  /** What may be done now that a mark is stored. */
  open(mark: number, candidate: object | undefined): SessionOutput[] {
    const outputs: SessionOutput[] = [];
    for (let gate = this.#gates.peek(); gate && gate.mark <= mark; gate = this.#gates.peek()) {
      this.#gates.shift();
      if (gate.candidate === undefined || gate.candidate === candidate) {
        outputs.push(...gate.outputs);
      }
    }
    return outputs;
  }

  /** The store is given up: what waited for it, which nobody will do. */
  drop(): SessionOutput[] {
    this.underWay.clear();
    this.rest = undefined;
    return this.open(Number.POSITIVE_INFINITY, undefined);
  }

  /** The next batch, unless enough are under way. */
  collect(
    link: Link,
    now: number,
    epoch: number,
    release: ReleaseState,
    snapshotDialogue: (() => Uint8Array | undefined) | undefined,
  ): SessionOutput | undefined {
    const { rest } = this;
    if (!this.isReady) return undefined;
    if (rest && link.isSettled) return this.bury(link, epoch, rest);
    const changed = link.collect(now, this.isChanged);
    if (changed === undefined) return undefined;
    this.isChanged = false;
    this.underWay.push(changed);
    const snapshot = snapshotDialogue ? snapshotDialogue() : this.dialogue;
    const dialogue = { ...changed.state.dialogue, snapshot };
    const state = encodeState({ ...changed.state, release, end: rest, dialogue });
    const { cuts, appends, trims } = changed;
    const changes = { epoch, state, cuts, appends, trims };
    return { type: "store", mark: ++this.collected, changes };
  }

  /** Leaves only a tombstone of the session. */
  bury(link: Link, epoch: number, { outcome, message }: End): SessionOutput {
    this.rest = undefined;
    this.isChanged = false;
    const end = { outcome, received: link.positions.received, message };
    return { type: "store", mark: ++this.collected, changes: { epoch, end } };
  }
}

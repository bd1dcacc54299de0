import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { peerLimitsOf } from "../../../src/pure/native/establishment.ts";
import { encodeVarints, STORED } from "../../../src/pure/native/frames.ts";
import type { JournalEntry } from "../../../src/pure/native/kept-state.ts";
import { limitsFrom } from "../../../src/pure/native/limits.ts";
import { Link } from "../../../src/pure/native/link.ts";
import type { LinkChanges } from "../../../src/pure/native/link-keeping.ts";
import type { LinkListener } from "../../../src/pure/native/link-parts.ts";
import { defaultContexts } from "../../../src/pure/native/message.ts";
import type { ReleaseState } from "../../../src/pure/native/release.ts";
import type { StreamState } from "../../../src/pure/native/stream.ts";
import { concatOctets } from "../../../src/pure/octets.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { NORMAL } from "./pair.ts";

const limits = limitsFrom({});
const ID = "01";
const NOW = 1000;

const nobody: Omit<LinkListener, "streamOpened"> = {
  control() {},
  readable() {},
  accepted() {},
  dialogue() {},
  streamReadable() {},
  streamWritable() {},
  streamEnded() {},
  streamReset() {},
};

/** One end of a link, its store, and the process that has them. */
class End {
  link: Link;
  /** The stream that the peer opened last. */
  stream: StreamState | undefined;
  readonly #isInitiator: boolean;
  readonly #store = new MemoryStore();
  #state: LinkChanges["state"];

  constructor(isInitiator: boolean) {
    this.#isInitiator = isInitiator;
    this.link = this.#process();
    const first = this.collect();
    this.#state = first.state;
    const record = { id: ID, role: "initiator", identity: "", createdAt: 0 } as const;
    const create = { ...record, establishment: new Uint8Array() };
    this.#store.apply({ id: ID, epoch: 0, create });
    this.sync(first);
  }

  #process(): Link {
    const peer = peerLimitsOf(limits);
    const streamOpened = (stream: StreamState) => {
      this.stream = stream;
    };
    const listener = { ...nobody, streamOpened };
    return new Link(this.#isInitiator, limits, peer, defaultContexts, listener, "overlapping");
  }

  collect(): LinkChanges {
    const changes = this.link.collect(NOW, true);
    if (changes === undefined) throw new Error("it was forced");
    return changes;
  }

  /** The store has what was collected. */
  sync(changes: LinkChanges): void {
    const { cuts, appends, trims, state } = changes;
    this.#store.apply({ id: ID, epoch: 0, cuts, appends, trims });
    this.#state = state;
    this.link.stored(changes);
  }

  /** The process dies, and another goes on with what the store has. */
  restart(release: ReleaseState = "open"): void {
    const { dialogue, ...state } = this.#state;
    const entries: readonly JournalEntry[] = this.#store.image.sessions.get(ID)?.entries ?? [];
    this.link = this.#process();
    this.stream = undefined;
    const rest = { release, end: undefined };
    const kept = { ...state, ...rest, dialogue: { ...dialogue, snapshot: undefined } };
    this.link.restore({ epoch: 0, state: kept, entries }, NOW, [0, 0], true);
  }

  send(size: number): void {
    this.link.outbox.send(NORMAL, new Uint8Array(size));
  }

  /** What goes to the transport now. */
  compose(): Uint8Array {
    const chunks: Uint8Array[] = [];
    while (this.link.compose(NOW, 1_000_000, chunks) > 0);
    return concatOctets(chunks);
  }

  receive(octets: Uint8Array): void {
    this.link.receive(octets, NOW);
  }

  /** Reads all that came on the stream; how many octets that is. */
  drain(): number {
    const { stream } = this;
    let octets = 0;
    if (stream === undefined) return octets;
    for (let next = this.link.readStream(stream); next; next = this.link.readStream(stream)) {
      octets += next.length;
    }
    return octets;
  }

  /** The lengths of the messages that can be read. */
  take(): number[] {
    const lengths: number[] = [];
    for (let next = this.link.inbox.take(); next; next = this.link.inbox.take()) {
      lengths.push(next.octets.length);
    }
    return lengths;
  }
}

function pair(): readonly [End, End] {
  return [new End(true), new End(false)];
}

function connect(one: End, other: End): void {
  const [here, there] = [one.link.positions, other.link.positions];
  one.link.attach(there, here);
  other.link.attach(here, there);
}

/** Both store what they have, and say what they have to say, until there is nothing more. */
function settle(one: End, other: End): void {
  for (let isMoved = true; isMoved; ) {
    for (const end of [one, other]) if (end.link.isUncollected) end.sync(end.collect());
    const [there, back] = [one.compose(), other.compose()];
    other.receive(there);
    one.receive(back);
    isMoved = there.length + back.length > 0;
  }
}

describe("overlapped syncs", () => {
  it("transmits before it has stored, and is looked into when both have", () => {
    const [one, other] = pair();
    one.send(10);
    const sent = one.collect();
    other.receive(one.compose());
    other.sync(other.collect());
    deepEqual(other.take(), []);
    one.sync(sent);
    other.receive(one.compose());
    deepEqual(other.take(), [10]);
  });

  it("is looked into when the receiver is the slower one", () => {
    const [one, other] = pair();
    one.send(10);
    const sent = one.collect();
    other.receive(one.compose());
    const received = other.collect();
    one.sync(sent);
    other.receive(one.compose());
    deepEqual(other.take(), []);
    other.sync(received);
    deepEqual(other.take(), [10]);
  });

  it("forgets what a process that died had not stored, and takes what the next one sends there", () => {
    const [one, other] = pair();
    one.send(10);
    one.sync(one.collect());
    one.send(20);
    other.receive(one.compose());
    other.sync(other.collect());
    one.restart();
    one.send(30);
    connect(one, other);
    settle(one, other);
    deepEqual(other.take(), [10, 30]);
  });

  it("forgets it after its own death too, and after two of the sender's", () => {
    const [one, other] = pair();
    one.send(20);
    other.receive(one.compose());
    other.sync(other.collect());
    for (const size of [30, 40]) {
      one.restart();
      one.send(size);
      one.sync(one.collect());
    }
    other.restart();
    connect(one, other);
    settle(one, other);
    deepEqual(other.take(), [30, 40]);
  });

  it("stores before it transmits after a restart, until its peer has stored that", () => {
    const [one, other] = pair();
    one.restart();
    connect(one, other);
    one.compose();
    one.send(10);
    deepEqual(one.compose().length, 0);
    settle(one, other);
    one.sync(one.collect());
    one.send(20);
    deepEqual(one.compose().length, 22);
  });

  it("takes it for stored only then, and not when its peer has heard of it and may forget it", () => {
    const [one, other] = pair();
    one.restart();
    connect(one, other);
    other.receive(one.compose());
    one.receive(other.compose());
    one.compose();
    one.send(10);
    deepEqual(one.compose().length, 0);
    // Both die. Two lives that the other does not know of would be one too many.
    one.sync(one.collect());
    for (const end of [one, other]) end.restart();
    connect(one, other);
    settle(one, other);
    deepEqual(other.take(), [10]);
  });

  it("looks again into what it had acknowledged when it died, once the peer says that it has it", () => {
    const [one, other] = pair();
    one.send(10);
    settle(one, other);
    other.restart();
    deepEqual(other.take(), []);
    connect(one, other);
    settle(one, other);
    deepEqual(other.take(), [10]);
  });

  it("looks into all it has stored when the peer does not come back", () => {
    const [one, other] = pair();
    one.send(10);
    settle(one, other);
    other.restart();
    other.link.lookAtAll();
    deepEqual(other.take(), [10]);
  });

  it("does so too when the session had ended without a release", () => {
    const [one, other] = pair();
    one.send(10);
    settle(one, other);
    other.restart("released");
    other.link.lookAtAll();
    deepEqual(other.take(), [10]);
  });

  it("loses a stream that was opened and read just before a death, as any other", () => {
    const [one, other] = pair();
    one.link.openStream("old");
    settle(one, other);
    other.sync(other.collect());
    one.link.writeStream(one.link.openStream("new"), new Uint8Array(1000));
    settle(one, other);
    const read = other.drain();
    other.restart();
    connect(one, other);
    settle(one, other);
    const labels = other.link.lostStreams.map(({ label }) => label);
    deepEqual([read, labels, other.stream?.label], [1000, ["old", "new"], undefined]);
  });

  it("refuses a peer that takes back what it had stored, skips a life, or does not say", () => {
    const [one, other] = pair();
    one.send(10);
    settle(one, other);
    const stored = (...numbers: number[]) => encodeVarints(STORED, ...numbers);
    throws(() => other.receive(stored(1, 0, 0, 0, 0, 0)), { violation: "badStored" });
    throws(() => other.receive(stored(7, 12, 0, 12, 0, 0)), { violation: "badLife" });
    throws(() => other.receive(stored(1, 12, 0, 12, 0, 1)), { violation: "badLife" });
    connect(one, other);
    one.compose();
    one.send(10);
    throws(() => other.receive(one.compose()), { violation: "unexpectedFrame" });
  });
});

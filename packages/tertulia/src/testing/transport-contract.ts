/**
 * What every transport has to do, as a list of claims that any test runner can run: ours for our
 * transports, yours for yours.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Transport, TransportSink } from "../io/transport.ts";
import type { SessionError } from "../pure/errors.ts";
import { concatOctets } from "../pure/octets.ts";

/** Two transports that are joined with each other: what is written into one comes out of the other. */
export interface TransportPair {
  readonly initiator: Transport;
  readonly responder: Transport;
}

/** How to open a transport that is put to the contract, and what it can do. */
export interface TransportContractOptions {
  /** Opens a pair that nobody is attached to yet. The claims end what they open. */
  readonly open: () => Promise<TransportPair>;
  /** What this kind of transport can do besides. */
  readonly supports: {
    /** It says false when the other side does not read. */
    readonly clogging: boolean;
    /** Both ends know the same octets about this very connection. */
    readonly binding: boolean;
  };
  /** Claims that are left out, by their first words, and why. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** One claim, and how to find out whether it holds: `run` rejects when it does not. */
export interface TransportClaim {
  readonly claim: string;
  /** Why it is left out, if it is. */
  readonly skip: string | false;
  /** Puts the transport to it; rejects when it does not hold. */
  readonly run: () => Promise<void>;
}

/** How long anything may take before a claim has failed. Generous: a busy machine is not at fault. */
const PATIENCE_MS = 20_000;

/**
 * The claims that a transport has to fulfil.
 *
 * @example
 * describe("my transport", () => {
 *   const supports = { clogging: true, binding: false };
 *   for (const { claim, skip, run } of transportContract({ open, supports })) it(claim, { skip }, run);
 * });
 */
export function transportContract({
  open,
  supports,
  skip = {},
}: TransportContractOptions): readonly TransportClaim[] {
  const reasonFor = (claim: string): string | false => {
    const key = Object.keys(skip).find((words) => claim.startsWith(words));
    if (key !== undefined) return skip[key] ?? "";
    if (claim.startsWith("says false") && !supports.clogging) return "it never clogs";
    return false;
  };
  const claims: Readonly<Record<string, (pair: TransportPair) => Promise<void>>> = {
    "carries octets in order, both ways": inOrder,
    "keeps what comes before there is a sink": early,
    "calls the sink attached last": replaced,
    "changes sinks in the middle of a call": replacedWithin,
    "says false when the other side does not read, and tells when there is room": clogged,
    "carries large writes whole": large,
    "takes views of a buffer, and writes into none of it": views,
    "leaves alone what it has delivered": delivered,
    "delivers all that was written before the end": endAfterWrites,
    "tells both sides of an end, once, and says nothing after it": endOnce,
    "tells both sides of an abort, once": abortOnce,
    "tells a sink that is attached after the end": attachAfterEnd,
    "does nothing after the end": useAfterEnd,
    "may be ended while it delivers": endWithin,
    "says which connection it is, on both ends alike": async (pair) =>
      binding(pair, supports.binding),
  };
  return Object.entries(claims).map(([claim, check]) => ({
    claim,
    skip: reasonFor(claim),
    run: async () => {
      const pair = await open();
      try {
        await check(pair);
      } finally {
        pair.initiator.abort();
        pair.responder.abort();
      }
    },
  }));
}

async function inOrder({ initiator, responder }: TransportPair): Promise<void> {
  const [here, there] = [new Recorder(initiator), new Recorder(responder)];
  for (let i = 0; i < 100; i++) {
    initiator.write([octetsFrom(i, 100), octetsFrom(i, 1)]);
    responder.write([octetsFrom(i + 7, 33)]);
  }
  await Promise.all([here.until(3300), there.until(10_100)]);
  const sent = Array.from({ length: 100 }, (_, i) => [octetsFrom(i, 100), octetsFrom(i, 1)]).flat();
  assertSame(there.all(), concatOctets(sent));
  const answered = Array.from({ length: 100 }, (_, i) => octetsFrom(i + 7, 33));
  assertSame(here.all(), concatOctets(answered));
}

async function early({ initiator, responder }: TransportPair): Promise<void> {
  const here = new Recorder(initiator);
  initiator.write([octetsFrom(1, 1000)]);
  initiator.write([octetsFrom(2, 1000)]);
  // An answer is proof that what went before it has arrived, on transports that hand it on at once.
  responder.write([octetsFrom(3, 10)]);
  await here.until(10);
  const there = new Recorder(responder);
  initiator.write([octetsFrom(4, 1000)]);
  await there.until(3000);
  const sent = [1, 2, 4].map((seed) => octetsFrom(seed, 1000));
  assertSame(there.all(), concatOctets(sent));
}

async function replaced({ initiator, responder }: TransportPair): Promise<void> {
  const first = new Recorder(responder);
  initiator.write([octetsFrom(1, 10)]);
  await first.until(10);
  const second = new Recorder(responder);
  initiator.write([octetsFrom(2, 10)]);
  await second.until(10);
  initiator.end();
  await second.untilEnd();
  assert.deepEqual([first.octets, first.ends, second.octets, second.ends], [10, 0, 10, 1]);
}

async function replacedWithin({ initiator, responder }: TransportPair): Promise<void> {
  let second: Recorder | undefined;
  const first = new Recorder(responder, () => (second ??= new Recorder(responder)));
  const here = new Recorder(initiator);
  for (const seed of [1, 2, 3]) initiator.write([octetsFrom(seed, 50_000)]);
  await poll(() => first.octets + (second?.octets ?? 0) === 150_000, "150,000 octets");
  assertSame(
    concatOctets([first.all(), second?.all() ?? new Uint8Array()]),
    concatOctets([1, 2, 3].map((seed) => octetsFrom(seed, 50_000))),
  );
  assert.equal(first.chunks.length, 1);
  responder.end();
  await here.untilEnd();
  await (second as Recorder | undefined)?.untilEnd();
  assert.equal(first.ends, 0);
}

async function clogged({ initiator, responder }: TransportPair): Promise<void> {
  const here = new Recorder(initiator);
  const piece = octetsFrom(1, 64 * 1024);
  let pieces = 0;
  for (let hasRoom = true; hasRoom; pieces++) {
    assert.ok(pieces < 1024, "64 MiB were taken though nobody reads");
    hasRoom = initiator.write([piece]);
    // The network under it needs turns to take what it can.
    if (pieces % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(here.drains, 0);
  const there = new Recorder(responder);
  await poll(() => here.drains > 0, "room again");
  await there.until(pieces * piece.length);
  assertSame(there.all().subarray(-piece.length), piece);
}

async function large({ initiator, responder }: TransportPair): Promise<void> {
  const [here, there] = [new Recorder(initiator), new Recorder(responder)];
  const chunks = Array.from({ length: 64 }, (_, i) => octetsFrom(i, 64 * 1024));
  initiator.write(chunks);
  responder.write([octetsFrom(9, 1_000_000)]);
  await Promise.all([there.until(64 * 64 * 1024), here.until(1_000_000)]);
  assertSame(there.all(), concatOctets(chunks));
  assertSame(here.all(), octetsFrom(9, 1_000_000));
}

async function views({ initiator, responder }: TransportPair): Promise<void> {
  const there = new Recorder(responder);
  const slab = octetsFrom(5, 20_000);
  const before = slab.slice();
  initiator.write([slab.subarray(10, 20), slab.subarray(100, 15_000), slab.subarray(15_000)]);
  await there.until(10 + 14_900 + 5000);
  assertSame(slab, before);
  const parts = [before.subarray(10, 20), before.subarray(100, 15_000), before.subarray(15_000)];
  assertSame(there.all(), concatOctets(parts));
}

async function delivered({ initiator, responder }: TransportPair): Promise<void> {
  const there = new Recorder(responder);
  for (let seed = 0; seed < 50; seed++) {
    initiator.write([octetsFrom(seed, 3000)]);
    await there.until(3000 * (seed + 1));
  }
  assertSame(there.all(), concatOctets(there.chunks.map(({ copy }) => copy)));
}

async function endAfterWrites({ initiator, responder }: TransportPair): Promise<void> {
  const there = new Recorder(responder);
  const here = new Recorder(initiator);
  for (let seed = 0; seed < 16; seed++) initiator.write([octetsFrom(seed, 64 * 1024)]);
  initiator.end();
  await Promise.all([there.untilEnd(), here.untilEnd()]);
  assert.deepEqual([there.octets, there.error], [16 * 64 * 1024, undefined]);
}

async function endOnce({ initiator, responder }: TransportPair): Promise<void> {
  const [here, there] = [new Recorder(initiator), new Recorder(responder)];
  initiator.end();
  responder.end();
  initiator.end();
  await Promise.all([here.untilEnd(), there.untilEnd()]);
  await turns();
  assert.deepEqual([here.ends, there.ends, here.late, there.late], [1, 1, 0, 0]);
}

async function abortOnce({ initiator, responder }: TransportPair): Promise<void> {
  const [here, there] = [new Recorder(initiator), new Recorder(responder)];
  initiator.write([octetsFrom(1, 100)]);
  await there.until(100);
  initiator.abort();
  initiator.abort();
  await Promise.all([here.untilEnd(), there.untilEnd()]);
  responder.abort();
  await turns();
  assert.deepEqual([here.ends, there.ends, here.late, there.late], [1, 1, 0, 0]);
}

async function attachAfterEnd({ initiator, responder }: TransportPair): Promise<void> {
  const [here, there] = [new Recorder(initiator), new Recorder(responder)];
  initiator.abort();
  await Promise.all([here.untilEnd(), there.untilEnd()]);
  const [hereLater, thereLater] = [new Recorder(initiator), new Recorder(responder)];
  assert.deepEqual([hereLater.ends, thereLater.ends], [1, 1]);
}

async function useAfterEnd({ initiator, responder }: TransportPair): Promise<void> {
  const [here, there] = [new Recorder(initiator), new Recorder(responder)];
  responder.abort();
  await Promise.all([here.untilEnd(), there.untilEnd()]);
  for (const transport of [initiator, responder]) {
    transport.write([octetsFrom(1, 10)]);
    transport.end();
    transport.abort();
  }
  await turns();
  assert.deepEqual([here.octets, there.octets, here.ends, there.ends], [0, 0, 1, 1]);
}

async function endWithin({ initiator, responder }: TransportPair): Promise<void> {
  const there = new Recorder(responder, () => responder.abort());
  const here = new Recorder(initiator);
  initiator.write([octetsFrom(1, 100_000)]);
  await Promise.all([here.untilEnd(), there.untilEnd()]);
  assert.deepEqual([here.ends, there.ends, there.late], [1, 1, 0]);
}

function binding({ initiator, responder }: TransportPair, isBound: boolean): void {
  assert.deepEqual(new Uint8Array(initiator.binding), new Uint8Array(responder.binding));
  assert.equal(initiator.binding.length >= 16, isBound);
}

/** A sink that remembers. */
class Recorder implements TransportSink {
  readonly chunks: { readonly octets: Uint8Array; readonly copy: Uint8Array }[] = [];
  octets = 0;
  drains = 0;
  ends = 0;
  /** Calls after the end. */
  late = 0;
  error: SessionError | undefined;
  readonly #onReceived: (() => void) | undefined;

  constructor(transport: Transport, onReceived?: () => void) {
    this.#onReceived = onReceived;
    transport.attach(this);
  }

  received(octets: Uint8Array): void {
    if (this.ends > 0) this.late += 1;
    this.octets += octets.length;
    this.chunks.push({ octets, copy: new Uint8Array(octets) });
    this.#onReceived?.();
  }

  drained(): void {
    if (this.ends > 0) this.late += 1;
    this.drains += 1;
  }

  ended(error?: SessionError): void {
    this.ends += 1;
    this.error = error;
  }

  all(): Uint8Array {
    return concatOctets(this.chunks.map(({ octets }) => octets));
  }

  async until(octets: number): Promise<void> {
    await poll(
      () => this.octets >= octets || this.ends > 0,
      () => `have ${this.octets} of ${octets}`,
    );
    assert.equal(this.octets, octets);
  }

  untilEnd(): Promise<void> {
    return poll(() => this.ends > 0, "an end");
  }
}

/** As `deepEqual`, but says where instead of printing everything. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  const at = expected.findIndex((octet, i) => octet !== actual[i]);
  assert.deepEqual(
    [actual.length, at],
    [expected.length, -1],
    "octets differ: length, first place",
  );
}

/** Waits until something is so. */
async function poll(isSo: () => boolean, what: string | (() => string)): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    const claim = typeof what === "string" ? what : what();
    assert.ok(Date.now() < deadline, `not within ${PATIENCE_MS} ms: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Long enough for what should not happen to happen. */
function turns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function octetsFrom(seed: number, length: number): Uint8Array {
  const octets = new Uint8Array(length);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    octets[i] = state >>> 16;
  }
  return octets;
}

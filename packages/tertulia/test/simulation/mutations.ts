/**
 * Broken machines, to show that the simulator notices: each is the compiled source with one thing
 * changed, loaded beside the real one under an address of its own.
 */

import { registerHooks } from "node:module";
import type { Report } from "./scenario.ts";

export interface Mutation {
  /** What is wrong with the machine. */
  readonly name: string;
  /** Which file of `src/pure/native`, without its ending. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const mutations: readonly Mutation[] = [
  {
    name: "an acknowledgement frees more than was acknowledged",
    file: "link",
    from: "journal.acknowledge(committed)",
    to: "journal.acknowledge(Math.min(committed + 40, journal.given))",
  },
  {
    name: "nothing is acknowledged",
    file: "link",
    from: "if (acknowledges) {",
    to: "if (false) {",
  },
  {
    name: "a resume begins a little behind where the peer stands",
    file: "journal",
    from: "this.sent = position;\n        this.acknowledged",
    to: "this.sent = Math.min(position + 5, this.given);\n        this.acknowledged",
  },
  {
    name: "a resume replays nothing",
    file: "link",
    from: "this.#lane0.rewind(start0);",
    to: "this.#lane0.rewind(this.#lane0.given);",
  },
  {
    name: "what came already is taken again after a resume",
    file: "link",
    from: "if (this.#cursor0 <= this.#received0)\n                    continue;",
    to: "",
  },
  {
    name: "a stale epoch is accepted",
    file: "machine",
    from: "if (epoch <= this.#claimed) {",
    to: "if (false) {",
  },
  {
    name: "the proof of RESUME is not checked",
    file: "machine",
    from: 'if (!equalOctets(this.#prove(candidate, "resume", claim), request.proof)) {',
    to: "if (false) {",
  },
  {
    name: "the proof of RESUMED is not checked",
    file: "machine",
    from: "if (epoch !== candidate.epoch || !equalOctets(expected, proof)) {",
    to: "if (false) {",
  },
  {
    name: "the proof of CONFIRM is not checked",
    file: "machine",
    from: "if (proof.length !== PROOF_OCTETS || !equalOctets(expected, proof)) {",
    to: "if (false) {",
  },
  {
    name: "positions are not checked",
    file: "link",
    from: "checkPositions({ received, retained }) {",
    to: "checkPositions({ received, retained }) { return undefined;",
  },
  {
    name: "what the old transport acknowledges moves what the new one begins with",
    file: "journal",
    from: "this.#isHeld = true;",
    to: "",
  },
  {
    name: "what was acknowledged is not sent to a peer that counts it",
    file: "journal",
    from: "Math.min(this.acknowledged, this.sent)",
    to: "(this.sent = Math.max(this.acknowledged, this.sent), this.acknowledged)",
  },
  {
    name: "the credit of messages is ignored",
    file: "link",
    from: "this.#messageSent + cost <= this.#messageCredit",
    to: "true",
  },
  {
    name: "the credit of a stream is ignored",
    file: "link",
    from: "stream.credit - stream.sent, this",
    to: "9e15, this",
  },
  {
    name: "far more credit is granted than the window is wide",
    file: "window",
    from: "this.granted = Math.max(this.granted, this.consumed + this.#windowOctets);",
    to: "this.granted = this.consumed + this.#windowOctets + 10_000_000;",
  },
  {
    name: "credit is not stated again after a resume",
    file: "link",
    from: "this.#restate();",
    to: "",
  },
  {
    name: "expedited messages are replayed after the others",
    file: "link",
    from: "octets += this.#lane1.take(Number.MAX_SAFE_INTEGER, into);\n        octets += this.#lane0.take(octetsMax, into);",
    to: "octets += this.#lane0.take(octetsMax, into);\n        octets += this.#lane1.take(Number.MAX_SAFE_INTEGER, into);",
  },
  {
    name: "what is sent after an expedited message that waits goes before it",
    file: "link",
    from: "if (expedited && expedited.ticket < message.ticket)",
    to: "if (false)",
  },
  {
    name: "a message goes past those that wait for credit",
    file: "link",
    from: "this.#waitingOctets === 0 &&\n            size",
    to: "size",
  },
  {
    name: "FINISH goes out before everything is said",
    file: "link",
    from: "get isDrained() {",
    to: "get isDrained() { return true;",
  },
  {
    name: "a side ends without a farewell",
    file: "release",
    from: 'FINISHED: { to: "finished" }',
    to: 'FINISHED: { to: "released" }',
  },
  {
    name: "FINISHED is not waited for when both ask at once",
    file: "release",
    from: 'FINISH: { send: "FINISHED", to: "crossing" }',
    to: 'FINISH: { send: "FINISHED", to: "crossed" }',
  },
  {
    name: "a silent transport is never given up",
    file: "machine",
    from: "if (now < dueAt)\n            return;",
    to: "return;",
  },
  {
    name: "a frame that was read in part goes on with the next transport's octets",
    file: "link",
    from: "this.#reader = new FrameReader(this.#limits.frameOctetsMax);",
    to: "(this.#reader = new FrameReader(1e9)).feed(Uint8Array.of(0x41)); this.#reader.next();",
  },
  {
    name: "an expired session waits for ever",
    file: "machine",
    from: "now < this.#expiresAt)",
    to: "true)",
  },
];

/** Octets that a mutant's modules have in their address. */
const MARK = "?mutant=";
let areHooked = false;

/** The simulator over a broken machine. */
export async function mutant(mutation: Mutation): Promise<(seed: number) => Report> {
  hook();
  const index = mutations.indexOf(mutation);
  const { play } = await import(`./scenario.js${MARK}${index}`);
  return play;
}

/** Loads what a mutant imports as its own, and changes the one file. */
function hook(): void {
  if (areHooked) return;
  areHooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const [, index] = context.parentURL?.split(MARK) ?? [];
      const isOurs = resolved.url.startsWith("file:") && !resolved.url.includes(MARK);
      if (index === undefined || !isOurs) return resolved;
      return { ...resolved, url: `${resolved.url}${MARK}${index}` };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const [path, index] = url.split(MARK);
      const mutation = index === undefined ? undefined : mutations[Number(index)];
      if (mutation === undefined || !path?.endsWith(`/native/${mutation.file}.js`)) return loaded;
      const source = String(loaded.source);
      if (source.split(mutation.from).length !== 2) {
        throw new Error(`${mutation.name}: ${mutation.file} has not exactly one ${mutation.from}`);
      }
      return { ...loaded, source: source.replace(mutation.from, () => mutation.to) };
    },
  });
}

/** How many seeds a mutant may survive. */
export const SEEDS_MAX = 400;

/** Plays a mutant until it is caught. */
export async function hunt(
  mutation: Mutation,
): Promise<{ readonly seed: number; readonly failure: string } | undefined> {
  const play = await mutant(mutation);
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { failure } = play(seed);
    if (failure !== undefined) return { seed, failure };
  }
  return undefined;
}

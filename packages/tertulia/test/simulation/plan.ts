/** What happens in a scenario, drawn from its seed. */

import { type Limits, limitsFrom } from "../../src/pure/native/limits.ts";
import type { WireQuality } from "../../src/testing/network.ts";
import type { Random } from "../../src/testing/random.ts";

/** How a scenario is to end. */
export type Ending =
  /** One side asks, or both do, when everything is calm. */
  | "release"
  /** As soon as everything is said, while the network is still bad. */
  | "earlyRelease"
  | "abort"
  /** The network does not come back. */
  | "expiry"
  /** A copy of the initiator, with the same secret, comes too. */
  | "clone";

export type Trouble =
  | "cut"
  | "end"
  | "silence"
  | "halfSilence"
  | "stall"
  | "sleep"
  | "migrate"
  | "goAway"
  | "probe"
  | "noDials"
  | "notReady"
  | "replay"
  | "liar"
  | "stranger"
  | "interceptor"
  | "impostor"
  | "garbage";

export interface Plan {
  readonly clients: number;
  readonly ending: Ending;
  readonly limits: readonly [initiator: Limits, responder: Limits];
  readonly quality: WireQuality;
  /** When the sides stop to talk, and when the network becomes good. */
  readonly talkMs: number;
  readonly troubleMs: number;
  readonly troubles: readonly { readonly atMs: number; readonly what: Trouble }[];
  readonly hasBinding: boolean;
}

const TROUBLES: readonly [Trouble, ...Trouble[]] = [
  "cut",
  "cut",
  "cut",
  "end",
  "silence",
  "halfSilence",
  "halfSilence",
  "stall",
  "sleep",
  "migrate",
  "migrate",
  "goAway",
  "probe",
  "noDials",
  "notReady",
  "replay",
  "liar",
  "stranger",
  "interceptor",
  "impostor",
  "garbage",
];

export function drawPlan(random: Random): Plan {
  const ending = random.pick<Ending>(
    "release",
    "release",
    "release",
    "release",
    "earlyRelease",
    "earlyRelease",
    "abort",
    "expiry",
    "clone",
  );
  const talkMs = random.pick(300, 2000, 10_000, 40_000);
  const troubleMs = talkMs + random.between(0, talkMs);
  const count = random.pick(0, 1, 2, 4, 8);
  const troubles = Array.from({ length: count }, () => ({
    atMs: random.between(0, troubleMs),
    what: random.pick(...TROUBLES),
  }));
  return {
    clients: random.pick(1, 1, 2, 3),
    ending,
    limits: [drawLimits(random, ending), drawLimits(random, ending)],
    quality: drawQuality(random),
    talkMs,
    troubleMs,
    troubles,
    hasBinding: random.chance(0.5),
  };
}

function drawLimits(random: Random, ending: Ending): Limits {
  const common = {
    resumeWindowMs: ending === "expiry" ? 20_000 : 600_000,
    unheardMs: 600_000,
    probeMs: random.pick(1000, 10_000),
    deadMs: random.pick(10_000, 25_000),
  };
  if (random.chance(0.4)) return limitsFrom(common);
  const frameOctetsMax = random.pick(256, 1000, 4096, 65_536);
  return limitsFrom({
    ...common,
    frameOctetsMax,
    messageOctetsMax: random.pick(2000, 50_000, 200_000),
    expeditedOctetsMax: Math.min(frameOctetsMax, random.pick(200, 4096)),
    windowOctets: random.pick(4096, 10_000, 65_536),
    windowOctetsMax: random.pick(65_536, 262_144),
    sessionWindowOctets: random.pick(4096, 20_000, 500_000),
    journalOctetsMax: random.pick(4096, 30_000, 1_000_000),
    waitingOctetsMax: random.pick(10_000, 1_000_000),
    streamsMax: random.pick(0, 1, 3, 100),
    acknowledgeMs: random.pick(0, 20, 200),
  });
}

function drawQuality(random: Random): WireQuality {
  return {
    delayMs: random.pick(0, 1, 20, 150),
    jitterMs: random.pick(0, 5, 100),
    bufferOctets: random.pick(1000, 16_384, 65_536),
    pieceOctetsMax: random.pick(100, 1460, 65_536, 65_536),
  };
}

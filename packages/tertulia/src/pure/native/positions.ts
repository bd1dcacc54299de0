/**
 * Where both sides of a session stand, and whether they can go on from there.
 *
 * @module
 */

/** Where both lanes of both directions stand. */
export interface Positions {
  /** Whole frames received, in octets, on lane 0 and lane 1. */
  readonly received: readonly [number, number];
  /** The earliest octet we could send again. */
  readonly retained: readonly [number, number];
}

/**
 * What is wrong with where the peer says it stands, if anything.
 *
 * That it has less than we retain is not wrong yet: it may have had more, and acknowledged it on
 * another transport, when its claim was still under way. It is told what we retain, and judges.
 *
 * @param given - How much of each lane any transport was given.
 * @param ours - What we have received of each lane.
 */
export function wrongPositions(
  { received, retained }: Positions,
  given: readonly [number, number],
  ours: readonly [number, number],
): string | undefined {
  for (const lane of [0, 1] as const) {
    const [has, sent] = [received[lane], given[lane]];
    if (has > sent) return `the peer has ${has} of lane ${lane}, we sent ${sent}`;
  }
  for (const lane of [0, 1] as const) {
    const [have, first] = [ours[lane], retained[lane]];
    if (first > have) return `octets ${have} to ${first} of the peer's lane ${lane} are gone`;
  }
  return undefined;
}

/** Where a sender begins on a new transport: its receiver's place, unless it retains only later ones. */
export function begin({ received }: Positions, { retained }: Positions, lane: 0 | 1): number {
  return Math.max(received[lane], retained[lane]);
}

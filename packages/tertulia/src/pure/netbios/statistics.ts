/**
 * The statistics field of a node status response (RFC 1002 4.2.18).
 *
 * Most nodes send zeros; some devices send fewer octets than the 46 of the drawing. What came is
 * kept as octets, and read on demand.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { hex, Reader, type Writer } from "../octets.ts";

export const STATISTICS_OCTETS = 46;

/** The field as it was on the wire. */
export interface Statistics {
  readonly size: number;
  readonly octets: Uint8Array;
}

/** What a node that counts nothing sends. */
export const NO_STATISTICS: Statistics = {
  size: STATISTICS_OCTETS,
  octets: new Uint8Array(STATISTICS_OCTETS),
};

/** RFC 1002 4.2.18, in the order of the drawing: name and octets of each counter. */
const COUNTERS = [
  ["jumpers", 1],
  ["testResult", 1],
  ["versionNumber", 2],
  ["periodOfStatistics", 2],
  ["numberOfCrcs", 2],
  ["numberAlignmentErrors", 2],
  ["numberOfCollisions", 2],
  ["numberSendAborts", 2],
  ["numberGoodSends", 4],
  ["numberGoodReceives", 4],
  ["numberRetransmits", 2],
  ["numberNoResourceConditions", 2],
  ["numberFreeCommandBlocks", 2],
  ["totalNumberCommandBlocks", 2],
  ["maxTotalNumberCommandBlocks", 2],
  ["numberPendingSessions", 2],
  ["maxNumberPendingSessions", 2],
  ["maxTotalSessionsPossible", 2],
  ["sessionDataPacketSize", 2],
] as const;

/** UNIT_ID (the MAC address) and the counters that are there, by their names in the RFC. */
export function describeStatistics({
  octets,
}: Statistics): Readonly<Record<string, string | number>> {
  const reader = new Reader(octets, "RFC 1002 4.2.18");
  const fields: Record<string, string | number> = {};
  if (reader.remaining >= 6) fields["unitId"] = hex(reader.octets(6), ":");
  for (const [name, size] of COUNTERS) {
    if (reader.remaining < size) break;
    fields[name] = size === 1 ? reader.u8() : size === 2 ? reader.u16() : reader.u32();
  }
  return fields;
}

/** Statistics with this MAC address and these counters; the rest is 0. */
export function statistics(
  unitId: Uint8Array,
  counters: Readonly<Partial<Record<(typeof COUNTERS)[number][0], number>>> = {},
): Statistics {
  const octets = new Uint8Array(STATISTICS_OCTETS);
  octets.set(unitId.subarray(0, 6));
  let at = 6;
  for (const [name, size] of COUNTERS) {
    const value = counters[name] ?? 0;
    for (let i = size - 1; i >= 0; i--) octets[at++] = Math.floor(value / 256 ** i) & 255;
  }
  return { size: STATISTICS_OCTETS, octets };
}

/** Everything that is left of an NBSTAT record, which must be 46 octets if `strict`. */
export function readStatistics(data: Reader, strict: boolean): Statistics {
  if (strict && data.remaining !== STATISTICS_OCTETS) {
    const have = data.remaining;
    throw new ProtocolError("statisticsLength", "RFC 1002 4.2.18", `need 46, have ${have}`);
  }
  const octets = data.rest();
  return { size: octets.length, octets };
}

export function writeStatistics(writer: Writer, { octets }: Statistics): void {
  writer.octets(octets);
}

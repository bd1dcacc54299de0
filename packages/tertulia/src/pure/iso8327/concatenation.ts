/**
 * Concatenation on sending: X.225 6.3.7. What was requested in one go, an activity's start, data, a
 * point, tokens, leaves in one TSDU where Tables 7 and 8 let it, and is processed in the order in which
 * it was requested.
 *
 * @module
 */

import { concatOctets, NO_OCTETS } from "../octets.ts";
import type { SpduType } from "./parameters.ts";
import { encodeSpdu, type Spdu } from "./spdu.ts";
import { concatenationViolation, headOf, order } from "./tsdu.ts";

/** What may wait for something to go with it. The others are nobody's beginning. */
const beginnings: ReadonlySet<SpduType> = new Set(
  // A literal keeps the names checked.
  ["AS", "AR", "DT", "MIP", "MIA", "MAP", "MAA", "AE"] satisfies SpduType[],
);

export interface ConcatenationRules {
  /** Whether the peer said that it takes extended concatenation. */
  readonly extended: boolean;
  /** The longest TSDU; 0 is no limit. */
  readonly octetsMax: number;
}

/** Whether an SPDU may be kept back until the next is known. */
export function mayBegin({ type }: Spdu): boolean {
  return beginnings.has(type);
}

/** Whether `next` may leave with `group`, which is in the order of the requests. */
export function mayJoin(
  group: readonly Spdu[],
  next: Spdu,
  { extended, octetsMax }: ConcatenationRules,
): boolean {
  const last = group.at(-1);
  if (last === undefined || rank(last) >= rank(next)) return false;
  const wire = onTheWire([...group, next]);
  if (concatenationViolation(wire, extended) !== undefined) return false;
  return octetsMax === 0 || sizeOf(wire) <= octetsMax;
}

/** The TSDU of a group, in two parts: long data is not copied. */
export function encodeGroup(group: readonly Spdu[]): [head: Uint8Array, octets: Uint8Array] {
  const wire = onTheWire(group);
  const last = wire.at(-1);
  if (last?.type !== "DT") return [concatOctets(wire.map(encodeSpdu)), NO_OCTETS];
  const { userData = NO_OCTETS, ...header } = last;
  return [concatOctets([...wire.slice(0, -1), header].map(encodeSpdu)), userData];
}

/** GT or PT first, with the tokens if there are any, and DT last: its data has no length of its own. */
function onTheWire(group: readonly Spdu[]): Spdu[] {
  const tokens = group.find(({ type }) => type === "GT" || type === "PT");
  const rest = group
    .filter((spdu) => spdu !== tokens)
    .sort((one, other) => wireRank(one) - wireRank(other));
  const [first] = rest;
  // Whatever is not basic, Table 8 has behind a GT.
  const alone = rest.length === 1 && first ? headOf(first.type) : undefined;
  return [tokens ?? alone ?? { type: "GT" }, ...rest];
}

function sizeOf(wire: readonly Spdu[]): number {
  return wire.reduce((sum, spdu) => sum + encodeSpdu(spdu).length, 0);
}

function rank({ type }: Spdu): number {
  return order[type] ?? 2;
}

function wireRank(spdu: Spdu): number {
  return spdu.type === "DT" ? 3 : rank(spdu);
}

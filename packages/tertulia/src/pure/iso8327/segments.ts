/**
 * SSDUs in several segments: X.225 6.3.5, 7.37 and 8.4.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { concatOctets, NO_OCTETS } from "../octets.ts";
import type { SpduType } from "./parameters.ts";
import { encodeSpdu, SPDU_OCTETS_MAX, type Spdu } from "./spdu.ts";

const BEGINNING = 1;
const END = 2;
const CLAUSE = "X.225 7.37";

/** X.225 7.37: what a DT or TD in segments gives way to; others only to an abort. */
const interrupting: ReadonlySet<SpduType> = new Set(["RS", "ER", "ED", "AI", "AD", "AB"]);

/** What has come of an SSDU in segments. */
export interface SegmentsSnapshot {
  readonly first: Spdu | undefined;
  readonly parts: readonly Uint8Array[];
}

/** Puts segments together. One SSDU at a time: segments of two never mix on the normal flow. */
export class Assembler {
  readonly #octetsMax: number;
  #first: Spdu | undefined;
  #parts: Uint8Array[] = [];
  #octets = 0;

  constructor(octetsMax: number) {
    this.#octetsMax = octetsMax;
  }

  get snapshot(): SegmentsSnapshot {
    return { first: this.#first, parts: [...this.#parts] };
  }

  restore({ first, parts }: SegmentsSnapshot): void {
    this.#first = first;
    this.#parts = [...parts];
    this.#octets = parts.reduce((sum, part) => sum + part.length, 0);
  }

  /** Forgets what was begun. */
  clear(): void {
    this.#first = undefined;
    this.#parts = [];
    this.#octets = 0;
  }

  /**
   * Takes an SPDU of the normal flow. Gives it back whole, or `undefined` while more is to come.
   *
   * @param isDiscarding - Whether data is being thrown away: then ends may come without beginnings.
   * @throws {ProtocolError} for a segment out of place; {SessionError} `ERR_LIMIT`.
   */
  take(spdu: Spdu, isDiscarding: boolean): Spdu | undefined {
    const { enclosureItem = BEGINNING | END } = spdu;
    // Only the first segment has the Sync Type Item, which tells MAP from AE.
    const isPoint = this.#first?.type === "MAP" && (enclosureItem & BEGINNING) === 0;
    const type = isPoint && spdu.type === "AE" ? "MAP" : spdu.type;
    if (type === "CDO") return spdu;
    if (!this.#first) {
      if (enclosureItem === (BEGINNING | END)) return spdu;
      if ((enclosureItem & BEGINNING) === 0) {
        if (isDiscarding) return undefined;
        throw new ProtocolError("segmentWithoutBeginning", CLAUSE, type);
      }
      this.#first = spdu;
    } else if (type !== this.#first.type) {
      const isData = this.#first.type === "DT" || this.#first.type === "TD";
      // GT and PT that only head a segment never come here.
      if (!(isData ? interrupting.has(type) : type === "AB")) {
        throw new ProtocolError("segmentInterrupted", CLAUSE, `${type} in a ${this.#first.type}`);
      }
      this.clear();
      return this.take(spdu, isDiscarding);
    } else if ((enclosureItem & BEGINNING) !== 0) {
      throw new ProtocolError("segmentBeginsTwice", CLAUSE, type);
    }
    this.#keep(spdu);
    if ((enclosureItem & END) === 0) return undefined;
    const { enclosureItem: _, ...first } = this.#first;
    const userData = concatOctets(this.#parts);
    this.clear();
    return { ...first, userData };
  }

  #keep(spdu: Spdu): void {
    const { type, userData = NO_OCTETS, reasonCode } = spdu;
    // X.225 6.3.5: segments of REFUSE go on in the Reason Code parameter, without a reason.
    const isRest = type === "RF" && this.#parts.length > 0 && reasonCode !== undefined;
    const octets = isRest ? concatOctets([Uint8Array.of(reasonCode), userData]) : userData;
    this.#octets += octets.length;
    if (this.#octets > this.#octetsMax) {
      throw new SessionError("ERR_LIMIT", `an SSDU: at most ${this.#octetsMax} octets`);
    }
    this.#parts.push(octets);
  }
}

/**
 * Cuts an SPDU into segments that fit.
 *
 * @param tsduOctets - The largest TSDU of this direction; 0 when there is no limit, and then DT and TD
 *   are never cut.
 * @param headOctets - What the GT or PT in front takes.
 */
export function segment(spdu: Spdu, tsduOctets: number, headOctets: number): readonly Spdu[] {
  const { type, userData = NO_OCTETS } = spdu;
  if (type === "DT" || type === "TD") {
    if (tsduOctets === 0) return [spdu];
    // SI, LI and the Enclosure Item.
    const room = Math.max(1, tsduOctets - headOctets - 5);
    const segments: Spdu[] = [];
    for (let at = 0; at < userData.length || at === 0; at += room) {
      const isLast = at + room >= userData.length;
      const enclosureItem = (at === 0 ? BEGINNING : 0) | (isLast ? END : 0);
      segments.push({ ...spdu, enclosureItem, userData: userData.subarray(at, at + room) });
    }
    return segments;
  }
  const limit = Math.min(tsduOctets || SPDU_OCTETS_MAX, SPDU_OCTETS_MAX);
  if (!canBeCut(type) || fits(spdu, limit - headOctets)) return [spdu];
  // The parameters of the first segment, with the longest length indicators.
  const overhead = encodeSpdu({ ...spdu, enclosureItem: 1, userData: NO_OCTETS }).length + 8;
  const first = Math.max(1, Math.min(limit - headOctets - overhead, 65_000));
  const room = Math.max(1, Math.min(limit - headOctets - 13, 65_000));
  const segments: Spdu[] = [
    { ...spdu, enclosureItem: BEGINNING, userData: userData.subarray(0, first) },
  ];
  for (let at = first; at < userData.length; at += room) {
    const enclosureItem = at + room >= userData.length ? END : 0;
    const part = userData.subarray(at, at + room);
    segments.push(
      type === "RF"
        ? { type, enclosureItem, reasonCode: part[0] ?? 0, userData: part.subarray(1) }
        : { type, enclosureItem, userData: part },
    );
  }
  return segments;
}

function canBeCut(type: SpduType): boolean {
  return !["CN", "AA", "EX", "PR", "GTA", "ER", "CDO", "OA"].includes(type);
}

function fits(spdu: Spdu, room: number): boolean {
  return (spdu.userData?.length ?? 0) <= 65_000 && encodeSpdu(spdu).length <= room;
}

/**
 * What one transport service data unit may hold: X.225 6.3.7, Tables 6 to 8.
 *
 * A TSDU is one SPDU of category 1, or a GIVE TOKENS or PLEASE TOKENS SPDU alone or at the head of a
 * concatenation. Decoding gives the SPDUs in the order in which they are to be processed.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { concatOctets, Reader } from "../octets.ts";
import { layouts, type SpduType } from "./parameters.ts";
import { type DecodeOptions, decodeSpdu, encodeSpdu, type Position, type Spdu } from "./spdu.ts";

/** How strictly a TSDU is read, and what may be in it. */
export interface DecodeTsduOptions extends DecodeOptions {
  /** Whether we said that we can receive extended concatenation (PI 19). Default true. */
  readonly extended?: boolean;
}

/** X.225 Table 7: what may follow a GT or PT. The star of the standard is `false`: no Token Item. */
export const basicConcatenation: Readonly<
  Record<"GT" | "PT", Readonly<Partial<Record<SpduType, boolean>>>>
> = {
  GT: {
    DT: true,
    MIP: true,
    MAP: true,
    RS: false,
    AS: true,
    AR: true,
    AD: false,
    AI: false,
    AE: true,
    CD: false,
  },
  PT: {
    MIA: true,
    MAA: true,
    RA: true,
    ADA: true,
    AIA: true,
    CDA: true,
    ER: true,
    ED: true,
    // Table 7 of 1995 prints PT and AR; the text of 1988, Table 8 and ISODE have GT and AR.
    AR: true,
  },
};

/** X.225 Table 8: what may follow a GT if the receiver takes extended concatenation. */
export const extendedConcatenation: readonly {
  readonly follow: readonly SpduType[];
  readonly tokens: boolean;
}[] = [
  { follow: ["MIA"], tokens: true },
  { follow: ["MAA"], tokens: true },
  ...pairs(["AS", "AR"], ["MIP"]).map((follow) => ({ follow, tokens: true })),
  ...pairs(["AS", "AR"], ["AE", "MAP"]).map((follow) => ({ follow, tokens: false })),
  ...pairs(["MIP", "MIA", "MAP", "MAA", "AE", "AS", "AR"], ["DT"]).map((follow) => ({
    follow,
    tokens: true,
  })),
  ...pairs(["AS", "AR"], ["MIP"]).map((follow) => ({ follow: follow.concat("DT"), tokens: true })),
  ...pairs(["AS", "AR"], ["AE", "MAP"]).map((follow) => ({
    follow: follow.concat("DT"),
    tokens: false,
  })),
];

function pairs(ones: readonly SpduType[], others: readonly SpduType[]): SpduType[][] {
  return ones.flatMap((one) => others.map((other) => [one, other]));
}

/** X.225 6.3.7: (AS|AR), then DT, then sync points, then GT or PT. */
export const order: Readonly<Partial<Record<SpduType, number>>> = {
  AS: 0,
  AR: 0,
  DT: 1,
  GT: 3,
  PT: 3,
};

/** The octets of an SPDU with those of the GT or PT that has to head it: `01 00` for a DT. */
export function encodeTsdu(...spdus: readonly Spdu[]): Uint8Array {
  return concatOctets(spdus.map(encodeSpdu));
}

/** The SPDU that heads one of category 2: GT or PT, empty. */
export function headOf(type: SpduType): Spdu | undefined {
  if (layouts[type].category !== 2) return undefined;
  return { type: basicConcatenation.PT[type] && type !== "AR" ? "PT" : "GT" };
}

/**
 * The SPDUs of a TSDU of the normal flow, in the order of the wire.
 *
 * @throws {ProtocolError} when the octets are not SPDUs, or may not stand together.
 */
export function decodeTsdu(tsdu: Uint8Array, options: DecodeTsduOptions = {}): Spdu[] {
  const reader = new Reader(tsdu, "X.225 8.2");
  const spdus: Spdu[] = [];
  let position: Position = "first";
  do {
    const spdu = decodeSpdu(reader, position, options);
    if (position === "first") position = spdu.type === "PT" ? "afterPT" : "afterGT";
    spdus.push(spdu);
  } while (reader.remaining > 0);
  checkConcatenation(spdus, options.extended ?? true);
  return spdus;
}

/** The one SPDU of a TSDU of the expedited flow: EX, PR or AB. */
export function decodeExpeditedTsdu(tsdu: Uint8Array, options: DecodeOptions = {}): Spdu {
  const reader = new Reader(tsdu, "X.225 8.2");
  const spdu = decodeSpdu(reader, "first", options);
  if (spdu.type !== "EX" && spdu.type !== "PR" && spdu.type !== "AB") {
    throw new ProtocolError("wrongFlow", "X.225 6.3.7", `${spdu.type} on the expedited flow`);
  }
  if (reader.remaining > 0) {
    throw new ProtocolError("concatenation", "X.225 6.3.7", "two SPDUs on the expedited flow");
  }
  return spdu;
}

/**
 * The SPDUs in the order in which the machine takes them.
 *
 * X.225 6.3.7: category 2 before category 0; a sync point that stands before the data on the wire
 * comes after it. A GT or PT without tokens was only the head, and is left out.
 */
export function processingOrder(spdus: readonly Spdu[]): readonly Spdu[] {
  if (spdus.length === 1) return spdus;
  return spdus
    .filter(({ type, tokenItem }) => (type !== "GT" && type !== "PT") || tokenItem !== undefined)
    .sort((one, other) => (order[one.type] ?? 2) - (order[other.type] ?? 2));
}

function checkConcatenation(spdus: readonly Spdu[], extended: boolean): void {
  const violation = concatenationViolation(spdus, extended);
  if (violation === undefined) return;
  throw new ProtocolError(violation, "X.225 6.3.7", spdus.map(({ type }) => type).join("+"));
}

/** Which rule these SPDUs break when they stand together in this order, if any. */
export function concatenationViolation(
  spdus: readonly Spdu[],
  extended: boolean,
): string | undefined {
  const [head, ...rest] = spdus;
  if (!head) return undefined;
  if (head.type === "EX" || head.type === "PR") return "wrongFlow";
  if (layouts[head.type].category === 2) return "category2Alone";
  if (rest.length === 0) {
    const isBare = layouts[head.type].category === 0 && head.tokenItem === undefined;
    return isBare && head.userData ? "userDataWithoutTokens" : undefined;
  }
  if (head.type !== "GT" && head.type !== "PT") return "concatenation";
  if (head.userData) return "userDataInHead";
  const mayHaveTokens = allowed(head.type, rest, extended);
  if (mayHaveTokens === undefined) return "concatenation";
  if (head.tokenItem === undefined) return undefined;
  if (!mayHaveTokens) return "tokensInHead";
  // X.225 6.3.7: tokens only with a complete SSDU or its last segment.
  const last = rest.at(-1);
  const isUnfinished = last?.enclosureItem !== undefined && (last.enclosureItem & 2) === 0;
  return isUnfinished ? "tokensInHead" : undefined;
}

/** Whether the head may carry tokens, or `undefined` when these SPDUs may not stand together. */
function allowed(head: SpduType, rest: readonly Spdu[], extended: boolean): boolean | undefined {
  const [second] = rest;
  if (rest.length === 1 && second) {
    const basic = basicConcatenation[head as "GT" | "PT"][second.type];
    if (basic !== undefined) return basic;
  }
  if (!extended || head !== "GT") return undefined;
  const found = extendedConcatenation.find(
    ({ follow }) =>
      follow.length === rest.length && follow.every((type, i) => type === rest[i]?.type),
  );
  if (!found) return undefined;
  const last = rest.at(-1);
  if (last?.type !== "DT") return found.tokens;
  const enclosure = last.enclosureItem ?? 3;
  const [first] = found.follow;
  const afterStart = first === "AS" || first === "AR";
  // X.225 Table 8: CL complete or last, CF complete or first, C complete.
  if (found.follow.length === 3) return enclosure === 3 ? found.tokens : undefined;
  if (!afterStart) return (enclosure & 2) === 2 ? found.tokens : undefined;
  return enclosure === 3 ? found.tokens : enclosure === 1 ? false : undefined;
}

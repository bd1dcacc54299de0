/**
 * Functional units and tokens: their names, their bits on the wire, and who starts with what.
 * X.225 8.3.1 (PI 16, 20 and 26), X.215 7.
 *
 * @module
 */

import { SessionError } from "../errors.ts";

/** The functional units of PI 20, under the names of X.215. */
export type FunctionalUnit =
  | "half-duplex"
  | "duplex"
  | "expedited"
  | "minor"
  | "major"
  | "resynchronize"
  | "activity"
  | "negotiated-release"
  | "capability"
  | "exceptions"
  | "typed-data"
  | "symmetric"
  | "data-separation";

/** The four tokens. */
export type Token = "data" | "minor" | "major" | "release";

/** Which side a token goes to: who asks, who answers, or whom the answering user chooses. */
export type TokenSide = "requestor" | "acceptor" | "choice";

/** Who starts with each token. */
export type TokenSettings = Readonly<Partial<Record<Token, TokenSide>>>;

/** The bits of PI 20. */
export const FU = {
  HD: 0x0001,
  FD: 0x0002,
  EX: 0x0004,
  SY: 0x0008,
  MA: 0x0010,
  RESYN: 0x0020,
  ACT: 0x0040,
  NR: 0x0080,
  CD: 0x0100,
  EXCEP: 0x0200,
  TD: 0x0400,
  SS: 0x0800,
  DS: 0x1000,
} as const;

/** PI 20 absent: half-duplex, minor, activity, capability data and exceptions. */
export const DEFAULT_UNITS = 0x0349;

/** The bits of PI 16. The same numbers as shifts are where PI 26 has the token's setting. */
export const TOKEN = { data: 0x01, minor: 0x04, major: 0x10, release: 0x40 } as const;

const unitBits: Readonly<Record<FunctionalUnit, number>> = {
  "half-duplex": FU.HD,
  duplex: FU.FD,
  expedited: FU.EX,
  minor: FU.SY,
  major: FU.MA,
  resynchronize: FU.RESYN,
  activity: FU.ACT,
  "negotiated-release": FU.NR,
  capability: FU.CD,
  exceptions: FU.EXCEP,
  "typed-data": FU.TD,
  symmetric: FU.SS,
  "data-separation": FU.DS,
};

const tokenShifts: Readonly<Record<Token, number>> = { data: 0, minor: 2, major: 4, release: 6 };
const sides: readonly TokenSide[] = ["requestor", "acceptor", "choice"];

/** @throws {SessionError} `ERR_ARGUMENT` for a name that is none. */
export function unitsToBits(units: Iterable<FunctionalUnit>): number {
  let bits = 0;
  for (const unit of units) {
    const bit = unitBits[unit];
    if (bit === undefined) throw new SessionError("ERR_ARGUMENT", `no functional unit: ${unit}`);
    bits |= bit;
  }
  return bits;
}

/** The functional units out of the bits of PI 20; bits of none are passed over. */
export function bitsToUnits(bits: number): FunctionalUnit[] {
  return keys(unitBits).filter((unit) => (bits & unitBits[unit]) !== 0);
}

/** @throws {SessionError} `ERR_ARGUMENT` for a name that is none. */
export function tokensToBits(tokens: Iterable<Token>): number {
  let bits = 0;
  for (const token of tokens) {
    const bit = TOKEN[token];
    if (bit === undefined) throw new SessionError("ERR_ARGUMENT", `no token: ${token}`);
    bits |= bit;
  }
  return bits;
}

/** The tokens out of the bits of PI 16. */
export function bitsToTokens(bits: number): Token[] {
  return keys(TOKEN).filter((token) => (bits & TOKEN[token]) !== 0);
}

/** X.225 Table: which tokens there are with these functional units. */
export function availableTokens(units: number): number {
  return (
    (units & FU.NR ? TOKEN.release : 0) |
    (units & FU.HD ? TOKEN.data : 0) |
    (units & FU.SY ? TOKEN.minor : 0) |
    (units & (FU.MA | FU.ACT) ? TOKEN.major : 0)
  );
}

/**
 * The functional units in force: those that both sides listed, without those that need another one
 * that is not there. Two that exclude each other (HD and FD, SY and SS) may both remain: then the
 * answer was not valid.
 */
export function selectUnits(proposed: number, accepted: number, hasExpedited: boolean): number {
  let units = proposed & accepted;
  if (!hasExpedited) units &= ~FU.EX;
  if (!(units & FU.ACT)) units &= ~FU.CD;
  if (!(units & FU.HD)) units &= ~FU.EXCEP;
  if (units & FU.ACT || !(units & (FU.SY | FU.SS))) units &= ~FU.DS;
  return units;
}

/** Whether serial numbers are agreed when the connection is made. */
export function hasSerialNumbers(units: number): boolean {
  return (units & (FU.SY | FU.SS | FU.MA | FU.RESYN)) !== 0 && (units & FU.ACT) === 0;
}

/** PI 26 for these tokens; those not named are the requestor's. */
export function settingsToBits(settings: TokenSettings, available: number): number {
  let bits = 0;
  for (const token of bitsToTokens(available)) {
    bits |= sides.indexOf(settings[token] ?? "requestor") << tokenShifts[token];
  }
  return bits;
}

/** Who starts with each token that is available, out of the bits of PI 26. */
export function bitsToSettings(bits: number, available: number): TokenSettings {
  return Object.fromEntries(
    bitsToTokens(available).map((token) => {
      // 11 is reserved; the requestor's side is the default.
      return [token, sides[(bits >>> tokenShifts[token]) & 3] ?? "requestor"];
    }),
  );
}

/**
 * What is settled when the acceptor has answered: its word counts only where it was asked to choose.
 */
export function resolveSettings(
  asked: TokenSettings,
  answered: TokenSettings,
  available: number,
): TokenSettings {
  return Object.fromEntries(
    bitsToTokens(available).map((token) => {
      const side = asked[token] ?? "requestor";
      const chosen = answered[token] === "acceptor" ? "acceptor" : "requestor";
      return [token, side === "choice" ? chosen : side];
    }),
  );
}

/** The tokens that one side has by these settings. */
export function ownedBy(
  side: "requestor" | "acceptor",
  settings: TokenSettings,
  available: number,
): number {
  return tokensToBits(
    bitsToTokens(available).filter((token) => (settings[token] ?? "requestor") === side),
  );
}

function keys<K extends string>(record: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(record) as K[]; // The records here have no other keys.
}

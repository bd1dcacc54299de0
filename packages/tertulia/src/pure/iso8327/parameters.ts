/**
 * The parameters of session protocol data units, and which SPDU carries which: X.225 8.2 and 8.3 as
 * data. PGIs and PIs keep the codes of the standard; the codec is the only reader of this file.
 *
 * @module
 */

/** The SPDUs, by the abbreviations of X.225 Annex A. */
export type SpduType =
  | "CN"
  | "OA"
  | "CDO"
  | "AC"
  | "RF"
  | "FN"
  | "DN"
  | "NF"
  | "AB"
  | "AA"
  | "DT"
  | "PR"
  | "EX"
  | "TD"
  | "CD"
  | "CDA"
  | "GT"
  | "PT"
  | "GTC"
  | "GTA"
  | "MIP"
  | "MIA"
  | "MAP"
  | "AE"
  | "MAA"
  | "RS"
  | "RA"
  | "ER"
  | "ED"
  | "AS"
  | "AR"
  | "AI"
  | "AIA"
  | "AD"
  | "ADA";

/** How the value of a parameter is written. */
export type ValueKind =
  /** Octets as they are. */
  | "octets"
  /** One octet: flags, or a small number. */
  | "u8"
  /** Two octets of flags. */
  | "u16"
  /** A decimal number in ASCII digits, the most significant first. */
  | "digits"
  /** Two numbers of two octets: initiator to responder, then responder to initiator. */
  | "sizes"
  /** REFUSE only: one octet, then user data. */
  | "reasonAndData";

/** A PI of X.225 8.2: what it is called, how it is written, how long it may be. */
export interface Parameter {
  readonly code: number;
  readonly name: string;
  readonly kind: ValueKind;
  /** The most octets a value may have. */
  readonly max: number;
  /** The bits that mean something; the others are ignored on input (X.225 A.4.3.1.1). */
  readonly mask?: number;
  /** The only values that mean something. */
  readonly allowed?: readonly number[];
}

/** A parameter in its place in an SPDU, or a group of them. */
export type Unit =
  | { readonly parameter: Parameter; readonly mandatory: boolean }
  | {
      readonly code: number;
      readonly name: string;
      readonly members: readonly Unit[];
      readonly mandatory: boolean;
    };

/** What X.225 8.3 says of one SPDU. */
export interface Layout {
  readonly si: number;
  readonly category: 0 | 1 | 2;
  readonly units: readonly Unit[];
  /** Whether a user information field follows the parameters and ends the TSDU (8.2). */
  readonly userInformation?: true;
}

const LONG = 65_535;

function parameter(
  code: number,
  name: string,
  kind: ValueKind,
  max: number,
  extra: Pick<Parameter, "mask" | "allowed"> = {},
): Parameter {
  return { code, name, kind, max, ...extra };
}

const resyncTypes = [0, 1, 2];
const exceptionReasons = [0, 1, 3, 5, 6, 128];

const dictionary: ReadonlyMap<number, Parameter> = new Map(
  [
    parameter(9, "calledReference", "octets", 64),
    parameter(10, "callingReference", "octets", 64),
    parameter(11, "commonReference", "octets", 64),
    parameter(12, "additionalReference", "octets", 4),
    parameter(15, "syncTypeItem", "u8", 1, { mask: 0x03 }),
    parameter(16, "tokenItem", "u8", 1, { mask: 0x55 }),
    parameter(17, "transportDisconnect", "u8", 1, { mask: 0x1f }),
    parameter(19, "protocolOptions", "u8", 1, { mask: 0x01 }),
    parameter(20, "sessionUserRequirements", "u16", 2, { mask: 0x3fff }),
    parameter(21, "tsduMaximumSize", "sizes", 4),
    parameter(22, "versionNumber", "u8", 1, { mask: 0x03 }),
    parameter(23, "initialSerialNumber", "digits", 6),
    parameter(24, "prepareType", "u8", 1, { allowed: [1, 2, 3, 4] }),
    parameter(25, "enclosureItem", "u8", 1, { mask: 0x03 }),
    parameter(26, "tokenSettingItem", "u8", 1),
    parameter(27, "resyncType", "u8", 1, { allowed: resyncTypes }),
    parameter(41, "activityIdentifier", "octets", 6),
    parameter(42, "serialNumber", "digits", 15),
    parameter(46, "userData", "octets", LONG),
    parameter(49, "reflectParameterValues", "octets", 65_531),
    parameter(50, "reasonCode", "u8", 1, { allowed: exceptionReasons }),
    parameter(51, "callingSessionSelector", "octets", 16),
    parameter(52, "calledSessionSelector", "octets", 16),
    parameter(53, "secondResyncType", "u8", 1, { allowed: resyncTypes }),
    parameter(54, "secondSerialNumber", "digits", 15),
    parameter(55, "secondInitialSerialNumber", "digits", 6),
    parameter(56, "upperLimitSerialNumber", "u8", 1),
    parameter(57, "largeInitialSerialNumber", "digits", 15),
    parameter(58, "largeSecondInitialSerialNumber", "digits", 15),
    parameter(60, "dataOverflow", "u8", 1, { mask: 0x01 }),
    parameter(193, "userData", "octets", LONG),
    parameter(194, "extendedUserData", "octets", 10_240),
  ].map((each) => [each.code, each]),
);

/** Every PI and plain-valued PGI there is, by code: to name what stands in the wrong place. */
export const parameters: ReadonlyMap<number, Parameter> = dictionary;

const refuseReason = parameter(50, "reasonCode", "reasonAndData", LONG);
const abortReflection = parameter(49, "reflectParameterValues", "octets", 9);

type Place = number | Unit;

function must(code: number): Unit {
  return { ...place(code), mandatory: true };
}

function place(unit: Place): Unit {
  if (typeof unit !== "number") return unit;
  const found = dictionary.get(unit);
  if (!found) throw new Error(`no parameter has the code ${unit}`);
  return { parameter: found, mandatory: false };
}

function group(code: number, name: string, ...members: readonly Place[]): Unit {
  return { code, name, members: members.map(place), mandatory: false };
}

function layout(si: number, category: 0 | 1 | 2, ...units: readonly Place[]): Layout {
  return { si, category, units: units.map(place) };
}

function open(si: number, category: 0 | 1 | 2, ...units: readonly Place[]): Layout {
  return { ...layout(si, category, ...units), userInformation: true };
}

const connectItem = group(5, "connectAcceptItem", must(19), 21, must(22), 23, 26, 55, 56, 57, 58);
const accepted = group(1, "connectionIdentifier", 9, 11, 12);
const linking: Unit = {
  ...group(33, "linkingInformation", 9, 10, 11, 12, must(41), must(42), 54),
  mandatory: true,
};

/**
 * X.225 8.3: the SPDUs, by the abbreviations of Annex A. MAA stands for ACTIVITY END ACK as well:
 * the two are the same on the wire.
 */
export const layouts: Readonly<Record<SpduType, Layout>> = {
  CN: layout(
    13,
    1,
    group(1, "connectionIdentifier", 10, 11, 12),
    connectItem,
    20,
    51,
    52,
    60,
    193,
    194,
  ),
  OA: layout(16, 1, 21, must(22)),
  CDO: layout(15, 1, must(25), 193),
  AC: layout(14, 1, accepted, connectItem, 16, 20, 25, 51, 52, 193),
  RF: layout(12, 1, accepted, 17, 20, 22, 25, { parameter: refuseReason, mandatory: false }),
  FN: layout(9, 1, 17, 25, 193),
  DN: layout(10, 1, 25, 193),
  NF: layout(8, 1, 25, 193),
  AB: layout(25, 1, must(17), 25, { parameter: abortReflection, mandatory: false }, 193),
  AA: layout(26, 1),
  DT: open(1, 2, 25),
  PR: layout(7, 1, must(24), 27, 53),
  EX: open(5, 1),
  TD: open(33, 1, 25),
  CD: layout(61, 2, 25, 193),
  CDA: layout(62, 2, 25, 193),
  GT: layout(1, 0, 16, 25, 193),
  PT: layout(2, 0, 16, 25, 193),
  GTC: layout(21, 1, 25, 193),
  GTA: layout(22, 1),
  MIP: layout(49, 2, 15, 25, must(42), 193),
  MIA: layout(50, 2, 25, must(42), 46),
  MAP: layout(41, 2, must(15), 25, must(42), 193),
  AE: layout(41, 2, 25, must(42), 193),
  MAA: layout(42, 2, 25, 42, 54, 193),
  RS: layout(53, 2, 25, 26, 27, 42, 53, 54, 193),
  RA: layout(34, 2, 25, 26, 27, 42, 53, 54, 193),
  ER: layout(0, 2, must(49)),
  ED: layout(48, 2, 25, must(50), 193),
  AS: layout(45, 2, 25, must(41), 193),
  AR: layout(29, 2, 25, linking, must(41), 193),
  AI: layout(25, 2, 25, 50, 193),
  AIA: layout(26, 2, 25, 193),
  AD: layout(57, 2, 25, 50, 193),
  ADA: layout(58, 2, 25, 193),
};

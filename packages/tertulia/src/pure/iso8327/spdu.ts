/**
 * Session protocol data units as values and as octets: X.225 8.2 and 8.3.
 *
 * The codec does what {@link layouts} says. A decoder is strict or lenient: what a lenient one
 * forgives is still reported, with its clause.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../errors.ts";
import { concatOctets, NO_OCTETS, type Reader, Writer } from "../octets.ts";
import { type Layout, layouts, type Parameter, type SpduType, type Unit } from "./parameters.ts";

/** PGI 1: names of the connection that mean something to the users only. */
export interface ConnectionIdentifier {
  readonly calledReference?: Uint8Array;
  readonly callingReference?: Uint8Array;
  readonly commonReference?: Uint8Array;
  readonly additionalReference?: Uint8Array;
}

/** PI 21: the largest TSDU in each direction; 0 is no limit, and no segmenting. */
export interface TsduMaximumSize {
  readonly toResponder: number;
  readonly toInitiator: number;
}

/** PGI 5: the Connect/Accept Item. */
export interface ConnectAcceptItem {
  readonly protocolOptions: number;
  readonly tsduMaximumSize?: TsduMaximumSize;
  readonly versionNumber: number;
  readonly initialSerialNumber?: number;
  readonly tokenSettingItem?: number;
  readonly secondInitialSerialNumber?: number;
  readonly upperLimitSerialNumber?: number;
  readonly largeInitialSerialNumber?: number;
  readonly largeSecondInitialSerialNumber?: number;
}

/** PGI 33: which activity of which session connection an ACTIVITY RESUME goes on with. */
export interface LinkingInformation extends ConnectionIdentifier {
  readonly activityIdentifier: Uint8Array;
  readonly serialNumber: number;
  readonly secondSerialNumber?: number;
}

/** An SPDU, with its parameters under their names in X.225 8.3. */
export interface Spdu {
  readonly type: SpduType;
  readonly activityIdentifier?: Uint8Array;
  readonly calledSessionSelector?: Uint8Array;
  readonly callingSessionSelector?: Uint8Array;
  readonly connectAcceptItem?: ConnectAcceptItem;
  readonly connectionIdentifier?: ConnectionIdentifier;
  readonly dataOverflow?: number;
  readonly enclosureItem?: number;
  readonly linkingInformation?: LinkingInformation;
  readonly prepareType?: number;
  readonly reasonCode?: number;
  readonly reflectParameterValues?: Uint8Array;
  readonly resyncType?: number;
  readonly secondResyncType?: number;
  readonly secondSerialNumber?: number;
  readonly serialNumber?: number;
  readonly sessionUserRequirements?: number;
  readonly syncTypeItem?: number;
  readonly tokenItem?: number;
  readonly tokenSettingItem?: number;
  readonly transportDisconnect?: number;
  readonly tsduMaximumSize?: TsduMaximumSize;
  /** PGI 193 or 194, PI 46 of MIA, what follows the reason of RF, or the user information field. */
  readonly userData?: Uint8Array;
  readonly versionNumber?: number;
}

/** How strictly SPDUs are read. */
export interface DecodeOptions {
  /** Whether every violation is an error; otherwise those that do no harm are only reported. */
  readonly strict?: boolean;
  /** Told of each violation that was forgiven. */
  readonly report?: ((violation: ProtocolError) => void) | undefined;
}

/** PGI 193 holds this much in a CONNECT; longer user data goes into PGI 194 (X.225 8.3). */
export const CONNECT_DATA_MAX = 512;
/** PGI 194 holds this much; the rest overflows into CONNECT DATA OVERFLOW SPDUs. */
export const EXTENDED_DATA_MAX = 10_240;
/** An SPDU with a three-octet length indicator: 4 octets and 65 535. */
export const SPDU_OCTETS_MAX = 65_539;

const DT_HEAD = Uint8Array.of(1, 0);

/**
 * One SPDU as octets.
 *
 * Units are in ascending order of their codes, empty ones are left out, and length indicators are
 * as short as they can be. CONNECT carries user data above 512 octets in PGI 194.
 *
 * @throws {SessionError} `ERR_LIMIT` when a value is longer than its parameter, or the SPDU longer
 *   than 65 539 octets; `ERR_ARGUMENT` without a mandatory parameter.
 */
export function encodeSpdu(spdu: Spdu): Uint8Array {
  const { type, userData = NO_OCTETS } = spdu;
  const layout: Layout = layouts[type];
  if (layout.userInformation && spdu.enclosureItem === undefined) {
    return concatOctets([type === "DT" ? DT_HEAD : Uint8Array.of(layout.si, 0), userData]);
  }
  const body = new Writer();
  writeUnits(body, layout.units, spdu, isRest(spdu) ? undefined : type);
  const writer = writeLength(new Writer().u8(layout.si), body.size, type).octets(body.finish());
  return layout.userInformation ? writer.octets(userData).finish() : writer.finish();
}

/** X.225 6.3.5: a segment that is not the first has an Enclosure Item and user data only. */
function isRest({ type, enclosureItem = 1 }: Spdu): boolean {
  return (enclosureItem & 1) === 0 && type !== "CDO";
}

/** @param strictlyIn - The SPDU whose mandatory parameters have to be there; none in a rest. */
function writeUnits(
  writer: Writer,
  units: readonly Unit[],
  values: object,
  strictlyIn: string | undefined,
): void {
  for (const unit of units) {
    const name = "members" in unit ? unit.name : unit.parameter.name;
    const value = valueFor(unit, values);
    if (value === undefined) {
      if (!unit.mandatory || strictlyIn === undefined) continue;
      throw new SessionError("ERR_ARGUMENT", `${strictlyIn} without ${name}`);
    }
    const inner = new Writer();
    if ("members" in unit) writeUnits(inner, unit.members, Object(value), `${strictlyIn} ${name}`);
    else writeValue(inner, unit.parameter, value, values);
    if (inner.size === 0 && !unit.mandatory) continue;
    const { code, max } = "members" in unit ? { code: unit.code, max: 65_535 } : unit.parameter;
    if (inner.size > max) {
      throw new SessionError(
        "ERR_LIMIT",
        `${strictlyIn} ${name}: at most ${max}, have ${inner.size}`,
      );
    }
    writeLength(writer.u8(code), inner.size, name).octets(inner.finish());
  }
}

/** The value of a unit. User data has two places in a CONNECT, and only its length decides. */
function valueFor(unit: Unit, values: object): unknown {
  const name = "members" in unit ? unit.name : unit.parameter.name;
  const isExtended = name === "extendedUserData";
  // The names in the layouts are those of Spdu's fields: that is what the tables are typed for.
  const value = (values as Readonly<Record<string, unknown>>)[isExtended ? "userData" : name];
  if (name !== "userData" && !isExtended) return value;
  const { type, userData = NO_OCTETS } = values as Spdu;
  if (type !== "CN") return value;
  return userData.length > CONNECT_DATA_MAX === isExtended ? value : undefined;
}

function writeValue(writer: Writer, parameter: Parameter, value: unknown, values: object): void {
  switch (parameter.kind) {
    case "octets":
      writer.octets(value as Uint8Array);
      break;
    case "u8":
      writer.u8(value as number);
      break;
    case "u16":
      writer.u16(value as number);
      break;
    case "digits":
      writer.utf8(String(value));
      break;
    case "sizes": {
      const { toResponder, toInitiator } = value as TsduMaximumSize;
      writer.u16(toResponder).u16(toInitiator);
      break;
    }
    case "reasonAndData":
      writer.u8(value as number).octets((values as Spdu).userData ?? NO_OCTETS);
      break;
  }
}

/** X.225 8.2: one octet up to 254; above that, 255 and then two octets. */
function writeLength(writer: Writer, length: number, where: string): Writer {
  if (length > 65_535) {
    throw new SessionError("ERR_LIMIT", `${where}: at most 65535 octets, have ${length}`);
  }
  return length < 255 ? writer.u8(length) : writer.u8(255).u16(length);
}

/** What stands before an SPDU in its TSDU, which decides what an SI means (X.225 6.3.7). */
export type Position = "first" | "afterGT" | "afterPT";

interface Compiled {
  readonly type: SpduType;
  readonly layout: Layout;
  readonly units: ReadonlyMap<number, Unit>;
}

const compiled: ReadonlyMap<SpduType, Compiled> = new Map(
  Object.entries(layouts).map(([name, layout]) => {
    const type = name as SpduType; // The keys of the layouts are what SpduType is made of.
    return [type, { type, layout, units: byCode(layout.units) }];
  }),
);
const groups: ReadonlyMap<Unit, ReadonlyMap<number, Unit>> = new Map(
  Object.values(layouts)
    .flatMap((layout): readonly Unit[] => layout.units)
    .filter((unit) => "members" in unit)
    .map((unit) => [unit, byCode(unit.members)]),
);
// MAP has all the parameters of ACTIVITY END, and one more, which tells them apart.
const firstBySi = bySi(({ category }) => category !== 2);
const laterBySi = bySi(({ category }, type) => category === 2 && type !== "AE");

function byCode(units: readonly Unit[]): ReadonlyMap<number, Unit> {
  return new Map(
    units.map((unit) => ["members" in unit ? unit.code : unit.parameter.code, unit] as const),
  );
}

function bySi(include: (layout: Layout, type: SpduType) => boolean): ReadonlyMap<number, Compiled> {
  return new Map(
    [...compiled.values()]
      .filter(({ type, layout }) => include(layout, type))
      .map((each) => [each.layout.si, each]),
  );
}

/**
 * The next SPDU of a TSDU.
 *
 * `userData` and other octets share memory with what is read. The reader is left behind the SPDU.
 *
 * @param position - Where it stands: the same SI means GT or DT, AB or AI, AA or AIA by that.
 * @throws {ProtocolError} when there is none, or one that nobody could forgive.
 */
export function decodeSpdu(reader: Reader, position: Position, options: DecodeOptions = {}): Spdu {
  const si = reader.u8();
  let found = position === "first" ? (firstBySi.get(si) ?? laterBySi.get(si)) : laterBySi.get(si);
  if (!found) {
    // X.225 Amd.1 gives bit 8 of the first octet to short-form SPDUs, which we recognise only.
    const violation = si >= 0x80 ? "shortFormSpdu" : "unknownSpdu";
    throw new ProtocolError(violation, "X.225 8.3", `SI ${si} ${position}`);
  }
  const forgive = (violation: string, clause: string, detail: string) => {
    const error = new ProtocolError(violation, clause, detail);
    if (options.strict) throw error;
    options.report?.(error);
  };
  const parameters = reader.sub(readLength(reader, forgive));
  const clause = `X.225 8.3 ${found.type}`;
  let spdu = readUnits(parameters, found.units, clause, forgive) as unknown as Spdu & {
    type: SpduType;
  };
  // X.225 8.3: SI 41 is MAJOR SYNC POINT with a Sync Type Item and ACTIVITY END without.
  if (si === 41) {
    found = spdu.syncTypeItem === undefined ? compiled.get("AE") : compiled.get("MAP");
  }
  const { type, layout } = found as Compiled;
  spdu = { ...spdu, type };
  if (!isRest(spdu)) checkMandatory(layout.units, spdu, clause);
  if (layout.userInformation) spdu = { ...spdu, userData: reader.rest() };
  if (type === "EX") {
    const { length } = spdu.userData ?? NO_OCTETS;
    if (length < 1 || length > 14) {
      throw new ProtocolError("expeditedLength", clause, `1 to 14 octets, have ${length}`);
    }
  }
  return spdu;
}

type Values = Record<string, unknown> & { userData?: Uint8Array };
type Forgive = (violation: string, clause: string, detail: string) => void;

function readUnits(
  reader: Reader,
  units: ReadonlyMap<number, Unit>,
  clause: string,
  forgive: Forgive,
): Values {
  const values: Values = {};
  let last = -1;
  while (reader.remaining > 0) {
    const code = reader.u8();
    const length = readLength(reader, forgive);
    const value = reader.sub(length);
    if (code === last) forgive("duplicateUnit", clause, `${code} twice`);
    if (code < last) forgive("unitsOutOfOrder", clause, `${code} after ${last}`);
    last = code;
    const unit = units.get(code);
    // X.225 A.4.3.1.1: unknown PGIs and PIs are ignored. 8.2: an empty unit is an absent one.
    if (!unit || length === 0) continue;
    if ("members" in unit) {
      values[unit.name] = readUnits(
        value,
        groups.get(unit) as ReadonlyMap<number, Unit>,
        clause,
        forgive,
      );
    } else readValue(value, unit.parameter, values, clause, forgive);
  }
  return values;
}

function readValue(
  reader: Reader,
  { name, kind, max, mask, allowed }: Parameter,
  values: Values,
  clause: string,
  forgive: Forgive,
): void {
  const length = reader.remaining;
  const fixed = kind === "u8" ? 1 : kind === "u16" ? 2 : kind === "sizes" ? 4 : undefined;
  if (fixed !== undefined ? length !== fixed : length > max) {
    throw new ProtocolError("parameterLength", clause, `${name}: ${fixed ?? max}, have ${length}`);
  }
  switch (kind) {
    case "octets":
      values[name === "extendedUserData" ? "userData" : name] = reader.rest();
      break;
    case "u8": {
      const value = reader.u8() & (mask ?? 0xff);
      if (allowed && !allowed.includes(value)) {
        const isReason = name === "reasonCode";
        // A reason that we do not know does no harm; a type that we do not know does.
        if (!isReason) throw new ProtocolError("reservedValue", clause, `${name} ${value}`);
        forgive("reservedValue", clause, `${name} ${value}`);
      }
      values[name] = value;
      break;
    }
    case "u16":
      values[name] = reader.u16() & (mask ?? 0xffff);
      break;
    case "digits":
      values[name] = readDigits(reader, name, clause);
      break;
    case "sizes":
      values[name] = { toResponder: reader.u16(), toInitiator: reader.u16() };
      break;
    case "reasonAndData":
      values[name] = reader.u8();
      if (reader.remaining > 0) values.userData = reader.rest();
      break;
  }
}

function readDigits(reader: Reader, name: string, clause: string): number {
  let value = 0;
  while (reader.remaining > 0) {
    const digit = reader.u8() - 0x30;
    if (digit < 0 || digit > 9) throw new ProtocolError("notDigits", clause, name);
    value = value * 10 + digit;
  }
  return value;
}

function checkMandatory(units: readonly Unit[], values: object, clause: string): void {
  for (const unit of units) {
    const name = "members" in unit ? unit.name : unit.parameter.name;
    const value = (values as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) {
      if (unit.mandatory) throw new ProtocolError("missingParameter", clause, name);
    } else if ("members" in unit) checkMandatory(unit.members, Object(value), clause);
  }
}

function readLength(reader: Reader, forgive: Forgive): number {
  const short = reader.u8();
  if (short < 255) return short;
  const length = reader.u16();
  if (length < 255) forgive("longLengthIndicator", "X.225 8.2", `three octets for ${length}`);
  return length;
}

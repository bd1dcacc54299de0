/**
 * Application protocol data units of the association control service element: X.227.
 *
 * @module
 */

import { ProtocolError } from "../pure/errors.ts";
import {
  application,
  type Ber,
  context,
  decodeBer,
  external,
  integer,
  integerContent,
  member,
  objectIdentifier,
  primitive,
  readInteger,
  readObjectIdentifier,
  TAG,
} from "./ber.ts";

const CLAUSE = "X.227, APDUs";

/** The abstract syntax of ACSE itself. */
export const ACSE_SYNTAX = "2.2.1.0.1";

/** A value that comes along, in the presentation context of this number. */
export interface UserInformation {
  readonly contextId: number;
  readonly value: Uint8Array;
}

/** Who an application entity is, as far as it says so. */
export interface Entity {
  /** AP title, form 2: an object identifier. */
  readonly apTitle?: string;
  /** AE qualifier, form 2: a number. */
  readonly aeQualifier?: number;
}

/** A-ASSOCIATE request: who calls whom, in which application context. */
export interface Aarq {
  readonly type: "AARQ";
  readonly applicationContext: string;
  readonly called?: Entity;
  readonly calling?: Entity;
  /** Mechanism and value of an authentication: a simple password as a text. */
  readonly mechanism?: string;
  readonly password?: string;
  readonly userInformation: readonly UserInformation[];
}

/** A-ASSOCIATE response: whether, and on what, both associate. */
export interface Aare {
  readonly type: "AARE";
  readonly applicationContext: string;
  readonly result: "accepted" | "rejected-permanent" | "rejected-transient";
  /** Who says so, and why: X.227, result source diagnostic. */
  readonly diagnostic: { readonly source: "user" | "provider"; readonly value: number };
  readonly responding?: Entity;
  readonly userInformation: readonly UserInformation[];
}

/** A-RELEASE, request and response. */
export interface Release {
  readonly type: "RLRQ" | "RLRE";
  readonly reason?: number;
  readonly userInformation: readonly UserInformation[];
}

/** A-ABORT: the association ended at once. */
export interface Abrt {
  readonly type: "ABRT";
  readonly source: "user" | "provider";
  readonly diagnostic?: number;
  readonly userInformation: readonly UserInformation[];
}

/** Any data unit of ACSE. */
export type Apdu = Aarq | Aare | Release | Abrt;

const types = ["AARQ", "AARE", "RLRQ", "RLRE", "ABRT"] as const;
const results = ["accepted", "rejected-permanent", "rejected-transient"] as const;

/** The octets of a data unit, in BER: a presentation data value of ACSE's context. */
export function encodeApdu(apdu: Apdu): Uint8Array {
  const information =
    apdu.userInformation.length === 0
      ? []
      : [context(30, ...apdu.userInformation.map(encodeInformation))];
  switch (apdu.type) {
    case "AARQ":
      return application(
        0,
        context(1, objectIdentifier(apdu.applicationContext)),
        ...encodeEntity(apdu.called, 2),
        ...encodeEntity(apdu.calling, 6),
        ...encodeAuthentication(apdu),
        ...information,
      );
    case "AARE":
      return application(
        1,
        context(1, objectIdentifier(apdu.applicationContext)),
        context(2, integer(results.indexOf(apdu.result))),
        context(
          3,
          context(apdu.diagnostic.source === "user" ? 1 : 2, integer(apdu.diagnostic.value)),
        ),
        ...encodeEntity(apdu.responding, 4),
        ...information,
      );
    case "RLRQ":
    case "RLRE":
      return application(
        types.indexOf(apdu.type),
        ...(apdu.reason === undefined ? [] : [primitive(0, integerContent(apdu.reason))]),
        ...information,
      );
    case "ABRT":
      return application(
        4,
        primitive(0, integerContent(apdu.source === "user" ? 0 : 1)),
        ...(apdu.diagnostic === undefined ? [] : [primitive(1, integerContent(apdu.diagnostic))]),
        ...information,
      );
  }
}

/** @throws {ProtocolError} when the octets are no APDU of ACSE. */
export function decodeApdu(octets: Uint8Array): Apdu {
  const [value] = decodeBer(octets, CLAUSE);
  const type = value?.tagClass === "application" ? types[value.tag] : undefined;
  if (!value || !type) throw new ProtocolError("notApdu", CLAUSE, `tag ${value?.tag}`);
  const userInformation = (member(value, 30)?.children ?? []).map(decodeInformation);
  switch (type) {
    case "AARQ": {
      const called = decodeEntity(value, 2);
      const calling = decodeEntity(value, 6);
      const mechanism = readObjectIdentifier(member(value, 11), CLAUSE);
      const password = member(member(value, 12), 0);
      return {
        type,
        applicationContext: applicationContext(value),
        ...(called && { called }),
        ...(calling && { calling }),
        ...(mechanism !== undefined && { mechanism }),
        ...(password && { password: String.fromCharCode(...password.content.subarray(0, 1024)) }),
        userInformation,
      };
    }
    case "AARE": {
      const result = results[readInteger(member(value, 2)?.children?.[0], CLAUSE) ?? -1];
      const source = member(value, 3)?.children?.[0];
      if (!result || !source) throw new ProtocolError("missingParameter", CLAUSE, "AARE result");
      const responding = decodeEntity(value, 4);
      return {
        type,
        applicationContext: applicationContext(value),
        result,
        diagnostic: {
          source: source.tag === 1 ? "user" : "provider",
          value: readInteger(source.children?.[0], CLAUSE) ?? 0,
        },
        ...(responding && { responding }),
        userInformation,
      };
    }
    case "RLRQ":
    case "RLRE": {
      const reason = readInteger(member(value, 0), CLAUSE);
      return { type, ...(reason !== undefined && { reason }), userInformation };
    }
    case "ABRT": {
      const source = readInteger(member(value, 0), CLAUSE) === 0 ? "user" : "provider";
      const diagnostic = readInteger(member(value, 1), CLAUSE);
      return { type, source, ...(diagnostic !== undefined && { diagnostic }), userInformation };
    }
  }
}

function applicationContext(value: Ber): string {
  const name = readObjectIdentifier(member(value, 1)?.children?.[0], CLAUSE);
  if (name === undefined) {
    throw new ProtocolError("missingParameter", CLAUSE, "application context name");
  }
  return name;
}

function encodeEntity(entity: Entity | undefined, tag: number): Uint8Array[] {
  const { apTitle, aeQualifier } = entity ?? {};
  return [
    ...(apTitle === undefined ? [] : [context(tag, objectIdentifier(apTitle))]),
    ...(aeQualifier === undefined ? [] : [context(tag + 1, integer(aeQualifier))]),
  ];
}

/** Only form 2 of title and qualifier: form 1 is a directory name, which nobody here has. */
function decodeEntity(value: Ber, tag: number): Entity | undefined {
  const title = member(value, tag)?.children?.[0];
  const qualifier = member(value, tag + 1)?.children?.[0];
  const apTitle =
    title?.tag === TAG.objectIdentifier ? readObjectIdentifier(title, CLAUSE) : undefined;
  const aeQualifier = qualifier?.tag === TAG.integer ? readInteger(qualifier, CLAUSE) : undefined;
  if (apTitle === undefined && aeQualifier === undefined) return undefined;
  return {
    ...(apTitle !== undefined && { apTitle }),
    ...(aeQualifier !== undefined && { aeQualifier }),
  };
}

function encodeAuthentication({ mechanism, password }: Aarq): Uint8Array[] {
  if (mechanism === undefined || password === undefined) return [];
  const oid = objectIdentifier(mechanism).subarray(2);
  const text = Uint8Array.from(password, (character) => character.charCodeAt(0) & 0xff);
  return [
    // ACSE requirements: bit 0, authentication.
    primitive(10, Uint8Array.of(7, 0x80)),
    primitive(11, oid),
    context(12, primitive(0, text)),
  ];
}

function encodeInformation({ contextId, value }: UserInformation): Uint8Array {
  return external(integer(contextId), context(0, value));
}

function decodeInformation({ children = [] }: Ber): UserInformation {
  const id = children.find(({ tagClass, tag }) => tagClass === "universal" && tag === TAG.integer);
  const value = children.find(({ tagClass }) => tagClass === "context");
  return {
    contextId: readInteger(id, CLAUSE) ?? 0,
    value: value?.content ?? new Uint8Array(),
  };
}

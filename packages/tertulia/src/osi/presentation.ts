/**
 * Presentation protocol data units of the kernel, in normal mode: X.226.
 *
 * They ride in the user data of session primitives: CP in S-CONNECT, CPA and CPR in its responses,
 * ARU and ARP in S-U-ABORT, user data in all others.
 *
 * @module
 */

import { ProtocolError } from "../pure/errors.ts";
import { NO_OCTETS } from "../pure/octets.ts";
import {
  application,
  type Ber,
  context,
  decodeBer,
  integer,
  integerContent,
  member,
  objectIdentifier,
  objectIdentifierContent,
  primitive,
  readInteger,
  readObjectIdentifier,
  sequence,
  set,
  TAG,
} from "./ber.ts";

const CLAUSE = "X.226, PPDUs";

/** The transfer syntax that everybody means: BER. */
export const BER_SYNTAX = "2.1.1";

/** An abstract syntax to speak, the number it goes by, and the transfer syntaxes offered for it. */
export interface PresentationContext {
  /** Odd for the initiator. */
  readonly id: number;
  readonly abstractSyntax: string;
  /** Default BER. */
  readonly transferSyntaxes?: readonly string[];
}

/** What became of a proposed context: X.226, result list of CPA. */
export interface ContextResult {
  readonly result: "accepted" | "user-rejection" | "provider-rejection";
  readonly transferSyntax?: string;
  readonly reason?: number;
}

/** A value of one presentation context. */
export interface Pdv {
  readonly contextId: number;
  readonly transferSyntax?: string;
  /** How the value is held: one ASN.1 value, or octets. Default `single`. */
  readonly encoding?: "single" | "octets" | "bits";
  readonly value: Uint8Array;
}

/** CP, normal mode: which presentation contexts are proposed. */
export interface ConnectPpdu {
  readonly type: "CP";
  readonly callingSelector?: Uint8Array;
  readonly calledSelector?: Uint8Array;
  readonly contexts: readonly PresentationContext[];
  readonly userData: readonly Pdv[];
}

/** CPA: what became of each context that was proposed. */
export interface AcceptPpdu {
  readonly type: "CPA";
  readonly respondingSelector?: Uint8Array;
  readonly results: readonly ContextResult[];
  readonly userData: readonly Pdv[];
}

/** CPR: no presentation connection, by the user or by the provider. */
export interface RejectPpdu {
  readonly type: "CPR";
  readonly respondingSelector?: Uint8Array;
  readonly results: readonly ContextResult[];
  /** Absent when the user refused: X.226, provider reason 0 to 7. */
  readonly providerReason?: number;
  readonly userData: readonly Pdv[];
}

/** ARU: the user gave up. */
export interface UserAbortPpdu {
  readonly type: "ARU";
  readonly userData: readonly Pdv[];
}

/** ARP: the provider gave up. Reason and event as X.226 numbers them. */
export interface ProviderAbortPpdu {
  readonly type: "ARP";
  readonly reason?: number;
  readonly event?: number;
}

/** The end of a presentation connection, by either. */
export type AbortPpdu = UserAbortPpdu | ProviderAbortPpdu;

const results = ["accepted", "user-rejection", "provider-rejection"] as const;
const encodings = ["single", "octets", "bits"] as const;
const SELECTOR_MAX = 16;

/** User data, fully encoded: that is what everybody sends, though X.226 asks for it only here and there. */
export function encodeUserData(values: readonly Pdv[]): Uint8Array {
  return application(
    1,
    ...values.map(({ contextId, transferSyntax, encoding = "single", value }) =>
      sequence(
        ...(transferSyntax === undefined ? [] : [objectIdentifier(transferSyntax)]),
        integer(contextId),
        encoding === "single"
          ? context(0, value)
          : primitive(encodings.indexOf(encoding), encoding === "bits" ? bits(value) : value),
      ),
    ),
  );
}

/** @throws {ProtocolError} when the octets are no presentation user data. */
export function decodeUserData(octets: Uint8Array): Pdv[] {
  return decodeBer(octets, CLAUSE).flatMap(readUserData);
}

/** The octets of a CP, which are the user data of S-CONNECT. */
export function encodeConnect(ppdu: ConnectPpdu): Uint8Array {
  const { callingSelector, calledSelector, contexts, userData } = ppdu;
  return set(
    NORMAL_MODE,
    context(
      2,
      ...(callingSelector ? [primitive(1, callingSelector)] : []),
      ...(calledSelector ? [primitive(2, calledSelector)] : []),
      context(4, ...contexts.map(encodeContext)),
      ...(userData.length > 0 ? [encodeUserData(userData)] : []),
    ),
  );
}

/** The octets of a CPA, which are the user data of a positive S-CONNECT response. */
export function encodeAccept(ppdu: AcceptPpdu): Uint8Array {
  const { respondingSelector, results, userData } = ppdu;
  return set(
    NORMAL_MODE,
    context(
      2,
      ...(respondingSelector ? [primitive(3, respondingSelector)] : []),
      context(5, ...results.map(encodeResult)),
      ...(userData.length > 0 ? [encodeUserData(userData)] : []),
    ),
  );
}

/** The octets of a CPR, which are the user data of a negative S-CONNECT response. */
export function encodeReject(ppdu: RejectPpdu): Uint8Array {
  const { respondingSelector, results, providerReason, userData } = ppdu;
  return sequence(
    ...(respondingSelector ? [primitive(3, respondingSelector)] : []),
    ...(results.length > 0 ? [context(5, ...results.map(encodeResult))] : []),
    ...(providerReason === undefined ? [] : [primitive(10, integerContent(providerReason))]),
    ...(userData.length > 0 ? [encodeUserData(userData)] : []),
  );
}

/** The octets of an ARU or ARP, which are the user data of S-U-ABORT. */
export function encodeAbort(ppdu: AbortPpdu): Uint8Array {
  if (ppdu.type === "ARU") {
    return context(0, ...(ppdu.userData.length > 0 ? [encodeUserData(ppdu.userData)] : []));
  }
  return sequence(
    ...(ppdu.reason === undefined ? [] : [primitive(0, integerContent(ppdu.reason))]),
    ...(ppdu.event === undefined ? [] : [primitive(1, integerContent(ppdu.event))]),
  );
}

/** CP, from the user data of an S-CONNECT indication. @throws {ProtocolError} */
export function decodeConnect(octets: Uint8Array): ConnectPpdu {
  const normal = normalMode(octets);
  return {
    type: "CP",
    ...selector("callingSelector", member(normal, 1)),
    ...selector("calledSelector", member(normal, 2)),
    contexts: (member(normal, 4)?.children ?? []).map(decodeContext),
    userData: userDataOf(normal),
  };
}

/** CPA, from the user data of a positive S-CONNECT confirm. @throws {ProtocolError} */
export function decodeAccept(octets: Uint8Array): AcceptPpdu {
  const normal = normalMode(octets);
  return {
    type: "CPA",
    ...selector("respondingSelector", member(normal, 3)),
    results: (member(normal, 5)?.children ?? []).map(decodeResult),
    userData: userDataOf(normal),
  };
}

/** CPR, from the user data of a negative S-CONNECT confirm. @throws {ProtocolError} */
export function decodeReject(octets: Uint8Array): RejectPpdu {
  const [value] = decodeBer(octets, CLAUSE);
  if (value?.tag !== TAG.sequence) throw new ProtocolError("notPpdu", CLAUSE, "CPR");
  const providerReason = readInteger(member(value, 10), CLAUSE);
  return {
    type: "CPR",
    ...selector("respondingSelector", member(value, 3)),
    results: (member(value, 5)?.children ?? []).map(decodeResult),
    ...(providerReason !== undefined && { providerReason }),
    userData: userDataOf(value),
  };
}

/** ARU or ARP, from the user data of an S-U-ABORT indication. @throws {ProtocolError} */
export function decodeAbort(octets: Uint8Array): AbortPpdu {
  const [value] = decodeBer(octets, CLAUSE);
  if (value?.tagClass === "context" && value.tag === 0) {
    return { type: "ARU", userData: userDataOf(value) };
  }
  if (value?.tag !== TAG.sequence) throw new ProtocolError("notPpdu", CLAUSE, "ARU or ARP");
  const reason = readInteger(member(value, 0), CLAUSE);
  const event = readInteger(member(value, 1), CLAUSE);
  return {
    type: "ARP",
    ...(reason !== undefined && { reason }),
    ...(event !== undefined && { event }),
  };
}

const NORMAL_MODE = context(0, primitive(0, integerContent(1)));

function normalMode(octets: Uint8Array): Ber | undefined {
  const [value] = decodeBer(octets, CLAUSE);
  if (value?.tagClass !== "universal" || value.tag !== TAG.set) {
    throw new ProtocolError("notPpdu", CLAUSE, "no SET");
  }
  const mode = readInteger(member(member(value, 0), 0), CLAUSE);
  if (mode !== 1) throw new ProtocolError("notNormalMode", CLAUSE, `mode ${mode}`);
  return member(value, 2);
}

function userDataOf(value: Ber | undefined): Pdv[] {
  return (value?.children ?? [])
    .filter(({ tagClass }) => tagClass === "application")
    .flatMap(readUserData);
}

function readUserData(value: Ber): Pdv[] {
  if (value.tagClass !== "application" || value.tag > 1) {
    throw new ProtocolError("notUserData", "X.226, user data", `tag ${value.tag}`);
  }
  // Simply encoded: octets of the one context that there is.
  if (value.tag === 0) return [{ contextId: 1, encoding: "octets", value: value.content }];
  return (value.children ?? []).map(readPdv);
}

function readPdv({ children = [] }: Ber): Pdv {
  const transferSyntax = readObjectIdentifier(
    children.find(({ tagClass, tag }) => tagClass === "universal" && tag === TAG.objectIdentifier),
    CLAUSE,
  );
  const contextId = readInteger(
    children.find(({ tagClass, tag }) => tagClass === "universal" && tag === TAG.integer),
    CLAUSE,
  );
  const value = children.find(({ tagClass }) => tagClass === "context");
  const encoding = encodings[value?.tag ?? -1];
  if (contextId === undefined || !value || !encoding) {
    throw new ProtocolError("notUserData", "X.226, user data", "a PDV list");
  }
  return {
    contextId,
    ...(transferSyntax !== undefined && { transferSyntax }),
    ...(encoding !== "single" && { encoding }),
    value: encoding === "bits" ? value.content.subarray(1) : value.content,
  };
}

function encodeContext({
  id,
  abstractSyntax,
  transferSyntaxes = [BER_SYNTAX],
}: PresentationContext) {
  return sequence(
    integer(id),
    objectIdentifier(abstractSyntax),
    sequence(...transferSyntaxes.map((each) => objectIdentifier(each))),
  );
}

function decodeContext({ children = [] }: Ber): PresentationContext {
  const [id, abstractSyntax, syntaxes] = children;
  return {
    id: readInteger(id, CLAUSE) ?? 0,
    abstractSyntax: readObjectIdentifier(abstractSyntax, CLAUSE) ?? "",
    transferSyntaxes: (syntaxes?.children ?? []).map(
      (each) => readObjectIdentifier(each, CLAUSE) ?? "",
    ),
  };
}

function encodeResult({ result, transferSyntax, reason }: ContextResult): Uint8Array {
  return sequence(
    primitive(0, integerContent(results.indexOf(result))),
    ...(transferSyntax === undefined
      ? []
      : [primitive(1, objectIdentifierContent(transferSyntax))]),
    ...(reason === undefined ? [] : [primitive(2, integerContent(reason))]),
  );
}

function decodeResult(value: Ber): ContextResult {
  const result = results[readInteger(member(value, 0), CLAUSE) ?? -1];
  if (!result) throw new ProtocolError("reservedValue", CLAUSE, "context result");
  const transferSyntax = readObjectIdentifier(member(value, 1), CLAUSE);
  const reason = readInteger(member(value, 2), CLAUSE);
  return {
    result,
    ...(transferSyntax !== undefined && { transferSyntax }),
    ...(reason !== undefined && { reason }),
  };
}

function selector<N extends string>(name: N, value: Ber | undefined): { [K in N]?: Uint8Array } {
  if (!value) return {};
  if (value.content.length > SELECTOR_MAX) {
    throw new ProtocolError("parameterLength", CLAUSE, `${name}: ${value.content.length}`);
  }
  // The one name is the one key.
  return { [name]: value.content } as { [K in N]?: Uint8Array };
}

function bits(value: Uint8Array): Uint8Array {
  const content = new Uint8Array(value.length + 1);
  content.set(value, 1);
  return value.length === 0 ? NO_OCTETS : content;
}

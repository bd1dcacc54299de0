/**
 * BER as a tree of tags and octets, made and read by asn1js: all that presentation and ACSE need.
 *
 * @module
 */

import * as asn1 from "asn1js";
import { ProtocolError } from "../pure/errors.ts";
import { concatOctets } from "../pure/octets.ts";

/** One value: its tag, what is in it, and its octets as they came. */
export interface Ber {
  readonly tagClass: "universal" | "application" | "context" | "private";
  readonly tag: number;
  /** The values inside, if it is constructed. */
  readonly children: readonly Ber[] | undefined;
  /** The content of a primitive value. */
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly octets: Uint8Array;
}

/** Universal tags. */
export const TAG = {
  integer: 2,
  bitString: 3,
  octetString: 4,
  objectIdentifier: 6,
  external: 8,
  sequence: 16,
  set: 17,
} as const;

const classes = ["universal", "application", "context", "private"] as const;
/** Deeper than anything in X.226 and X.227; a bound for what hostile octets can nest. */
const DEPTH_MAX = 32;

/**
 * The values in these octets, one after the other.
 *
 * @throws {ProtocolError} when they are not BER.
 */
export function decodeBer(octets: Uint8Array, clause: string): Ber[] {
  const values: Ber[] = [];
  checkDepth(octets, clause);
  for (let at = 0; at < octets.length; ) {
    const { offset, block } = parse(octets.slice(at), clause);
    values.push(fromBlock(block, clause));
    at += offset;
  }
  return values;
}

function parse(octets: Uint8Array, clause: string): { offset: number; block: asn1.AsnType } {
  let parsed: ReturnType<typeof asn1.fromBER>;
  try {
    parsed = asn1.fromBER(octets);
  } catch (cause) {
    // It throws errors of its runtime for strings and times that are none.
    throw new ProtocolError("notBer", clause, String(cause));
  }
  const { offset, result } = parsed;
  if (offset <= 0) throw new ProtocolError("notBer", clause, result.error || "no value");
  return { offset, block: result };
}

function fromBlock(block: asn1.AsnType, clause: string): Ber {
  const { tagClass, tagNumber, isConstructed } = block.idBlock;
  const name = classes[tagClass - 1];
  if (name === undefined) throw new ProtocolError("notBer", clause, `class ${tagClass}`);
  const octets = block.valueBeforeDecodeView;
  const header = block.idBlock.blockLength + block.lenBlock.blockLength;
  // The value block of a constructed value holds those inside; of primitive ones, it has no such.
  const { value } = block.valueBlock as { value?: unknown };
  const inside = isConstructed && Array.isArray(value) ? (value as asn1.AsnType[]) : [];
  return {
    tagClass: name,
    tag: tagNumber,
    children: isConstructed
      ? inside.filter(({ idBlock }) => idBlock.tagClass > 0).map((each) => fromBlock(each, clause))
      : undefined,
    content: octets.subarray(header, octets.length - (block.lenBlock.isIndefiniteForm ? 2 : 0)),
    octets,
  };
}

/** asn1js recurses: what is nested too deep must not reach it. */
function checkDepth(octets: Uint8Array, clause: string): void {
  let depth = 0;
  const ends: number[] = [];
  for (let at = 0; at < octets.length; ) {
    while (ends.length > 0 && at >= (ends.at(-1) ?? 0)) ends.pop();
    depth = ends.length;
    if (depth > DEPTH_MAX) throw new ProtocolError("nestedTooDeep", clause, `${DEPTH_MAX}`);
    const tag = octets[at] ?? 0;
    at += 1;
    if ((tag & 0x1f) === 0x1f) while (((octets[at++] ?? 0) & 0x80) !== 0) {}
    const first = octets[at++] ?? 0;
    let length = first;
    if (first === 0x80) length = octets.length - at;
    else if (first > 0x80) {
      length = 0;
      for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (octets[at++] ?? 0);
    }
    if ((tag & 0x20) !== 0) ends.push(at + length);
    else at += length;
  }
}

/** A constructed value with a context tag. */
export function context(tag: number, ...children: readonly Uint8Array[]): Uint8Array {
  return constructed(3, tag, children);
}

/** A constructed value with an application tag. */
export function application(tag: number, ...children: readonly Uint8Array[]): Uint8Array {
  return constructed(2, tag, children);
}

export function sequence(...children: readonly Uint8Array[]): Uint8Array {
  return constructed(1, TAG.sequence, children);
}

export function set(...children: readonly Uint8Array[]): Uint8Array {
  return constructed(1, TAG.set, children);
}

export function external(...children: readonly Uint8Array[]): Uint8Array {
  return constructed(1, TAG.external, children);
}

/** A primitive value with a context tag: an implicit OCTET STRING, INTEGER or BIT STRING. */
export function primitive(tag: number, content: Uint8Array): Uint8Array {
  return header(3, tag, false, content);
}

export function integer(value: number): Uint8Array {
  return toOctets(new asn1.Integer({ value }).toBER());
}

/** The content of an INTEGER, for implicit tags. */
export function integerContent(value: number): Uint8Array {
  return integer(value).subarray(2);
}

export function objectIdentifier(value: string): Uint8Array {
  return toOctets(new asn1.ObjectIdentifier({ value }).toBER());
}

/** The content of an OBJECT IDENTIFIER, for implicit tags. */
export function objectIdentifierContent(value: string): Uint8Array {
  return objectIdentifier(value).subarray(2);
}

function constructed(tagClass: number, tag: number, children: readonly Uint8Array[]): Uint8Array {
  return header(tagClass, tag, true, concatOctets(children));
}

/** Tag and length in front of a content, as asn1js writes them. */
function header(
  tagClass: number,
  tagNumber: number,
  isConstructed: boolean,
  content: Uint8Array,
): Uint8Array {
  const block = new asn1.Primitive({ idBlock: { tagClass, tagNumber }, valueHex: content.slice() });
  block.idBlock.isConstructed = isConstructed;
  return toOctets(block.toBER());
}

function toOctets(buffer: ArrayBuffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** The member with this context tag. */
export function member(value: Ber | undefined, tag: number): Ber | undefined {
  return value?.children?.find((each) => each.tagClass === "context" && each.tag === tag);
}

/** The number in an INTEGER, explicit or implicit. */
export function readInteger(value: Ber | undefined, clause: string): number | undefined {
  if (!value) return undefined;
  const { content } = value;
  if (value.children || content.length < 1 || content.length > 6) {
    throw new ProtocolError("notInteger", clause, `${content.length} octets`);
  }
  let number = ((content[0] ?? 0) & 0x80) !== 0 ? -1 : 0;
  for (const octet of content) number = number * 256 + octet;
  return number;
}

/** The dotted form of an OBJECT IDENTIFIER, explicit or implicit. */
export function readObjectIdentifier(value: Ber | undefined, clause: string): string | undefined {
  if (!value) return undefined;
  const { content } = value;
  const last = content.at(-1);
  if (value.children || last === undefined || (last & 0x80) !== 0) {
    throw new ProtocolError("notObjectIdentifier", clause, `${content.length} octets`);
  }
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw new ProtocolError("notObjectIdentifier", clause);
    if ((octet & 0x80) !== 0) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(arc / 40));
      arcs.push(first, arc - first * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}

/**
 * Name service packets: header, questions, resource records (RFC 1002 4.2).
 *
 * A packet that is decoded and encoded again gives the same octets, if whoever wrote it pointed
 * back to names as the RFC's drawings do.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { Reader, Writer } from "../octets.ts";
import { NAME_WIRE_OCTETS_MAX, type NetbiosName } from "./name.ts";
import {
  CLASS_IN,
  type Cursor,
  checkClass,
  type ResourceRecord,
  RR_TYPE,
  readRecords,
  type Written,
  writePointedName,
  writeRecord,
} from "./name-record.ts";
import { nameWireOctets, readName, type Strictness } from "./name-wire.ts";

/** RFC 1002 4.2.1.1: OPCODE. */
export const OPCODE = {
  query: 0,
  registration: 5,
  release: 6,
  wack: 7,
  refresh: 8,
  /** The drawing of 4.2.4 says 9 where the table of 4.2.1.1 says 8. Taken, never sent. */
  refreshAlternate: 9,
  /** Not in the RFC: a name with several addresses. Microsoft's nodes and nmbd send it. */
  multihomedRegistration: 15,
} as const;

/** RFC 1002 4.2.1.1: RCODE. */
export const RCODE = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  unsupported: 4,
  refused: 5,
  active: 6,
  conflict: 7,
} as const;

export interface Question {
  readonly name: NetbiosName;
  readonly type: "NB" | "NBSTAT";
}

/** A packet of the name service, decoded: RFC 1002 4.2.1. */
export interface NamePacket {
  /** NAME_TRN_ID. */
  readonly id: number;
  /** R. */
  readonly response: boolean;
  readonly opcode: number;
  /** AA. */
  readonly authoritative: boolean;
  /** TC. */
  readonly truncated: boolean;
  /** RD. */
  readonly recursionDesired: boolean;
  /** RA. */
  readonly recursionAvailable: boolean;
  /** B. */
  readonly broadcast: boolean;
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
  /** The answer is there but ANCOUNT is 0, as 4.2.14 draws a negative query response. */
  readonly uncountedAnswer?: true;
}

/** Octets of the header. */
export const NAME_HEADER_OCTETS = 12;

/**
 * RFC 1002 4.2.1: how long a name service packet over UDP may be. 576 is for the datagram with its
 * IP and UDP headers.
 */
export const NAME_UDP_OCTETS_MAX: number = 576 - 20 - 8;

/**
 * One packet, all of it.
 *
 * Shares memory with `octets` where a record is kept as octets (the RDATA of a WACK).
 *
 * @throws {ProtocolError} when the octets are not a name service packet.
 */
export function decodeNamePacket(
  octets: Uint8Array,
  { strict = false }: Strictness = {},
): NamePacket {
  const header = new Reader(octets, "RFC 1002 4.2.1.1");
  const id = header.u16();
  const flags = header.u16();
  const [questionCount, answerCount] = [header.u16(), header.u16()];
  const [authorityCount, additionalCount] = [header.u16(), header.u16()];
  const opcode = (flags >> 11) & 15;
  if (strict && (flags & 0x0060) !== 0) {
    throw new ProtocolError("reservedFlags", "RFC 1002 4.2.1.1", flags.toString(16));
  }
  if (strict && !STANDARD_OPCODES.has(opcode)) {
    throw new ProtocolError("unknownOpcode", "RFC 1002 4.2.1.1", `${opcode}`);
  }
  // RFC 1002 4.2: no packet has more than one question.
  if (questionCount > 1) {
    throw new ProtocolError("questionCount", "RFC 1002 4.2", `need 0 or 1, have ${questionCount}`);
  }

  const cursor: Cursor = { octets, at: NAME_HEADER_OCTETS, strict };
  const response = flags >= 0x8000;
  const rcode = flags & 15;
  const questions = questionCount === 1 ? [readQuestion(cursor)] : [];
  const isUncounted =
    answerCount === 0 && response && rcode !== 0 && cursor.at < octets.length && !authorityCount;
  const answers = readRecords(cursor, isUncounted ? 1 : answerCount);
  const authority = readRecords(cursor, authorityCount);
  const additional = readRecords(cursor, additionalCount);
  for (const { name } of strict ? questions : []) {
    if (nameWireOctets(name) > NAME_WIRE_OCTETS_MAX) {
      throw new ProtocolError("nameTooLong", "RFC 1002 4.1", `${nameWireOctets(name)} octets`);
    }
  }
  if (strict && cursor.at < octets.length) {
    const left = octets.length - cursor.at;
    throw new ProtocolError("trailingOctets", "RFC 1002 4.2.1", `${left}`);
  }
  return {
    id,
    response,
    opcode,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    broadcast: (flags & 0x0010) !== 0,
    rcode,
    questions,
    answers,
    authority,
    additional,
    ...(isUncounted && { uncountedAnswer: true }),
  };
}

/** A packet as octets. The second and later mention of a name points back to the first. */
export function encodeNamePacket(packet: NamePacket): Uint8Array {
  const writer = new Writer()
    .u16(packet.id)
    .u16(flagsOf(packet))
    .u16(packet.questions.length)
    .u16(packet.uncountedAnswer ? 0 : packet.answers.length)
    .u16(packet.authority.length)
    .u16(packet.additional.length);
  const written: Written = new Map();
  for (const { name, type } of packet.questions) {
    writePointedName(writer, name, written).u16(RR_TYPE[type]).u16(CLASS_IN);
  }
  for (const section of [packet.answers, packet.authority, packet.additional]) {
    for (const record of section) writeRecord(writer, record, written);
  }
  return writer.finish();
}

/** The second word of the header: R, OPCODE, NM_FLAGS and RCODE. A WACK repeats it. */
export function flagsOf(packet: Omit<NamePacket, "questions" | "answers">): number {
  return (
    (packet.response ? 0x8000 : 0) |
    (packet.opcode << 11) |
    (packet.authoritative ? 0x0400 : 0) |
    (packet.truncated ? 0x0200 : 0) |
    (packet.recursionDesired ? 0x0100 : 0) |
    (packet.recursionAvailable ? 0x0080 : 0) |
    (packet.broadcast ? 0x0010 : 0) |
    packet.rcode
  );
}

const STANDARD_OPCODES: ReadonlySet<number> = new Set(Object.values(OPCODE));

function readQuestion(cursor: Cursor): Question {
  const { value: name, end } = readName(cursor.octets, cursor.at, true);
  const reader = new Reader(cursor.octets.subarray(end), "RFC 1002 4.2.1.2");
  const type = reader.u16();
  const questionClass = reader.u16();
  cursor.at = end + reader.offset;
  if (type !== RR_TYPE.NB && type !== RR_TYPE.NBSTAT) {
    throw new ProtocolError("questionType", "RFC 1002 4.2.1.2", `0x${type.toString(16)}`);
  }
  checkClass(questionClass);
  return { name, type: type === RR_TYPE.NB ? "NB" : "NBSTAT" };
}

/**
 * Resource records of the name service (RFC 1002 4.2.1.3): owners, names and statistics of a node,
 * and where another name server is.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { Reader, type Writer } from "../octets.ts";
import { readAddress, writeAddress } from "./address.ts";
import { type NetbiosName, type NodeType, nameKey } from "./name.ts";
import { readDomain, readName, writeDomain, writeName } from "./name-wire.ts";
import { readStatistics, type Statistics, writeStatistics } from "./statistics.ts";

/** RFC 1002 4.2.1.3: RR_TYPE. */
export const RR_TYPE = { A: 0x0001, NS: 0x0002, NULL: 0x000a, NB: 0x0020, NBSTAT: 0x0021 } as const;
/** The only class there is. */
export const CLASS_IN = 1;

/** One owner of a name, as an NB record lists it (RFC 1002 4.2.1.3). */
export interface NameEntry {
  readonly group: boolean;
  readonly nodeType: NodeType;
  readonly address: string;
}

/** One name in a node status response (RFC 1002 4.2.18): 16 octets without a scope, and flags. */
export interface StatusName {
  readonly label: string;
  readonly group: boolean;
  readonly nodeType: NodeType;
  /** DRG: the name is being deleted. */
  readonly deregistering: boolean;
  /** CNF: the name is in conflict. */
  readonly conflict: boolean;
  /** ACT: the name is active. All are. */
  readonly active: boolean;
  /** PRM: the permanent node name. */
  readonly permanent: boolean;
}

/** A resource record, decoded: RFC 1002 4.2.1.3. */
export type ResourceRecord =
  | {
      readonly type: "NB";
      readonly name: NetbiosName;
      /** Seconds; 0 is for ever. */
      readonly ttl: number;
      readonly entries: readonly NameEntry[];
    }
  | {
      readonly type: "NBSTAT";
      readonly name: NetbiosName;
      readonly ttl: number;
      readonly names: readonly StatusName[];
      readonly statistics: Statistics;
    }
  | {
      readonly type: "NULL";
      readonly name: NetbiosName;
      readonly ttl: number;
      readonly octets: Uint8Array;
      /** A WACK whose type is written NB (0x0020), as RFC 1002 4.2.16 draws it. */
      readonly drawnAsNB?: true;
    }
  | {
      readonly type: "NS";
      readonly name: NetbiosName;
      readonly ttl: number;
      readonly server: string;
    }
  | {
      readonly type: "A";
      /** The domain name of a server. */
      readonly name: string;
      readonly ttl: number;
      readonly address: string;
    };

/** Where a packet is being read. Names may point back to anything before. */
export interface Cursor {
  readonly octets: Uint8Array;
  at: number;
  readonly strict: boolean;
}

/** A section of records. @throws {ProtocolError} */
export function readRecords(cursor: Cursor, count: number): readonly ResourceRecord[] {
  if (count === 0) return NONE;
  const records: ResourceRecord[] = [];
  for (let i = 0; i < count; i++) records.push(readRecord(cursor));
  return records;
}

function readRecord(cursor: Cursor): ResourceRecord {
  const { octets, at: start, strict } = cursor;
  const nameEnd = skipName(octets, start);
  const reader = new Reader(octets.subarray(nameEnd), "RFC 1002 4.2.1.3");
  const code = reader.u16();
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const size = reader.u16();
  const dataStart = nameEnd + reader.offset;
  const data = reader.sub(size);
  cursor.at = dataStart + size;
  checkClass(recordClass);

  if (code === RR_TYPE.A) {
    const name = readDomain(octets, start).value;
    return { type: "A", name, ttl, address: finished(readAddress(data), data) };
  }
  const name = readName(octets, start, true).value;
  switch (code) {
    case RR_TYPE.NB:
      // RFC 1002 4.2.16 draws the NULL record of a WACK with the type of NB.
      if (size === 2) return { type: "NULL", name, ttl, octets: data.rest(), drawnAsNB: true };
      return { type: "NB", name, ttl, entries: readEntries(data) };
    case RR_TYPE.NBSTAT:
      return { type: "NBSTAT", name, ttl, ...readStatus(data, strict) };
    case RR_TYPE.NULL:
      return { type: "NULL", name, ttl, octets: data.rest() };
    case RR_TYPE.NS: {
      const { value: server, end } = readDomain(octets, dataStart);
      if (end !== cursor.at) {
        throw new ProtocolError("recordLength", "RFC 1002 4.2.1.3", `NS of ${size} octets`);
      }
      return { type: "NS", name, ttl, server };
    }
    default:
      throw new ProtocolError("recordType", "RFC 1002 4.2.1.3", `0x${code.toString(16)}`);
  }
}

function readEntries(data: Reader): NameEntry[] {
  if (data.remaining % 6 !== 0) {
    throw new ProtocolError("recordLength", "RFC 1002 4.2.1.3", `NB of ${data.remaining} octets`);
  }
  const entries: NameEntry[] = [];
  while (data.remaining > 0) {
    const flags = data.u16();
    const nodeType = NODE_TYPES[(flags >> 13) & 3] ?? "B";
    entries.push({ group: flags >= 0x8000, nodeType, address: readAddress(data) });
  }
  return entries;
}

function readStatus(
  data: Reader,
  strict: boolean,
): { readonly names: readonly StatusName[]; readonly statistics: Statistics } {
  const count = data.u8();
  const names: StatusName[] = [];
  for (let i = 0; i < count; i++) {
    let label = "";
    for (const octet of data.octets(16)) label += String.fromCharCode(octet);
    const flags = data.u16();
    names.push({
      label,
      group: (flags & 0x8000) !== 0,
      nodeType: NODE_TYPES[(flags >> 13) & 3] ?? "B",
      deregistering: (flags & 0x1000) !== 0,
      conflict: (flags & 0x0800) !== 0,
      active: (flags & 0x0400) !== 0,
      permanent: (flags & 0x0200) !== 0,
    });
  }
  return { names, statistics: readStatistics(data, strict) };
}

/** RFC 1002 4.2.1.3, ONT: 11 is "reserved for future use"; practice uses it for H nodes. */
const NODE_TYPES: readonly NodeType[] = ["B", "P", "M", "H"];
const NODE_BITS: Readonly<Record<NodeType, number>> = { B: 0, P: 0x2000, M: 0x4000, H: 0x6000 };

/** Where names were written, by their key: what a pointer can point to. */
export type Written = Map<string, number>;

/** A name, or a pointer to where it is already. */
export function writePointedName(
  writer: Writer,
  name: NetbiosName | string,
  written: Written,
): Writer {
  const key = typeof name === "string" ? `domain ${name}` : nameKey(name);
  const at = written.get(key);
  if (at !== undefined) return writer.u16(0xc000 | at);
  // A pointer has 14 bits.
  if (writer.size < 0x4000) written.set(key, writer.size);
  return typeof name === "string" ? writeDomain(writer, name) : writeName(writer, name);
}

export function writeRecord(writer: Writer, record: ResourceRecord, written: Written): void {
  writePointedName(writer, record.name, written);
  const isDrawnAsNB = record.type === "NULL" && record.drawnAsNB;
  writer
    .u16(isDrawnAsNB ? RR_TYPE.NB : RR_TYPE[record.type])
    .u16(CLASS_IN)
    .u32(record.ttl);
  switch (record.type) {
    case "NB":
      writer.u16(record.entries.length * 6);
      for (const { group, nodeType, address } of record.entries) {
        writeAddress(writer.u16((group ? 0x8000 : 0) | NODE_BITS[nodeType]), address);
      }
      return;
    case "NBSTAT":
      writer.u16(1 + record.names.length * 18 + record.statistics.size).u8(record.names.length);
      for (const name of record.names) {
        for (let i = 0; i < 16; i++) writer.u8(name.label.charCodeAt(i));
        writer.u16(statusFlags(name));
      }
      writeStatistics(writer, record.statistics);
      return;
    case "NULL":
      writer.u16(record.octets.length).octets(record.octets);
      return;
    case "NS":
      writer.u16(record.server.length + (record.server === "" ? 1 : 2));
      // Two octets on from here is where the name of the server begins.
      written.set(`domain ${record.server}`, writer.size);
      writeDomain(writer, record.server);
      return;
    case "A":
      writeAddress(writer.u16(4), record.address);
  }
}

function statusFlags(name: StatusName): number {
  return (
    (name.group ? 0x8000 : 0) |
    NODE_BITS[name.nodeType] |
    (name.deregistering ? 0x1000 : 0) |
    (name.conflict ? 0x0800 : 0) |
    (name.active ? 0x0400 : 0) |
    (name.permanent ? 0x0200 : 0)
  );
}

/** Where a name ends, whatever is in it. */
function skipName(octets: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const length = octets[at];
    if (length === undefined) throw new ProtocolError("truncated", "RFC 1002 4.2.1.3", "a name");
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += length + 1;
  }
}

/** @throws {ProtocolError} */
export function checkClass(found: number): void {
  if (found === CLASS_IN) return;
  throw new ProtocolError("recordClass", "RFC 1002 4.2.1.3", `need 1, have ${found}`);
}

function finished<T>(value: T, data: Reader): T {
  if (data.remaining === 0) return value;
  throw new ProtocolError("recordLength", "RFC 1002 4.2.1.3", `${data.remaining} too many`);
}

const NONE: readonly never[] = [];

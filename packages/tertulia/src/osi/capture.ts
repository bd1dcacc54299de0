/**
 * TCP streams out of capture files: pcap and pcapng, Ethernet, Linux cooked, loopback and raw IP.
 *
 * Enough to read what tcpdump and Wireshark write of a session protocol; not a packet library.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { concatOctets } from "../pure/octets.ts";

/** Octets of a TCP stream, in order, as they became readable. */
export interface Captured {
  /** Seconds since 1970. */
  readonly time: number;
  /** Address and port, like `10.0.0.1:102`. */
  readonly source: string;
  readonly target: string;
  readonly octets: Uint8Array;
}

interface Packet {
  readonly time: number;
  readonly linkType: number;
  readonly octets: Uint8Array;
}

/** Whether this looks like a capture file, by its magic number. */
export function isCapture(file: Uint8Array): boolean {
  if (file.length < 24) return false;
  const magic = view(file).getUint32(0);
  return [0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a].includes(magic);
}

/**
 * The octets of each TCP stream in a capture, in the order in which they could be read.
 *
 * Retransmissions are dropped and early segments wait for those before them; a stream whose
 * beginning is missing starts with its first segment here.
 *
 * @param report - Told of what makes the rest of the file unreadable; what came before is returned.
 * @throws {SessionError} `ERR_ARGUMENT` when the file is no capture or, without `report`, when it is
 *   cut off or broken.
 */
export function readCapture(
  file: Uint8Array,
  report: (error: SessionError) => void = (error) => {
    throw error;
  },
): Captured[] {
  if (!isCapture(file)) throw new SessionError("ERR_ARGUMENT", "neither pcap nor pcapng");
  const isNext = view(file).getUint32(0) === 0x0a0d0d0a;
  return streams(readable(isNext ? readPcapng(file) : readPcap(file), report));
}

/** The packets up to the first that cannot be read. */
function* readable(
  packets: Iterable<Packet>,
  report: (error: SessionError) => void,
): Generator<Packet> {
  try {
    yield* packets;
  } catch (error) {
    if (error instanceof SessionError) report(error);
    else if (error instanceof RangeError) report(cutOff());
    else throw error;
  }
}

function cutOff(): SessionError {
  return new SessionError("ERR_ARGUMENT", "the capture is cut off");
}

function view(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

function* readPcap(file: Uint8Array): Generator<Packet> {
  const data = view(file);
  const magic = data.getUint32(0);
  const little = magic === 0xd4c3b2a1 || magic === 0x4d3cb2a1;
  const fraction = magic === 0xa1b23c4d || magic === 0x4d3cb2a1 ? 1e9 : 1e6;
  const linkType = data.getUint32(20, little) & 0xffff;
  for (let at = 24; at < file.length; ) {
    const time = data.getUint32(at, little) + data.getUint32(at + 4, little) / fraction;
    const size = data.getUint32(at + 8, little);
    if (at + 16 + size > file.length) throw cutOff();
    yield { time, linkType, octets: file.subarray(at + 16, at + 16 + size) };
    at += 16 + size;
  }
}

function* readPcapng(file: Uint8Array): Generator<Packet> {
  const data = view(file);
  let little = false;
  let interfaces: Interface[] = [];
  for (let at = 0; at < file.length; ) {
    const type = data.getUint32(at, little);
    if (type === 0x0a0d0d0a) {
      little = data.getUint32(at + 8) === 0x4d3c2b1a;
      interfaces = [];
    }
    const length = data.getUint32(at + 4, little);
    if (length < 12) throw new SessionError("ERR_ARGUMENT", `a block of ${length} octets`);
    if (at + length > file.length) throw cutOff();
    if (type === 1) {
      const linkType = data.getUint16(at + 8, little);
      interfaces.push({ linkType, ticksPerSecond: resolution(data, at, at + length - 4, little) });
    }
    if (type === 6) {
      const { linkType, ticksPerSecond } =
        interfaces[data.getUint32(at + 8, little)] ?? DEFAULT_INTERFACE;
      const ticks = data.getUint32(at + 12, little) * 2 ** 32 + data.getUint32(at + 16, little);
      const size = data.getUint32(at + 20, little);
      if (28 + size > length) throw cutOff();
      yield {
        time: ticks / ticksPerSecond,
        linkType,
        octets: file.subarray(at + 28, at + 28 + size),
      };
    }
    at += length;
  }
}

interface Interface {
  readonly linkType: number;
  readonly ticksPerSecond: number;
}

const DEFAULT_INTERFACE: Interface = { linkType: 1, ticksPerSecond: 1e6 };

/** The option if_tsresol of an interface: ticks in a second. */
function resolution(data: DataView, block: number, end: number, little: boolean): number {
  for (let at = block + 16; at + 4 <= end; ) {
    const code = data.getUint16(at, little);
    const size = data.getUint16(at + 2, little);
    if (code === 9) {
      const value = data.getUint8(at + 4);
      return value & 0x80 ? 2 ** (value & 0x7f) : 10 ** value;
    }
    if (code === 0) break;
    at += 4 + Math.ceil(size / 4) * 4;
  }
  return DEFAULT_INTERFACE.ticksPerSecond;
}

interface Segment {
  readonly source: string;
  readonly target: string;
  readonly sequence: number;
  readonly isSyn: boolean;
  readonly octets: Uint8Array;
}

function* frames(packets: Iterable<Packet>): Generator<readonly [Packet, Segment]> {
  for (const packet of packets) {
    const segment = parseWhole(packet);
    if (segment) yield [packet, segment];
  }
}

function streams(packets: Iterable<Packet>): Captured[] {
  const found: Captured[] = [];
  const next = new Map<string, number>();
  const early = new Map<string, Segment[]>();
  for (const [{ time }, segment] of frames(packets)) {
    const { source, target } = segment;
    const key = `${source} ${target}`;
    if (segment.isSyn) {
      next.set(key, (segment.sequence + 1) >>> 0);
      early.delete(key);
    }
    if (segment.octets.length === 0) continue;
    const waiting = [...(early.get(key) ?? []), segment];
    let expected = next.get(key) ?? segment.sequence;
    const parts: Uint8Array[] = [];
    for (let moved = true; moved; ) {
      moved = false;
      for (const each of [...waiting]) {
        const ahead = (each.sequence - expected) | 0;
        if (ahead > 0) continue;
        waiting.splice(waiting.indexOf(each), 1);
        const fresh = each.octets.subarray(-ahead);
        if (fresh.length === 0) continue;
        parts.push(fresh);
        expected = (expected + fresh.length) >>> 0;
        moved = true;
      }
    }
    next.set(key, expected);
    early.set(key, waiting);
    if (parts.length > 0) found.push({ time, source, target, octets: concatOctets(parts) });
  }
  return found;
}

/** Octets of the link header, and where in it the type of the payload is. */
const links: Readonly<Record<number, readonly [size: number, typeAt: number | undefined]>> = {
  0: [4, undefined],
  1: [14, 12],
  101: [0, undefined],
  113: [16, 14],
  276: [20, 0],
};

/** A packet that is shorter than its headers say is passed over: so are those of other protocols. */
function parseWhole(packet: Packet): Segment | undefined {
  try {
    return parse(packet);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function parse({ linkType, octets }: Packet): Segment | undefined {
  const [size, typeAt] = links[linkType] ?? [];
  if (size === undefined || octets.length < size + 20) return undefined;
  const data = view(octets);
  let start = size;
  if (typeAt !== undefined) {
    let type = data.getUint16(typeAt);
    if (type === 0x8100 && linkType === 1) {
      type = data.getUint16(16);
      start += 4;
    }
    if (type !== 0x0800 && type !== 0x86dd) return undefined;
  }
  return parseIp(octets.subarray(start));
}

function parseIp(octets: Uint8Array): Segment | undefined {
  const data = view(octets);
  const version = data.getUint8(0) >>> 4;
  if (version === 4) {
    if (data.getUint8(9) !== 6) return undefined;
    const header = (data.getUint8(0) & 15) * 4;
    // Offloading leaves a total length of 0 in some captures: then the packet is what there is.
    const total = data.getUint16(2) || octets.length;
    const [source, target] = [octets.subarray(12, 16).join("."), octets.subarray(16, 20).join(".")];
    return parseTcp(octets.subarray(header, total), source, target);
  }
  if (version !== 6 || octets.length < 40 || data.getUint8(6) !== 6) return undefined;
  const address = (at: number) =>
    `[${[0, 2, 4, 6, 8, 10, 12, 14].map((i) => data.getUint16(at + i).toString(16)).join(":")}]`;
  return parseTcp(octets.subarray(40, 40 + data.getUint16(4)), address(8), address(24));
}

function parseTcp(octets: Uint8Array, source: string, target: string): Segment | undefined {
  if (octets.length < 20) return undefined;
  const data = view(octets);
  return {
    source: `${source}:${data.getUint16(0)}`,
    target: `${target}:${data.getUint16(2)}`,
    sequence: data.getUint32(4),
    isSyn: (data.getUint8(13) & 2) !== 0,
    octets: octets.subarray((data.getUint8(12) >>> 4) * 4),
  };
}

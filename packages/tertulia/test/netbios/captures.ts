/**
 * The captures of Samba's nodes that tests read: what is in a pcap file, and where it is.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The path of a fixture, from the compiled test's place. */
export function fixturePath(name: string): string {
  return join(import.meta.dirname, "../../../test/fixtures/netbios", name);
}

export interface CapturedPacket {
  readonly frame: number;
  readonly protocol: "udp" | "tcp";
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** UDP and TCP payloads of a capture of Ethernet frames, in order; frames are counted from 1. */
export function readCapture(path: string): CapturedPacket[] {
  const file = readFileSync(path);
  const packets: CapturedPacket[] = [];
  let frame = 0;
  for (let at = 24; at + 16 <= file.length; ) {
    frame += 1;
    const size = file.readUInt32LE(at + 8);
    const ethernet = file.subarray(at + 16, at + 16 + size);
    at += 16 + size;
    if (ethernet.readUInt16BE(12) !== 0x0800) continue;
    const ip = ethernet.subarray(14, 14 + ethernet.readUInt16BE(16));
    const header = (ip.readUInt8(0) & 15) * 4;
    const protocol = ip.readUInt8(9) === 17 ? "udp" : "tcp";
    const segment = ip.subarray(header);
    const start = protocol === "udp" ? 8 : (segment.readUInt8(12) >> 4) * 4;
    packets.push({
      frame,
      protocol,
      source: [...ip.subarray(12, 16)].join("."),
      sourcePort: segment.readUInt16BE(0),
      destination: [...ip.subarray(16, 20)].join("."),
      destinationPort: segment.readUInt16BE(2),
      payload: new Uint8Array(segment.subarray(start)),
    });
  }
  return packets;
}

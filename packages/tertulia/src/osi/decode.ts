/**
 * What two OSI peers said to each other, out of the octets of their TCP connections: for people.
 *
 * @module
 */

import { ProtocolError } from "../pure/errors.ts";
import type { Spdu } from "../pure/iso8327/spdu.ts";
import { decodeExpeditedTsdu, decodeTsdu } from "../pure/iso8327/tsdu.ts";
import { concatOctets } from "../pure/octets.ts";
import { decodeTpdu, type Tpdu } from "../pure/tpkt/tpdu.ts";
import { TpktFramer } from "../pure/tpkt/tpkt.ts";
import type { Captured } from "./capture.ts";

/** One thing that was said: a TPDU that is no data, or the SPDUs of one TSDU. */
export interface Said {
  readonly time: number;
  readonly source: string;
  readonly target: string;
  readonly tpdu?: Tpdu;
  readonly flow?: "normal" | "expedited";
  /** In the order of the wire. */
  readonly spdus?: readonly Spdu[];
  /** Rules that this breaks; those that made it unreadable come with neither TPDU nor SPDUs. */
  readonly violations: readonly ProtocolError[];
}

/** Reads a TSDU, and says what is wrong with it. */
export function decodeSaid(
  tsdu: Uint8Array,
  flow: "normal" | "expedited",
): Pick<Said, "flow" | "spdus" | "violations"> {
  const violations: ProtocolError[] = [];
  const report = (violation: ProtocolError) => violations.push(violation);
  try {
    const spdus =
      flow === "normal" ? decodeTsdu(tsdu, { report }) : [decodeExpeditedTsdu(tsdu, { report })];
    return { flow, spdus, violations };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { flow, violations: [...violations, error] };
  }
}

/**
 * Reads what TCP streams carry. Streams that are not TPKT at all are left out.
 *
 * A stream with a packet that is none ends there, with that violation.
 */
export function decodeStreams(captured: Iterable<Captured>): Said[] {
  const streams = new Map<string, Stream>();
  const said: Said[] = [];
  for (const { time, source, target, octets } of captured) {
    const key = `${source} ${target}`;
    const stream = streams.get(key) ?? { framer: new TpktFramer(), parts: [], isOver: false };
    streams.set(key, stream);
    if (stream.isOver) continue;
    try {
      stream.framer.push(octets);
      for (let packet = stream.framer.next(); packet; packet = stream.framer.next()) {
        const found = decodePacket(packet, stream);
        if (found) said.push({ time, source, target, ...found });
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      stream.isOver = true;
      if (error.violation !== "tpktVersion") {
        said.push({ time, source, target, violations: [error] });
      }
    }
  }
  return said;
}

interface Stream {
  readonly framer: TpktFramer;
  parts: Uint8Array[];
  isOver: boolean;
}

function decodePacket(
  packet: Uint8Array,
  stream: Stream,
): Omit<Said, "time" | "source" | "target"> | undefined {
  const tpdu = decodeTpdu(packet);
  if (tpdu.type === "ED") return decodeSaid(tpdu.userData, "expedited");
  if (tpdu.type !== "DT") return { tpdu, violations: [] };
  stream.parts.push(tpdu.userData);
  if (!tpdu.endOfTsdu) return undefined;
  const tsdu = concatOctets(stream.parts);
  stream.parts = [];
  return decodeSaid(tsdu, "normal");
}

/** The traffic of an independent implementation, cut into TSDUs, with the logs of both its ends. */

import { readFileSync } from "node:fs";
import { readCapture } from "../../../src/osi/capture.ts";
import { concatOctets } from "../../../src/pure/octets.ts";
import { decodeTpdu, type Tpdu } from "../../../src/pure/tpkt/tpdu.ts";
import { TpktFramer } from "../../../src/pure/tpkt/tpkt.ts";
import { fixture, readFixture } from "../../fixtures.ts";

export type Side = "initiator" | "responder";

/** What one side said, and when in the conversation. */
export interface Said {
  readonly side: Side;
  readonly type: "normal" | "expedited" | "control";
  readonly octets: Uint8Array;
  readonly tpdu?: Tpdu;
}

export const captureNames = [
  "bss-sync-resync",
  "data-segmented",
  "hd-tokens-except",
  "negrel-refused",
  "refuse-user",
  "tokens-pingpong",
] as const;

/** The conversations in a capture: one for each TCP connection, TSDUs put together. */
export function conversations(name: string): Said[][] {
  const framers = new Map<string, { framer: TpktFramer; parts: Uint8Array[] }>();
  const found = new Map<string, Said[]>();
  const initiators = new Map<string, string>();
  for (const { source, target, octets } of readCapture(
    readFileSync(fixture("iso8327", `${name}.pcapng`)),
  )) {
    const key = [source, target].sort().join(" ");
    const initiator = initiators.get(key) ?? source;
    initiators.set(key, initiator);
    const side = source === initiator ? "initiator" : "responder";
    const stream = framers.get(source + target) ?? { framer: new TpktFramer(), parts: [] };
    framers.set(source + target, stream);
    const said = found.get(key) ?? [];
    found.set(key, said);
    stream.framer.push(octets);
    for (let packet = stream.framer.next(); packet; packet = stream.framer.next()) {
      const tpdu = decodeTpdu(packet);
      if (tpdu.type === "DT") {
        stream.parts.push(tpdu.userData);
        if (!tpdu.endOfTsdu) continue;
        said.push({ side, type: "normal", octets: concatOctets(stream.parts) });
        stream.parts = [];
      } else if (tpdu.type === "ED") said.push({ side, type: "expedited", octets: tpdu.userData });
      else said.push({ side, type: "control", octets: packet, tpdu });
    }
  }
  return [...found.values()];
}

export type LogLine = Readonly<Record<string, unknown>>;

/** The log of one end: one JSON value a line. */
export function log(name: string, side: Side): LogLine[] {
  return readFixture("iso8327", `${name}.${side === "initiator" ? "cli" : "srv"}.log`)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

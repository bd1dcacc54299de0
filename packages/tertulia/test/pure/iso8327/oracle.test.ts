import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { layouts } from "../../../src/pure/iso8327/parameters.ts";
import { encodeSpdu, type Spdu } from "../../../src/pure/iso8327/spdu.ts";
import { headOf } from "../../../src/pure/iso8327/tsdu.ts";
import { concatOctets } from "../../../src/pure/octets.ts";
import { hasPeers } from "../../peers.ts";
import { samples } from "./samples.ts";
import { dissect } from "./tshark.ts";

/** Every code of a unit in an SPDU, groups before their members, as tshark lists them. */
function unitCodes(octets: Uint8Array, start = 0): number[] {
  const codes: number[] = [];
  for (let at = start; at + 1 < octets.length; ) {
    const [code = 0, length = 0] = octets.subarray(at, at + 2);
    codes.push(code);
    at += 2;
    if (![1, 5, 33].includes(code)) at += length;
  }
  return codes;
}

function expected(spdu: Spdu): string[] {
  const { si, userInformation } = layouts[spdu.type];
  const octets = encodeSpdu(spdu);
  const parameters = userInformation ? octets.subarray(0, 2 + (octets[1] ?? 0)) : octets;
  const head = headOf(spdu.type);
  return [
    (head ? [layouts[head.type].si, si] : [si]).join(","),
    unitCodes(parameters, 2).join(","),
    [spdu.linkingInformation?.serialNumber, spdu.serialNumber]
      .filter((value) => value !== undefined)
      .join(","),
    String(spdu.connectAcceptItem?.initialSerialNumber ?? ""),
    "",
  ];
}

describe("SPDUs as tshark sees them", () => {
  it("have the types, parameters and serial numbers that we meant", (t) => {
    if (!hasPeers(t, "tshark", "text2pcap")) return;
    const wires = samples.map(({ spdu }) => {
      const head = headOf(spdu.type);
      return concatOctets([...(head ? [encodeSpdu(head)] : []), encodeSpdu(spdu)]);
    });
    const seen = dissect(wires, [
      "ses.type",
      "ses.parameter_type",
      "ses.serial_number",
      "ses.initial_serial_number",
      "_ws.expert.message",
    ]);
    // tshark leaves out trailing empty fields.
    assert.deepEqual(
      seen.map((row) => Array.from({ length: 5 }, (_, i) => row[i] ?? "")),
      samples.map(({ spdu }) => expected(spdu)),
    );
  });
});

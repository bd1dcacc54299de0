import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeGroup } from "../../../src/pure/iso8327/concatenation.ts";
import { layouts } from "../../../src/pure/iso8327/parameters.ts";
import { encodeSpdu, type Spdu } from "../../../src/pure/iso8327/spdu.ts";
import { headOf } from "../../../src/pure/iso8327/tsdu.ts";
import { concatOctets, utf8 } from "../../../src/pure/octets.ts";
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

const dt: Spdu = { type: "DT", userData: utf8("ab") };
const gt: Spdu = { type: "GT", tokenItem: 5 };
const as: Spdu = { type: "AS", activityIdentifier: Uint8Array.of(1) };
const mip: Spdu = { type: "MIP", serialNumber: 1 };
const mia: Spdu = { type: "MIA", serialNumber: 1 };
const map: Spdu = { type: "MAP", syncTypeItem: 1, serialNumber: 1 };
const ae: Spdu = { type: "AE", serialNumber: 1 };

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

  it("are the ones that we concatenated, in basic and extended concatenation", (t) => {
    if (!hasPeers(t, "tshark", "text2pcap")) return;
    const groups: readonly (readonly Spdu[])[] = [
      [dt, gt],
      [mia, { type: "PT", tokenItem: 1 }],
      [as, dt],
      [as, dt, mip, gt],
      [as, ae],
      [dt, map],
      [mia, gt],
    ];
    const seen = dissect(
      groups.map((group) => concatOctets(encodeGroup(group))),
      ["ses.type", "ses.tken_item.flags", "data.data", "_ws.expert.message"],
    );
    assert.deepEqual(
      seen.map((row) => Array.from({ length: 4 }, (_, i) => row[i] ?? "")),
      [
        ["1,1", "0x05", "6162", ""],
        ["2,50", "0x01", "", ""],
        ["1,45,1", "", "6162", ""],
        ["1,45,49,1", "0x05", "6162", ""],
        ["1,45,41", "", "", ""],
        ["1,41,1", "", "6162", ""],
        ["1,50", "0x05", "", ""],
      ],
    );
  });
});

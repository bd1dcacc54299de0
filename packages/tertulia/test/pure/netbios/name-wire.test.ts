import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { netbiosName } from "../../../src/pure/netbios/name.ts";
import {
  firstLevel,
  nameWireOctets,
  readName,
  writeName,
} from "../../../src/pure/netbios/name-wire.ts";
import { Writer } from "../../../src/pure/octets.ts";
import { names, octets } from "./arbitraries.ts";

const FRED = "20 4547 4643 4546 4545 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341";

describe("NetBIOS name on the wire", () => {
  it("encodes the example of RFC 1001 14.1", () => {
    const name = { label: "FRED".padEnd(16), scope: "NETBIOS.COM" };
    assert.equal(firstLevel(name), "EGFCEFEECACACACACACACACACACACACA.NETBIOS.COM");
  });

  it("encodes the example of RFC 1002 4.1, less its two wrong letters", () => {
    // The RFC prints FEGHGF…HEGBGNGF, which is "Tge NetBIOS tame": h is GI and n is GO.
    const printed = { label: "Tge NetBIOS tame", scope: "SCOPE.ID.COM" };
    assert.equal(firstLevel(printed), "FEGHGFCAEOGFHEECEJEPFDCAHEGBGNGF.SCOPE.ID.COM");
    const name = { label: "The NetBIOS name", scope: "SCOPE.ID.COM" };
    assert.equal(firstLevel(name), "FEGIGFCAEOGFHEECEJEPFDCAGOGBGNGF.SCOPE.ID.COM");
    const wire = writeName(new Writer(), name).finish();
    const scope = "05 53434f5045 02 4944 03 434f4d 00";
    const letters = Buffer.from("FEGIGFCAEOGFHEECEJEPFDCAGOGBGNGF").toString("hex");
    assert.deepEqual(wire, octets(`20 ${letters} ${scope}`));
    assert.equal(nameWireOctets(name), wire.length);
  });

  it("decodes what it encodes, and says where it ends", () => {
    fc.assert(
      fc.property(names, fc.uint8Array({ maxLength: 5 }), (name, before) => {
        const writer = new Writer().octets(before);
        const wire = writeName(writer, name).u16(0x1234).finish();
        const { value, end } = readName(wire, before.length, false);
        assert.deepEqual(value, name);
        assert.equal(end, wire.length - 2);
      }),
    );
  });

  it("takes lower-case letters, as DNS does", () => {
    const wire = octets(FRED.replaceAll("47", "67"));
    assert.equal(readName(new Uint8Array([...wire, 0]), 0, false).value.label, "FRED".padEnd(16));
  });

  it("follows pointers back, and goes on after the first", () => {
    const wire = octets(`${FRED} 01 41 00  01 42 c0 00  c0 24`);
    const { value, end } = readName(octets(`${FRED} 01 41 00 c0 00 ff`), 36, true);
    assert.deepEqual([value, end], [{ label: "FRED".padEnd(16), scope: "A" }, 38]);
    assert.throws(() => readName(wire, 36, true), { violation: "nameLength" });
  });

  for (const [violation, hex, start, pointers] of [
    ["truncated", "", 0, false],
    ["truncated", "20 41", 0, false],
    ["truncated", FRED, 0, false],
    ["truncated", "c0", 0, true],
    ["nameLength", "00", 0, false],
    ["nameLength", "01 41 00", 0, false],
    ["pointerForbidden", "c0 00", 0, false],
    ["pointerForward", "c0 00", 0, true],
    ["pointerForward", "c0 04", 0, true],
    ["pointerForward", "00 c0 03 c0 01", 3, true],
    ["labelReserved", "40", 0, false],
    ["labelReserved", "80", 0, false],
    ["nameLetters", `${FRED.replace("4547", "4551")} 00`, 0, false],
    ["nameLetters", `${FRED.replace("4547", "4540")} 00`, 0, false],
    ["dotInLabel", `${FRED} 01 2e 00`, 0, false],
    ["nameTooLong", `${FRED}${`3f${"41".repeat(63)}`.repeat(4)} 00`, 0, false],
  ] as const) {
    it(`rejects "${hex.slice(0, 24)}" as ${violation}`, () =>
      assert.throws(() => readName(octets(hex), start, pointers), { violation }));
  }

  it("gives a name or a ProtocolError for any octets", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.nat(80),
        fc.boolean(),
        (all, at, pointers) => {
          try {
            readName(all, at, pointers);
          } catch (error) {
            assert.equal((error as { code?: string }).code, "ERR_PROTOCOL");
          }
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(netbiosName("A"));
  });
});

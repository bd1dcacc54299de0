import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawFingerprint, fingerprintOf, formatFingerprint } from "../../src/auth/fingerprint.ts";

// `ssh-keygen -lv` of OpenSSH 10 printed both for a key with this SHA-256.
const HEX = "9a384ab0577dbce60006868950d46cc966730eef5a9f91e528a875ec19895513";
const TEXT = "SHA256:mjhKsFd9vOYABoaJUNRsyWZzDu9an5HlKKh17BmJVRM";
const PICTURE = `\
+--[ED25519 256]--+
|.oo+ .  E.       |
|oo  @ . o        |
|+ o+ * . .       |
| . . .+.  .      |
|.   +*..S=       |
| o o+oO++..      |
|. ooo=+=oo       |
| o....o+o        |
|  .     .        |
+----[SHA256]-----+`;

describe("a fingerprint", () => {
  it("is written and drawn as ssh does", () => {
    assert.deepEqual(
      [formatFingerprint(HEX), drawFingerprint(HEX, "ED25519 256")],
      [TEXT, PICTURE],
    );
  });

  it("is read in either form", () => {
    assert.deepEqual(
      [fingerprintOf(TEXT), fingerprintOf(`${TEXT}=`), fingerprintOf(HEX.toUpperCase())],
      [HEX, HEX, HEX],
    );
  });

  it("is nothing else", () => {
    for (const text of ["", "SHA256:", "MD5:00", HEX.slice(1), `${TEXT}A`]) {
      assert.throws(() => fingerprintOf(text), { code: "ERR_ARGUMENT" }, text);
    }
  });
});

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createNodeSuite, nodeSuite } from "../../src/io/node-suite.ts";
import { hex, NO_OCTETS, utf8 } from "../../src/pure/octets.ts";

describe("Node's suite", () => {
  it("gives each session a pair of its own, made ahead or not", async () => {
    const publicKeys = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const pair = nodeSuite.keyPair();
      const peer = nodeSuite.keyPair();
      assert.deepEqual(pair.agree(peer.publicKey), peer.agree(pair.publicKey));
      publicKeys.add(hex(pair.publicKey)).add(hex(peer.publicKey));
      if (i % 3 === 0) await turn();
    }
    assert.equal(publicKeys.size, 400);
  });

  it("gives each a pair of its own, however many it is to make ahead", async () => {
    const publicKeys = new Set<string>();
    for (const pairsMax of [0, 1, 5]) {
      const suite = createNodeSuite({ pairsMax });
      for (let i = 0; i < 12; i++) {
        publicKeys.add(hex(suite.keyPair().publicKey));
        await turn();
      }
    }
    assert.equal(publicKeys.size, 36);
    assert.throws(() => createNodeSuite({ pairsMax: -1 }), { code: "ERR_ARGUMENT" });
  });

  it("gives random octets once, each in memory of its own", () => {
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const octets = nodeSuite.random(16 + (i % 16));
      assert.equal(octets.buffer.byteLength, octets.length);
      seen.add(hex(octets.subarray(0, 16)));
    }
    assert.equal(seen.size, 500);
    assert.equal(new Set(nodeSuite.random(5000)).size, 256);
  });

  it("hashes parts as if they were one (FIPS 180-4)", () => {
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert.equal(hex(nodeSuite.sha256(utf8("a"), utf8(""), utf8("bc"))), abc);
  });

  it("hashes with a key what OpenSSL does, however long both are (RFC 2104)", () => {
    for (const keyOctets of [0, 1, 31, 32, 63, 64, 65, 200]) {
      for (const octets of [0, 1, 32, 55, 56, 64, 959, 960, 961, 5000]) {
        const [key, whole] = [nodeSuite.random(keyOctets), nodeSuite.random(octets)];
        const third = Math.floor(octets / 3);
        const parts = [whole.subarray(0, third), NO_OCTETS, whole.subarray(third)];
        const expected = createHmac("sha256", key).update(whole).digest("hex");
        assert.equal(hex(nodeSuite.hmac(key, ...parts)), expected, `${keyOctets}, ${octets}`);
        const hashed = createHash("sha256").update(whole).digest("hex");
        assert.equal(hex(nodeSuite.sha256(...parts)), hashed, `${octets}`);
      }
    }
  });
});

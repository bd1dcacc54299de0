import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KnownPeers, PeerIdentityError } from "tertulia/auth";
import { addressKey, Way } from "../../src/chat/way.ts";

function way(address: string): Way {
  const knownPeers = new KnownPeers("/nowhere/known_peers");
  return new Way(address, { knownPeers, ownFingerprint: "aa", acceptNew: false });
}

describe("the way to an address", () => {
  it("is TLS unless it says otherwise", () => {
    const addresses = ["host", "host:1", "[::1]:2", "tcp://host", "wss://host", "unix:/run/x"];
    assert.deepEqual(
      addresses.map((address) => [way(address).target, addressKey(address)]),
      [
        ["tls://host", "host:7700"],
        ["tls://host:1", "host:1"],
        ["tls://[::1]:2", "[::1]:2"],
        ["tcp://host", "host:7700"],
        ["wss://host", "host:443"],
        ["unix:/run/x", "/run/x"],
      ],
    );
  });

  it("does without a key only where somebody said so", async () => {
    const secure = way("host");
    await assert.rejects(secure.checkPeer({ address: "" }), PeerIdentityError);
    secure.over("tcp");
    await secure.checkPeer({ address: "" });
    await way("tcp://host").checkPeer({ address: "" });
  });

  it("trusts its own key, and no other that it does not know", async () => {
    await way("host").checkPeer({ address: "", keyFingerprint: "aa" });
    const stranger = { address: "", keyFingerprint: "bb".repeat(32) };
    await assert.rejects(way("host").checkPeer(stranger), { problem: "unknown" });
  });

  it("takes a certificate that the system trusts for a key, where a proxy may be: over wss", async () => {
    const peer = { address: "", keyFingerprint: "bb".repeat(32), isAuthorized: true };
    await way("wss://host").checkPeer(peer);
    await assert.rejects(way("host").checkPeer(peer), { problem: "unknown" });
    const unauthorized = { ...peer, isAuthorized: false };
    await assert.rejects(way("wss://host").checkPeer(unauthorized), { problem: "unknown" });
  });
});

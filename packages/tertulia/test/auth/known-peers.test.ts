import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { formatFingerprint } from "../../src/auth/fingerprint.ts";
import { createIdentity } from "../../src/auth/identity.ts";
import { KnownPeers } from "../../src/auth/known-peers.ts";
import { connect } from "../../src/io/connect.ts";
import { listen } from "../../src/io/listen.ts";

let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "tertulia-"));
});
afterEach(() => rm(home, { recursive: true }));

const HERE = "127.0.0.1:7700";
const [one = "", other = ""] = [createIdentity(), createIdentity()].map((i) => i.fingerprint);

describe("known peers", () => {
  it("tells who is known, unknown, changed, and shows nothing", async () => {
    const peers = new KnownPeers(join(home, "deep", "known_peers"));
    const check = (fingerprint: string | undefined) =>
      peers.check(HERE, fingerprint).then(
        () => "known",
        (error) => error.problem,
      );
    const results = [await check(one)];
    await peers.remember(HERE, one);
    results.push(await check(one), await check(other), await check(undefined));
    assert.deepEqual(results, ["unknown", "known", "changed", "none"]);
  });

  it("keeps what others wrote into the file", async () => {
    const path = join(home, "known_peers");
    await writeFile(path, `# mine\n[::1]:7700 ${formatFingerprint(other)} the hall\n`);
    const peers = new KnownPeers(path);
    await peers.remember(HERE, other);
    await peers.remember(HERE, one);
    assert.deepEqual((await readFile(path, "utf8")).split("\n"), [
      "# mine",
      `[::1]:7700 ${formatFingerprint(other)} the hall`,
      `${HERE} ${formatFingerprint(one)}`,
      "",
    ]);
  });

  it("forgets", async () => {
    const peers = new KnownPeers(join(home, "known_peers"));
    await peers.remember(HERE, one);
    assert.deepEqual(
      [await peers.forget(HERE), await peers.forget(HERE), await peers.find(HERE)],
      [true, false, undefined],
    );
  });

  it("trusts nobody on a line that cannot be read", async () => {
    const path = join(home, "known_peers");
    await writeFile(path, `${HERE} SHA256:short\n`);
    await assert.rejects(new KnownPeers(path).check(HERE, one), { code: "ERR_ARGUMENT" });
  });

  for (const scheme of ["tls", "wss"]) {
    it(`keep a session over ${scheme} from being established with an impostor`, async () => {
      const peers = new KnownPeers(join(home, "known_peers"));
      const impostor = createIdentity();
      await using listener = await listen("tls://127.0.0.1:0", { tls: impostor.tls });
      const attempt = () =>
        connect(`${scheme}://${listener.address}`, {
          tls: { rejectUnauthorized: false },
          checkPeer: (peer) => peers.check(listener.address, peer.keyFingerprint),
        });
      await peers.remember(listener.address, one);
      await assert.rejects(attempt(), { name: "PeerIdentityError", problem: "changed" });
      await peers.remember(listener.address, impostor.fingerprint);
      await using session = await attempt();
      assert.equal(session.state, "connected");
    });
  }
});

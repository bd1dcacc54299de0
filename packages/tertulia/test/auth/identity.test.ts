import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { createIdentity, identityFrom, openIdentity } from "../../src/auth/identity.ts";

const hex = (octets: Uint8Array) => Buffer.from(octets).toString("hex");

let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "tertulia-"));
});
afterEach(() => rm(home, { recursive: true }));

describe("an identity", () => {
  it("signs as RFC 8032, 7.1, test 1", async () => {
    const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const der = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex").toString("base64");
    const identity = identityFrom(
      `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`,
    );
    assert.deepEqual(
      [hex(identity.publicKey), hex(await identity.sign(new Uint8Array()))],
      [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
      ],
    );
  });

  it("is made once, in a folder and a file that only its owner can read", async () => {
    const path = join(home, "deep", "identity.pem");
    const identities = await Promise.all([
      openIdentity(path),
      openIdentity(path),
      openIdentity(path),
    ]);
    const again = await openIdentity(path);
    const modes = [await stat(path), await stat(join(home, "deep"))].map(
      ({ mode }) => mode & 0o777,
    );
    assert.deepEqual(
      [new Set([...identities, again].map(({ fingerprint }) => fingerprint)).size, modes],
      [1, [0o600, 0o700]],
    );
    assert.deepEqual(await readdir(join(home, "deep")), ["identity.pem"]);
  });

  it("is not read from a file that others can read", async () => {
    const path = join(home, "identity.pem");
    await openIdentity(path);
    await chmod(path, 0o644);
    await assert.rejects(openIdentity(path), { code: "ERR_ARGUMENT", message: /chmod 600/ });
  });

  it("is not read from anything else, which is left as it is", async () => {
    const path = join(home, "identity.pem");
    await writeFile(path, "no key", { mode: 0o600 });
    await assert.rejects(openIdentity(path), {
      code: "ERR_ARGUMENT",
      message: /not a private key/,
    });
  });

  it("is not made in a folder that cannot be: who asks is told, and does not wait", () =>
    assert.rejects(openIdentity("/proc/nowhere/identity.pem"), { code: "ERR_ARGUMENT" }));

  it("differs from every other", () => {
    assert.notEqual(createIdentity().fingerprint, createIdentity().fingerprint);
  });
});

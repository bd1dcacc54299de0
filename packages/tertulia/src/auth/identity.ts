/**
 * An Ed25519 identity of one's own, for a person or a node: a key in a file, which signs handshakes
 * and stands behind TLS.
 *
 * @module
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
} from "node:crypto";
import { link, open, readFile, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { SessionError } from "../pure/errors.ts";
import { selfSignedCertificate } from "./certificate.ts";
import { type Ed25519Signer, ed25519Fingerprint } from "./ed25519.ts";
import { ensureFolder } from "./folder.ts";

/**
 * An Ed25519 identity of one's own: signs handshakes, and stands behind TLS. Made by {@link
 * openIdentity}.
 */
export interface OwnIdentity extends Ed25519Signer {
  /** SHA-256 of the SubjectPublicKeyInfo, in hex: what others know us by. */
  readonly fingerprint: string;
  /** The private key in PKCS #8 and PEM. */
  readonly pem: string;
  /** Options of `node:tls`, for `listen` and `connect`: the key, a certificate of it, TLS 1.3. */
  readonly tls: { readonly key: string; readonly cert: string; readonly minVersion: "TLSv1.3" };
}

/** A new identity, from the system's randomness. */
export function createIdentity(): OwnIdentity {
  const { privateKey } = generateKeyPairSync("ed25519");
  return identityFrom(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
}

/**
 * The identity in a PEM file's text.
 *
 * @throws {SessionError} `ERR_ARGUMENT` when it is not an Ed25519 private key.
 */
export function identityFrom(pem: string): OwnIdentity {
  const privateKey = parsePrivateKey(pem);
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const publicKey = new Uint8Array(spki.subarray(-32));
  let cert: string | undefined;
  return {
    publicKey,
    pem,
    fingerprint: ed25519Fingerprint(publicKey),
    sign: (octets) => sign(null, octets, privateKey),
    get tls() {
      cert ??= selfSignedCertificate(privateKey, "tertulia");
      return { key: pem, cert, minVersion: "TLSv1.3" as const };
    },
  };
}

/**
 * The identity in a file, which is created with its folder when it is not there, readable by its
 * owner only.
 *
 * @throws {SessionError} `ERR_ARGUMENT` when the file holds something else, or others may read it, or its
 *   folder cannot be created.
 */
export async function openIdentity(path: string): Promise<OwnIdentity> {
  const found = await readIdentity(path);
  if (found) return found;
  const identity = createIdentity();
  await ensureFolder(dirname(path));
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(identity.pem);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // Unlike a rename, a link never replaces: of two that create it at once, one is everybody's.
    await link(draft, path);
    return identity;
  } catch (error) {
    const winner = await readIdentity(path);
    if (winner) return winner;
    throw error;
  } finally {
    await unlink(draft);
  }
}

async function readIdentity(path: string): Promise<OwnIdentity | undefined> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw new SessionError("ERR_ARGUMENT", `${path} may be read by others: chmod 600 it`);
    }
    return identityFrom(await readFile(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined; // any error has a code or none
    if (!(error instanceof SessionError)) throw error;
    throw new SessionError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

function parsePrivateKey(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch (cause) {
    throw new SessionError("ERR_ARGUMENT", "not a private key in PEM", { cause });
  }
  throw new SessionError("ERR_ARGUMENT", "not an Ed25519 key");
}

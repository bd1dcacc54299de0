/**
 * Who was met where: a file of addresses and fingerprints, as ssh's `known_hosts`. The first meeting
 * is a matter of trust; from the second on, another key at the same address is refused.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { SessionError } from "../pure/errors.ts";
import { fingerprintOf, formatFingerprint } from "./fingerprint.ts";
import { ensureFolder } from "./folder.ts";

/** The other end of a transport is not who it should be, or nobody knows who it is. */
export class PeerIdentityError extends SessionError {
  override readonly name = "PeerIdentityError";
  readonly problem: "unknown" | "changed" | "none";
  readonly address: string;
  /** What it showed, in hex; empty for `none`. */
  readonly fingerprint: string;

  constructor(problem: "unknown" | "changed" | "none", address: string, fingerprint: string) {
    super("ERR_REFUSED", problems[problem](address, fingerprint && formatFingerprint(fingerprint)));
    this.problem = problem;
    this.address = address;
    this.fingerprint = fingerprint;
  }
}

const problems = {
  unknown: (address: string, key: string) => `${address} is not known yet; its key is ${key}`,
  changed: (address: string, key: string) => `${address} has another key than before: ${key}`,
  none: (address: string) => `${address} shows no key`,
};

/** The file, which is read anew at each question: other processes write it as well. */
export class KnownPeers {
  readonly path: string;

  /** @param path - Need not exist. */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * The fingerprint that was met at an address, in hex.
   *
   * @throws {SessionError} `ERR_ARGUMENT` when its line is broken: then nobody is to be trusted.
   */
  async find(address: string): Promise<string | undefined> {
    const line = (await this.#lines()).find((one) => addressOf(one) === address);
    if (line === undefined) return undefined;
    try {
      return fingerprintOf(line.split(/\s+/)[1] ?? "");
    } catch (cause) {
      throw new SessionError("ERR_ARGUMENT", `${this.path}: cannot read: ${line}`, { cause });
    }
  }

  /** Writes down who was met, in place of whoever was met there before. */
  async remember(address: string, fingerprint: string): Promise<void> {
    const others = (await this.#lines()).filter((line) => addressOf(line) !== address);
    await this.#write([...others, `${address} ${formatFingerprint(fingerprint)}`]);
  }

  /** Forgets who was met at an address; false when nobody was. */
  async forget(address: string): Promise<boolean> {
    const lines = await this.#lines();
    const others = lines.filter((line) => addressOf(line) !== address);
    if (others.length === lines.length) return false;
    await this.#write(others);
    return true;
  }

  /**
   * Looks at the other end of a transport: for `checkPeer` of `connect`.
   *
   * @throws {PeerIdentityError} unless it shows the key that was met at this address.
   *
   * @example
   * const peers = new KnownPeers("known_peers");
   * const session = await connect("tls://10.0.0.7", {
   *   tls: { rejectUnauthorized: false }, // the key is what we go by
   *   checkPeer: (peer) => peers.check("10.0.0.7:7700", peer.keyFingerprint),
   * });
   */
  async check(address: string, fingerprint: string | undefined): Promise<void> {
    if (fingerprint === undefined) throw new PeerIdentityError("none", address, "");
    const known = await this.find(address);
    if (known === undefined) throw new PeerIdentityError("unknown", address, fingerprint);
    if (known !== fingerprint) throw new PeerIdentityError("changed", address, fingerprint);
  }

  async #lines(): Promise<string[]> {
    try {
      return (await readFile(this.path, "utf8")).split("\n").filter((line) => line.trim() !== "");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return []; // any error has a code or none
      throw error;
    }
  }

  async #write(lines: readonly string[]): Promise<void> {
    await ensureFolder(dirname(this.path));
    const draft = `${this.path}.${randomUUID()}`;
    await writeFile(draft, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    await rename(draft, this.path);
  }
}

function addressOf(line: string): string | undefined {
  return line.startsWith("#") ? undefined : line.split(/\s+/)[0];
}

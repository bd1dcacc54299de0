/**
 * Fingerprints of keys: SHA-256 of the SubjectPublicKeyInfo. In programs they are hex, for people
 * `SHA256:` and base64 as ssh writes it, and a picture, which the eye compares faster.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";

/** A fingerprint as people see it: `SHA256:` and 43 characters. */
export function formatFingerprint(fingerprint: string): string {
  return `SHA256:${Buffer.from(fingerprint, "hex").toString("base64").replace(/=+$/, "")}`;
}

/**
 * Reads a fingerprint in either form.
 *
 * @returns 64 digits of hex.
 * @throws {SessionError} `ERR_ARGUMENT`
 */
export function fingerprintOf(text: string): string {
  const [, base64] = /^SHA256:([A-Za-z0-9+/]{43})=?$/.exec(text) ?? [];
  const hex = base64 ? Buffer.from(base64, "base64").toString("hex") : text.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new SessionError("ERR_ARGUMENT", `not a fingerprint: ${text}; write SHA256:… or hex`);
}

const WIDTH = 17;
const HEIGHT = 9;
const COINS = " .o+=*BOX@%&#/^SE";

/**
 * A fingerprint as a small picture, eleven lines: the walk of OpenSSH's drunken bishop.
 *
 * @param title - At most 15 characters of it are shown.
 */
export function drawFingerprint(fingerprint: string, title = "ED25519"): string {
  const octets = Buffer.from(fingerprint, "hex");
  const visits = new Uint8Array(WIDTH * HEIGHT);
  const start = (HEIGHT >> 1) * WIDTH + (WIDTH >> 1);
  let x = WIDTH >> 1;
  let y = HEIGHT >> 1;
  for (const octet of octets) {
    for (let bits = octet, step = 0; step < 4; step += 1, bits >>= 2) {
      x = Math.min(WIDTH - 1, Math.max(0, x + (bits & 1 ? 1 : -1)));
      y = Math.min(HEIGHT - 1, Math.max(0, y + (bits & 2 ? 1 : -1)));
      const at = y * WIDTH + x;
      visits[at] = Math.min(COINS.length - 3, (visits[at] ?? 0) + 1);
    }
  }
  visits[start] = COINS.length - 2;
  visits[y * WIDTH + x] = COINS.length - 1;
  const coins = Array.from(visits, (count) => COINS[count]).join("");
  const rows = Array.from(
    { length: HEIGHT },
    (_, row) => `|${coins.slice(row * WIDTH, (row + 1) * WIDTH)}|`,
  );
  return [frame(title.slice(0, 15)), ...rows, frame("SHA256")].join("\n");
}

function frame(title: string): string {
  const left = Math.floor((WIDTH - title.length - 2) / 2);
  return `+${`${"-".repeat(left)}[${title}]`.padEnd(WIDTH, "-")}+`;
}

/**
 * The certificate of an identity: self-signed, without names that anybody should believe, for TLS
 * 1.3 between peers who know each other's keys. RFC 5280 and RFC 8410 say how it is written.
 *
 * It says always the same, so that some lines of DER do it; docs/design/dependencies.md says what a
 * library for it would bring along.
 *
 * @module
 */

import { createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const UTC_TIME = 0x17;

const ED25519 = Buffer.from("300506032b6570", "hex"); // SEQUENCE { OID 1.3.101.112 }
const COMMON_NAME = Buffer.from("0603550403", "hex"); // OID 2.5.4.3
const BASIC_CONSTRAINTS = Buffer.from("0603551d13", "hex"); // OID 2.5.29.19
const VERSION_3 = Buffer.from("a003020102", "hex");

/**
 * A certificate in PEM for an Ed25519 key, good from 2020 and for ever.
 *
 * @param commonName - Up to 64 characters of UTF-8.
 */
export function selfSignedCertificate(privateKey: KeyObject, commonName: string): string {
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(commonName)))),
  );
  const serialNumber = randomBytes(16);
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x3f) | 0x40; // positive, and of this length
  // RFC 5280, 4.1.2.5: without "well-defined expiration date, … 99991231235959Z". The key is what counts.
  const validity = der(
    SEQUENCE,
    der(UTC_TIME, Buffer.from("200101000000Z")),
    der(GENERALIZED_TIME, Buffer.from("99991231235959Z")),
  );
  const notAnAuthority = der(SEQUENCE, BASIC_CONSTRAINTS, der(OCTET_STRING, der(SEQUENCE)));
  const certificate = der(
    SEQUENCE,
    VERSION_3,
    der(INTEGER, serialNumber),
    ED25519,
    name,
    validity,
    name,
    createPublicKey(privateKey).export({ type: "spki", format: "der" }),
    der(0xa3, der(SEQUENCE, notAnAuthority)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign(null, certificate, privateKey)]);
  const signed = der(SEQUENCE, certificate, ED25519, der(BIT_STRING, signature));
  const lines = signed.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** One element in DER (X.690): tag, length, contents. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  const { length } = contents;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), contents]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), contents]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), contents]);
}

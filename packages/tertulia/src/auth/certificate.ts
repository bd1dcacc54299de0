/**
 * The certificate of an identity: self-signed, without names that anybody should believe, for TLS
 * 1.3 between peers who know each other's keys. RFC 5280 and RFC 8410 say how it is written.
 *
 * @module
 */

import { createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import {
  type AsnType,
  BitString,
  Constructed,
  fromBER,
  GeneralizedTime,
  Integer,
  ObjectIdentifier,
  OctetString,
  Sequence,
  Set as SetOf,
  UTCTime,
  Utf8String,
} from "asn1js";

const ED25519 = "1.3.101.112";
const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";

/**
 * A certificate in PEM for an Ed25519 key, good from 2020 and for ever.
 *
 * @param commonName - Up to 64 characters of UTF-8.
 */
export function selfSignedCertificate(privateKey: KeyObject, commonName: string): string {
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const name = sequence(
    new SetOf({ value: [sequence(oid(COMMON_NAME), new Utf8String({ value: commonName }))] }),
  );
  const contents = sequence(
    context(0, new Integer({ value: 2 })), // version 3
    new Integer({ valueHex: serialNumber() }),
    sequence(oid(ED25519)),
    name, // issuer
    // RFC 5280, 4.1.2.5: without "well-defined expiration date, … 99991231235959Z". The key is what counts.
    sequence(
      new UTCTime({ value: "200101000000Z" }),
      new GeneralizedTime({ value: "99991231235959Z" }),
    ),
    name, // subject
    fromBER(publicKey).result,
    // An empty sequence of basic constraints: not an authority.
    context(
      3,
      sequence(sequence(oid(BASIC_CONSTRAINTS), new OctetString({ valueHex: sequence().toBER() }))),
    ),
  );
  const signature = sign(null, new Uint8Array(contents.toBER()), privateKey);
  const certificate = sequence(
    contents,
    sequence(oid(ED25519)),
    new BitString({ valueHex: signature }),
  );
  const lines = Buffer.from(certificate.toBER())
    .toString("base64")
    .replace(/.{64}/g, "$&\n")
    .trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function sequence(...value: AsnType[]): Sequence {
  return new Sequence({ value });
}

function context(tagNumber: number, ...value: AsnType[]): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value });
}

function oid(value: string): ObjectIdentifier {
  return new ObjectIdentifier({ value });
}

/** RFC 5280, 4.1.2.2: positive, and here always of sixteen octets. */
function serialNumber(): Uint8Array {
  const octets = randomBytes(16);
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return octets;
}

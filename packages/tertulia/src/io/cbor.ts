/**
 * CBOR (RFC 8949) as a presentation context.
 *
 * @module
 */

import { decode, encode } from "cborg";
import type { PresentationContext } from "../pure/native/message.ts";

/** Values in CBOR: what JSON has, and octets, integers up to 64 bits, and undefined. */
export const cborContext: PresentationContext = {
  name: "cbor",
  accepts: () => true,
  encode: (value) => encode(value),
  decode: (octets) => decode(octets, { allowIndefinite: true, allowUndefined: true }),
};

/**
 * Transport protocol data units of class 0, with what RFC 1006 adds: X.224 13.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { NO_OCTETS, Reader, Writer } from "../octets.ts";

/** CONNECTION REQUEST and CONNECTION CONFIRM. */
export interface ConnectTpdu {
  readonly type: "CR" | "CC";
  readonly destinationReference: number;
  readonly sourceReference: number;
  /** The class in the high four bits, options in the low: X.224 13.3.3. */
  readonly classAndOptions: number;
  /** C0: the exponent of the TPDU size, 7 for 128 octets to 13 for 8192. */
  readonly sizeExponent?: number;
  /** F0: the preferred TPDU size, in units of 128 octets. */
  readonly preferredSize?: number;
  readonly callingSelector?: Uint8Array;
  readonly calledSelector?: Uint8Array;
  /** C6: bit 1 is the use of transport expedited data, as RFC 1006 has it. */
  readonly additionalOptions?: number;
  /** C7: classes that would do as well. */
  readonly alternativeClasses?: Uint8Array;
}

export interface DisconnectTpdu {
  readonly type: "DR";
  readonly destinationReference: number;
  readonly sourceReference: number;
  readonly reason: number;
}

export interface DataTpdu {
  readonly type: "DT";
  readonly endOfTsdu: boolean;
  readonly userData: Uint8Array;
}

export interface ExpeditedTpdu {
  readonly type: "ED";
  readonly userData: Uint8Array;
}

export interface ErrorTpdu {
  readonly type: "ER";
  readonly destinationReference: number;
  readonly cause: number;
  readonly rejected: Uint8Array;
}

export type Tpdu = ConnectTpdu | DisconnectTpdu | DataTpdu | ExpeditedTpdu | ErrorTpdu;

/** LI, code and TPDU-NR: what a DT of class 0 has before its data. */
export const DT_HEADER_OCTETS = 3;
const EOT = 0x80;
const ED_OCTETS_MAX = 16;

const codes = { ED: 0x10, ER: 0x70, DR: 0x80, CC: 0xd0, CR: 0xe0, DT: 0xf0 } as const;
const names: ReadonlyMap<number, string> = new Map([
  ...Object.entries(codes).map(([name, code]) => [code, name] as const),
  [0xc0, "DC"],
  [0x60, "AK"],
  [0x20, "EA"],
  [0x50, "RJ"],
]);

/** Reasons of a DR: X.224, DR TPDU. */
export const disconnectReasons: Readonly<Record<number, string>> = {
  0: "not specified",
  1: "congestion at TSAP",
  2: "session entity not attached to TSAP",
  3: "address unknown",
  128: "normal disconnect",
  129: "remote transport entity congestion",
  130: "negotiation failed",
  131: "duplicate source reference",
  132: "mismatched references",
  133: "protocol error",
  135: "reference overflow",
  136: "refused on this network connection",
  138: "header or parameter length invalid",
};

/** One TPDU as octets, without the TPKT around it. */
export function encodeTpdu(tpdu: Tpdu): Uint8Array {
  switch (tpdu.type) {
    case "CR":
    case "CC": {
      const header = new Writer()
        .u8(codes[tpdu.type])
        .u16(tpdu.destinationReference)
        .u16(tpdu.sourceReference)
        .u8(tpdu.classAndOptions);
      if (tpdu.sizeExponent !== undefined) header.u8(0xc0).u8(1).u8(tpdu.sizeExponent);
      writeSelector(header, 0xc1, tpdu.callingSelector);
      writeSelector(header, 0xc2, tpdu.calledSelector);
      if (tpdu.additionalOptions !== undefined) header.u8(0xc6).u8(1).u8(tpdu.additionalOptions);
      writeSelector(header, 0xc7, tpdu.alternativeClasses);
      if (tpdu.preferredSize !== undefined) header.u8(0xf0).u8(2).u16(tpdu.preferredSize);
      return withLength(header);
    }
    case "DR":
      return withLength(
        new Writer()
          .u8(codes.DR)
          .u16(tpdu.destinationReference)
          .u16(tpdu.sourceReference)
          .u8(tpdu.reason),
      );
    case "DT":
      return new Writer()
        .u8(2)
        .u8(codes.DT)
        .u8(tpdu.endOfTsdu ? EOT : 0)
        .octets(tpdu.userData)
        .finish();
    case "ED":
      return new Writer().u8(2).u8(codes.ED).u8(EOT).octets(tpdu.userData).finish();
    case "ER": {
      const header = new Writer().u8(codes.ER).u16(tpdu.destinationReference).u8(tpdu.cause);
      // X.224, ER TPDU: class 0 always gives the rejected header; what does not fit is cut off.
      writeSelector(header, 0xc1, tpdu.rejected.subarray(0, 240));
      return withLength(header);
    }
  }
}

function writeSelector(header: Writer, code: number, value: Uint8Array | undefined): void {
  if (value) header.u8(code).u8(value.length).octets(value);
}

function withLength(header: Writer): Uint8Array {
  return new Writer().u8(header.size).octets(header.finish()).finish();
}

/**
 * The TPDU in a TPKT. Octets in it are views.
 *
 * @throws {ProtocolError} when it is none of class 0.
 */
export function decodeTpdu(octets: Uint8Array): Tpdu {
  // The TPDU of every data packet first: three octets, X.224 13.7.
  if (octets[0] === 2 && octets[1] === codes.DT) {
    const number = octets[2];
    if (number === undefined) throw new ProtocolError("truncated", "X.224 13.7", "no TPDU-NR");
    return { type: "DT", endOfTsdu: (number & EOT) !== 0, userData: octets.subarray(3) };
  }
  const reader = new Reader(octets, "X.224 13.2");
  const length = reader.u8();
  // X.224 13.2.1: 255 is reserved.
  if (length === 255) throw new ProtocolError("reservedLength", "X.224 13.2.1", "LI 255");
  const header = reader.sub(length);
  const code = header.u8();
  const type = names.get(code >= 0x50 && code !== codes.ER ? code & 0xf0 : code);
  switch (type) {
    case "CR":
    case "CC":
      return readConnect(type, header);
    case "DR": {
      const destinationReference = header.u16();
      const sourceReference = header.u16();
      return { type, destinationReference, sourceReference, reason: header.u8() };
    }
    case "DT": {
      const endOfTsdu = (header.u8() & EOT) !== 0;
      if (header.remaining > 0) throw new ProtocolError("headerLength", "X.224 13.7", "DT");
      return { type, endOfTsdu, userData: reader.rest() };
    }
    case "ED": {
      header.u8();
      const userData = reader.rest();
      if (userData.length < 1 || userData.length > ED_OCTETS_MAX) {
        const have = `1 to ${ED_OCTETS_MAX} octets, have ${userData.length}`;
        throw new ProtocolError("expeditedLength", "X.224, ED TPDU", have);
      }
      return { type, userData };
    }
    case "ER": {
      const destinationReference = header.u16();
      const cause = header.u8();
      let rejected: Uint8Array = NO_OCTETS;
      for (const [parameter, value] of readParameters(header)) {
        if (parameter === 0xc1) rejected = value;
      }
      return { type, destinationReference, cause, rejected };
    }
    default:
      throw new ProtocolError("tpduNotInClass0", "X.224, TPDUs of class 0", type ?? `code ${code}`);
  }
}

function readConnect(type: "CR" | "CC", header: Reader): ConnectTpdu {
  const destinationReference = header.u16();
  const sourceReference = header.u16();
  let tpdu: ConnectTpdu = {
    type,
    destinationReference,
    sourceReference,
    classAndOptions: header.u8(),
  };
  // X.224 13.2.3: of a parameter that comes twice, the later one counts.
  for (const [code, value] of readParameters(header)) {
    switch (code) {
      case 0xc0:
        tpdu = { ...tpdu, sizeExponent: oneOctet(code, value) };
        break;
      case 0xc1:
        tpdu = { ...tpdu, callingSelector: value };
        break;
      case 0xc2:
        tpdu = { ...tpdu, calledSelector: value };
        break;
      case 0xc6:
        tpdu = { ...tpdu, additionalOptions: oneOctet(code, value) };
        break;
      case 0xc7:
        tpdu = { ...tpdu, alternativeClasses: value };
        break;
      case 0xf0: {
        if (value.length < 1 || value.length > 4) {
          throw new ProtocolError("parameterLength", "X.224 13.3.4", "F0: 1 to 4 octets");
        }
        tpdu = { ...tpdu, preferredSize: value.reduce((sum, octet) => sum * 256 + octet, 0) };
        break;
      }
      default:
        // X.224 13.2.3: unknown parameters are ignored in a CR; those of other classes do no harm.
        break;
    }
  }
  return tpdu;
}

function* readParameters(header: Reader): Generator<readonly [number, Uint8Array]> {
  while (header.remaining > 0) {
    const code = header.u8();
    yield [code, header.octets(header.u8())];
  }
}

function oneOctet(code: number, value: Uint8Array): number {
  const [octet] = value;
  if (octet === undefined || value.length !== 1) {
    const detail = `${code.toString(16)}: 1 octet, have ${value.length}`;
    throw new ProtocolError("parameterLength", "X.224 13.3.4", detail);
  }
  return octet;
}

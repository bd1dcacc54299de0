/**
 * What `.x` files use without saying what it is, because rpcgen's output includes C headers that do.
 *
 * @module
 */

import { type Field, type Type, UNBOUNDED } from "./model.ts";

type BuiltIn =
  | { readonly plain: Type }
  | { readonly of: Type; readonly comment: string }
  | { readonly fields: readonly Field[]; readonly comment: string };

const plain = (type: "int" | "uint" | "hyper" | "uhyper" | "bool"): BuiltIn => ({
  plain: { type },
});
const ranged = (minimum: number, maximum: number): BuiltIn => ({
  plain: { type: "ranged", minimum, maximum },
});

/** Types of <rpc/types.h>, <rpc/xdr.h>, <sys/types.h>, used only when a file does not define them. */
export const C_TYPES: Readonly<Record<string, BuiltIn | undefined>> = Object.assign(
  Object.create(null) as Record<string, BuiltIn>,
  {
    bool_t: plain("bool"),
    enum_t: plain("int"),
    int8_t: ranged(-0x80, 0x7f),
    u_char: ranged(0, 0xff),
    u_int8_t: ranged(0, 0xff),
    uint8_t: ranged(0, 0xff),
    int16_t: ranged(-0x8000, 0x7fff),
    u_short: ranged(0, 0xffff),
    u_int16_t: ranged(0, 0xffff),
    uint16_t: ranged(0, 0xffff),
    int32_t: plain("int"),
    u_int: plain("uint"),
    uint: plain("uint"),
    u_int32_t: plain("uint"),
    uint32_t: plain("uint"),
    u_long: plain("uint"),
    int64_t: plain("hyper"),
    longlong_t: plain("hyper"),
    quad_t: plain("hyper"),
    u_int64_t: plain("uhyper"),
    u_longlong_t: plain("uhyper"),
    u_quad_t: plain("uhyper"),
    uint64_t: plain("uhyper"),
    rpcprog_t: plain("uint"),
    rpcvers_t: plain("uint"),
    rpcproc_t: plain("uint"),
    rpcprot_t: plain("uint"),
    rpcport_t: plain("uint"),
    des_block: { of: { type: "opaqueFixed", size: 8 }, comment: "A DES block, <rpc/des.h>." },
    netobj: { of: { type: "opaque", max: 1024 }, comment: "Octets, xdr_netobj of <rpc/xdr.h>." },
    netbuf: {
      fields: [
        { name: "maxlen", of: { type: "uint" }, comment: "" },
        { name: "buf", of: { type: "opaque", max: UNBOUNDED }, comment: "" },
      ],
      comment: "A transport address, xdr_netbuf of libtirpc.",
    },
  } satisfies Record<string, BuiltIn>,
);

/** Constants of the same headers. */
export const C_CONSTANTS: Readonly<Record<string, number | undefined>> = Object.assign(
  Object.create(null) as Record<string, number>,
  {
    TRUE: 1,
    FALSE: 0,
    MAXNETNAMELEN: 255,
    HEXKEYBYTES: 48,
    MAXHOSTNAMELEN: 64,
    MAXPATHLEN: 4096,
    MAXNAMLEN: 255,
    MAX_MACHINE_NAME: 255,
    NGRPS: 16,
  },
);

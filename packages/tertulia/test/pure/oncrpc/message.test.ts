import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import { hex } from "../../../src/pure/octets.ts";
import { decodeSysCredential, encodeSysCredential } from "../../../src/pure/oncrpc/credential.ts";
import {
  AUTH_NONE,
  AUTH_STATUSES,
  type CallHeader,
  decodeCall,
  decodeReply,
  encodeCall,
  encodeReply,
  type ReplyBody,
} from "../../../src/pure/oncrpc/message.ts";
import {
  formatUniversalAddress,
  parseUniversalAddress,
} from "../../../src/pure/oncrpc/universal-address.ts";
import { XdrReader } from "../../../src/pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../../../src/pure/oncrpc/xdr-writer.ts";

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const auth = fc.oneof(
  fc.constant(AUTH_NONE),
  fc.record(
    { flavor: fc.integer({ min: 1, max: 10 }), body: fc.uint8Array({ maxLength: 400 }) },
    { noNullPrototype: true },
  ),
);
const header: fc.Arbitrary<CallHeader> = fc.record(
  {
    xid: u32,
    rpcVersion: fc.constant(2),
    program: u32,
    version: u32,
    procedure: u32,
    credential: auth,
    verifier: auth,
  },
  { noNullPrototype: true },
);
const reply: fc.Arbitrary<ReplyBody> = fc.oneof(
  fc.record(
    {
      type: fc.constantFrom(
        "SUCCESS" as const,
        "PROG_UNAVAIL" as const,
        "PROC_UNAVAIL" as const,
        "GARBAGE_ARGS" as const,
        "SYSTEM_ERR" as const,
      ),
      verifier: auth,
    },
    { noNullPrototype: true },
  ),
  fc.record(
    { type: fc.constant("PROG_MISMATCH" as const), verifier: auth, low: u32, high: u32 },
    { noNullPrototype: true },
  ),
  fc.record(
    { type: fc.constant("RPC_MISMATCH" as const), low: u32, high: u32 },
    { noNullPrototype: true },
  ),
  fc.record(
    { type: fc.constant("AUTH_ERROR" as const), status: fc.constantFrom(...AUTH_STATUSES) },
    { noNullPrototype: true },
  ),
);

describe("RPC messages", () => {
  it("have the sizes that RFC 5531 gives them: 40 octets a NULL call, 24 its reply", () => {
    const writer = new XdrWriter();
    encodeCall(writer, {
      xid: 0x01020304,
      rpcVersion: 2,
      program: 100_000,
      version: 2,
      procedure: 0,
      credential: AUTH_NONE,
      verifier: AUTH_NONE,
    });
    equal(
      hex(writer.finish()),
      "0102030400000000000000020001 86a0000000020000000000000000000000000000000000000000".replace(
        " ",
        "",
      ),
    );
    const answer = new XdrWriter();
    encodeReply(answer, 0x01020304, { type: "SUCCESS", verifier: AUTH_NONE });
    equal(hex(answer.finish()), "010203040000000100000000000000000000000000000000");
  });

  it("decode to what was encoded", () => {
    fc.assert(
      fc.property(header, (call) => {
        const writer = new XdrWriter();
        encodeCall(writer, call);
        const reader = new XdrReader(writer.finish());
        deepEqual([reader.uint(), reader.uint()], [call.xid, 0]);
        deepEqual(decodeCall(reader, call.xid), call);
        reader.finish();
      }),
    );
    fc.assert(
      fc.property(reply, (body) => {
        const writer = new XdrWriter();
        encodeReply(writer, 7, body);
        const reader = new XdrReader(writer.finish());
        deepEqual([reader.uint(), reader.uint()], [7, 1]);
        deepEqual(decodeReply(reader), body);
        reader.finish();
      }),
    );
  });

  it("name the rule that is broken", () => {
    const refused = (words: number[], violation: string): void => {
      const writer = new XdrWriter();
      for (const word of words) writer.uint(word);
      throws(() => decodeReply(new XdrReader(writer.finish())), { violation });
    };
    refused([2], "badReplyState");
    refused([0, 0, 0, 6], "badAcceptState");
    refused([1, 2], "badRejectState");
    refused([1, 1, 15], "badAuthState");
    refused([0, 0, 401], "tooLong");
    refused([0, 0], "truncated");
  });

  it("are values or a ProtocolError, whatever the octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        for (const decode of [
          () => decodeCall(new XdrReader(octets), 1),
          () => decodeReply(new XdrReader(octets)),
          () => decodeSysCredential(octets),
        ]) {
          try {
            decode();
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        }
      }),
    );
  });
});

describe("the AUTH_SYS credential", () => {
  it("decodes to what was encoded, with at most 16 groups", () => {
    const who = { stamp: 1, machineName: "host", uid: 2, gid: 3, gids: [4, 5] };
    deepEqual(decodeSysCredential(encodeSysCredential(who).body), who);
    throws(() => encodeSysCredential({ ...who, gids: new Array(17).fill(1) }), {
      code: "ERR_ARGUMENT",
    });
  });
});

describe("a universal address", () => {
  it("is host and port in one", () => {
    equal(formatUniversalAddress({ host: "127.0.0.1", port: 111 }), "127.0.0.1.0.111");
    deepEqual(parseUniversalAddress("10.0.0.1.8.1"), { host: "10.0.0.1", port: 2049 });
    deepEqual(parseUniversalAddress("fe80::1.0.111"), { host: "fe80::1", port: 111 });
    for (const text of ["", "1.2.3.4", "1.2.3.4.256.1", "300.1.1.1.1.1", "/run/x", "a.b.c.d.1.1"]) {
      equal(parseUniversalAddress(text), undefined, text);
    }
    throws(() => formatUniversalAddress({ host: "::", port: 65_536 }), { code: "ERR_ARGUMENT" });
  });
});

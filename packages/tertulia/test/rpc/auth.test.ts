import { deepEqual, equal, rejects } from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { equalOctets } from "../../src/pure/octets.ts";
import { encodeAuth } from "../../src/pure/oncrpc/message.ts";
import { AuthFlavor, type CallAuth, connect, type ServerAuth } from "../../src/rpc/index.ts";
import { BenchProgV1Client } from "../fixtures/oncrpc/generated/bench.ts";
import { benchServer } from "./bench-program.ts";

const KEY = "what both sides have agreed on";
const mic = (octets: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac("sha256", KEY).update(octets).digest());
const word = (value: number): Uint8Array => {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value);
  return octets;
};
/** A privacy that is none: enough to see who can read it. */
const scrambled = (octets: Uint8Array): Uint8Array => octets.map((octet) => octet ^ 0x5a);

/**
 * A mechanism with the needs of RPCSEC_GSS, RFC 2203: sequence numbers in the credential, a checksum of
 * the header as verifier, wrapped arguments and results, a checksum of the sequence number in the reply.
 */
class Mechanism {
  sequence = 0;
  /** What the next calls are given as the key's checksum. */
  forge: ((octets: Uint8Array) => Uint8Array) | undefined;
  readonly seen: unknown[] = [];
  #highest = 0;

  readonly client: CallAuth = {
    seal: (writer, headerStart) => {
      this.sequence += 1;
      encodeAuth(writer, { flavor: AuthFlavor.RPCSEC_GSS, body: word(this.sequence) });
      const header = writer.octets.subarray(headerStart, writer.at);
      encodeAuth(writer, { flavor: AuthFlavor.RPCSEC_GSS, body: (this.forge ?? mic)(header) });
    },
    wrap: scrambled,
    unwrap: scrambled,
    verify: ({ body }) => equalOctets(body, mic(word(this.sequence))),
    refresh: (status) => {
      this.seen.push(status);
      this.forge = undefined;
      return status === "RPCSEC_GSS_CTXPROBLEM";
    },
  };

  readonly server: ServerAuth = {
    flavor: AuthFlavor.RPCSEC_GSS,
    judge: ({ body }, verifier, header) => {
      if (!equalOctets(verifier.body, mic(header))) {
        return { type: "rejected", status: "RPCSEC_GSS_CTXPROBLEM" };
      }
      const sequence = new DataView(body.buffer, body.byteOffset).getUint32(0);
      // RFC 2203 5.3.3.1: below the window, or seen: dropped in silence.
      if (sequence <= this.#highest) return { type: "dropped" };
      this.#highest = sequence;
      return {
        type: "accepted",
        identity: `caller ${sequence}`,
        verifier: { flavor: AuthFlavor.RPCSEC_GSS, body: mic(word(sequence)) },
        wrap: scrambled,
        unwrap: scrambled,
      };
    },
  };
}

describe("the seam for RPCSEC_GSS", () => {
  it("lets a mechanism seal, wrap and check calls and replies, and the handler see who calls", async () => {
    const mechanism = new Mechanism();
    const identities: unknown[] = [];
    const { server } = benchServer(
      { auth: [mechanism.server] },
      {
        incr: (by, call) => {
          identities.push(call.identity);
          return by + 1;
        },
      },
    );
    await using _ = server;
    const { port } = await server.listen();
    await using client = await connect({ port, auth: mechanism.client });
    const bench = new BenchProgV1Client(client);
    deepEqual(
      [await bench.incr(1), await bench.incr(2), identities],
      [2, 3, ["caller 1", "caller 2"]],
    );
    deepEqual(await bench.echo(new Uint8Array([1, 2, 3])), new Uint8Array([1, 2, 3]));
  });

  it("sends a refused call again with a fresh credential, drops in silence, doubts a false reply", async () => {
    const mechanism = new Mechanism();
    const { server, counter } = benchServer({ auth: [mechanism.server] });
    await using _ = server;
    const { port } = await server.listen();
    await using client = await connect({ port, auth: mechanism.client });
    const bench = new BenchProgV1Client(client);
    mechanism.forge = (octets) => mic(octets).fill(0);
    equal(await bench.incr(1), 1);
    deepEqual(mechanism.seen, ["RPCSEC_GSS_CTXPROBLEM"]);
    // Outside the window.
    mechanism.sequence = 0;
    await rejects(bench.incr(1, { timeoutMs: 50 }), { code: "ERR_TIMEOUT" });
    equal(counter.value, 1);
    mechanism.sequence = 10;
    const call = bench.incr(1);
    mechanism.sequence = 20;
    await rejects(call, { status: "AUTH_ERROR", authStatus: "AUTH_INVALIDRESP" });
  });

  it("refuses those who come without", async () => {
    const { server } = benchServer({ auth: [new Mechanism().server] });
    await using _ = server;
    const { port } = await server.listen();
    await using client = await connect({ port });
    await rejects(new BenchProgV1Client(client).incr(1), {
      status: "AUTH_ERROR",
      authStatus: "AUTH_REJECTEDCRED",
    });
  });
});

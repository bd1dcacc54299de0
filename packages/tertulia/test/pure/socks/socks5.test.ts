import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/pure/errors.ts";
import {
  decodeDatagram,
  encodeDatagram,
  reply,
  SocksServer,
  type SocksStep,
} from "../../../src/pure/socks/socks5.ts";

const octetsOf = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

/** What a server says to octets that come one by one. */
function conversation(server: SocksServer, octets: Uint8Array): SocksStep[] {
  const steps: SocksStep[] = [];
  for (const octet of octets) {
    const step = server.receive(Uint8Array.of(octet));
    if (step.type !== "more") steps.push(step);
  }
  return steps;
}

describe("SocksServer", () => {
  it("takes a request for a name, an IPv4 and an IPv6 address", () => {
    const requests = {
      "05 01 00 03 09 6c6f63616c686f7374 0016": { command: "connect", host: "localhost", port: 22 },
      "05 03 00 01 7f000001 0035": { command: "associate", host: "127.0.0.1", port: 53 },
      "05 01 00 04 20010db8000000000000000000000001 01bb": {
        command: "connect",
        host: "2001:db8:0:0:0:0:0:1",
        port: 443,
      },
    };
    for (const [octets, request] of Object.entries(requests)) {
      const steps = conversation(new SocksServer(), octetsOf(`05 01 00 ${octets}`));
      const [greeted, asked] = steps;
      assert.deepEqual(greeted, { type: "send", octets: Uint8Array.of(5, 0) });
      assert.deepEqual(asked?.type === "request" && asked.request, request);
    }
  });

  it("wants the credentials that it was given", () => {
    const credentials = { user: "ana", password: "xyz" };
    const right = octetsOf("05 01 02 01 03 616e61 03 78797a 05 01 00 01 7f000001 0016");
    const types = conversation(new SocksServer(credentials), right).map(({ type }) => type);
    assert.deepEqual(types, ["send", "send", "request"]);
    const wrong = octetsOf("05 01 02 01 03 616e61 03 787979");
    assert.equal(conversation(new SocksServer(credentials), wrong).at(-1)?.type, "refuse");
    assert.equal(
      conversation(new SocksServer(credentials), octetsOf("05 01 00"))[0]?.type,
      "refuse",
    );
  });

  it("refuses what it cannot do by the code for it", () => {
    const requests = {
      "05 09 00 01 7f000001 0016": 7,
      "05 01 00 02 7f000001 0016": 8,
      "05 01 00 03 00 0016": 1, // no name
      "05 01 00 03 02 fffe 0016": 1, // not UTF-8
      "05 01 00 03 03 61 00 62 0016": 1, // a zero octet in it
    };
    for (const [octets, code] of Object.entries(requests)) {
      const server = new SocksServer();
      server.receive(octetsOf("05 01 00"));
      const step = server.receive(octetsOf(octets));
      assert.deepEqual([step.type, step.type === "refuse" && step.octets[1]], ["refuse", code]);
    }
  });

  it("answers any octets with a step or a ProtocolError", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        const server = new SocksServer();
        try {
          for (const chunk of chunks) server.receive(chunk);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});

describe("SOCKS5 addresses", () => {
  it("survive the way there and back", () => {
    for (const host of ["192.0.2.7", "example.org", "2001:db8:0:0:0:0:0:1"]) {
      const octets = Uint8Array.of(1, 2, 3);
      assert.deepEqual(decodeDatagram(encodeDatagram({ host, port: 53 }, octets)), {
        host,
        port: 53,
        octets,
      });
    }
    assert.deepEqual(
      reply("succeeded", { host: "::1", port: 1 }),
      octetsOf("05 00 00 04 00000000000000000000000000000001 0001"),
    );
  });
});

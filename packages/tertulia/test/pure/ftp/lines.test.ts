import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  LineRewriter,
  readEprt,
  readEpsv,
  readPasv,
  readPort,
  writeEpsv,
  writePasv,
  writePort,
} from "../../../src/pure/ftp/lines.ts";

describe("addresses in FTP's lines", () => {
  it("reads the examples of RFC 959 and RFC 2428", () => {
    const passive = "227 Entering Passive Mode (132,235,1,2,24,131).";
    assert.deepEqual(readPasv(passive), { host: "132.235.1.2", port: 6275 });
    assert.equal(readEpsv("229 Entering Extended Passive Mode (|||6446|)"), 6446);
    assert.deepEqual(readPort("PORT 132,235,1,2,24,131"), { host: "132.235.1.2", port: 6275 });
    assert.deepEqual(readEprt("EPRT |1|132.235.1.2|6275|"), { host: "132.235.1.2", port: 6275 });
    assert.deepEqual(readEprt("EPRT |2|1080::8:800:200C:417A|5282|"), {
      host: "1080::8:800:200C:417A",
      port: 5282,
    });
  });

  it("takes nothing else for an address", () => {
    for (const line of [
      "220 ready (1,2,3,4,5,6)",
      "PORT 1,2,3",
      "EPRT |3|x|1|",
      "227 (1,2,3,4,256,1)",
      "227 (1,2,3,4,0,0)",
      "229 (|||0|)",
      "EPRT |1|1.2.3.4|0|",
    ]) {
      const read = readPasv(line) ?? readEpsv(line) ?? readPort(line) ?? readEprt(line);
      assert.equal(read, undefined, line);
    }
  });

  it("writes what it reads", () => {
    const port = fc.integer({ min: 1, max: 65535 });
    const host = fc.ipV4();
    fc.assert(
      fc.property(host, port, (host, port) => {
        assert.deepEqual(readPasv(writePasv({ host, port })), { host, port });
        assert.deepEqual(readPort(writePort({ host, port })), { host, port });
        assert.equal(readEpsv(writeEpsv(port)), port);
      }),
    );
  });
});

describe("LineRewriter", () => {
  it("gives the same however the octets are cut", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", "\r", "\n", " ", "é") });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(5)), async (text, cuts) => {
        const lines: string[] = [];
        const rewriter = new LineRewriter((line) => {
          lines.push(line);
          return line;
        });
        let out = "";
        let at = 0;
        for (const cut of cuts) {
          out += await rewriter.push(text.slice(at, at + cut));
          at += cut;
        }
        out += (await rewriter.push(text.slice(at))) + rewriter.flush();
        assert.equal(out, text);
        assert.equal(lines.length, text.split("\n").length - 1);
      }),
    );
  });

  it("keeps no line that never ends", async () => {
    const rewriter = new LineRewriter((line) => line);
    assert.equal((await rewriter.push("x".repeat(5000))).length, 5000);
  });
});

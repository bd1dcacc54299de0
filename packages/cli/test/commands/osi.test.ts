import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { describe, it } from "node:test";

const { resolve } = createRequire(import.meta.url);
const fixtures = join(dirname(resolve("tertulia/package.json")), "test/fixtures/iso8327");
const command = join(import.meta.dirname, "../../../bin/tertulia.js");

function tertulia(...words: readonly string[]): string {
  return execFileSync(process.execPath, [command, ...words], { encoding: "utf8" });
}

describe("tertulia osi decode", () => {
  const capture = join(fixtures, "tokens-pingpong.pcapng");

  it("prints each SPDU of a capture with its parameters", () => {
    const text = tertulia("osi", "decode", capture);
    assert.match(text, /CN connectionIdentifier=\{callingReference=75736572 .*versionNumber=3/);
    assert.match(text, /PT tokenItem=69 userData=706c73/);
    assert.match(text, /DR destinationReference=18482/);
  });

  it("prints a ladder of who said what", () => {
    const text = tertulia("osi", "decode", "--ladder", capture);
    assert.match(text, /\|-+ GT \+ DT \(1\) -+>\|/);
    assert.match(text, /\|<-+ PT tokens 45|\|<-+ AC/);
  });

  it("prints JSON, with octets in hex", () => {
    const lines = tertulia("osi", "decode", "--json", capture).trim().split("\n");
    const types = lines.map((line) => JSON.parse(line).spdus?.map((s: { type: string }) => s.type));
    assert.deepEqual(types.slice(2, 5), [["CN"], ["AC"], ["GT", "DT"]]);
  });

  it("reads hex from standard input, and names what is broken", () => {
    const text = execFileSync(process.execPath, [command, "osi", "decode", "-"], {
      encoding: "utf8",
      input: "01 00 31 03 2a 01 35  # a point\n03 00 00 0d 02 f0 80 01 00 01 00 61 62\n63 00\n",
    });
    assert.match(text, /MIP serialNumber=5/);
    assert.match(text, /DT userData=6162/);
    assert.match(text, /! unknownSpdu \(X.225 8.3\)/);
  });
});

describe("tertulia osi, given what is wrong", () => {
  const capture = readFileSync(join(fixtures, "refuse-user.pcapng"));
  for (const [what, words, input, status, message] of [
    ["a capture that is cut off", ["decode", "-"], capture.subarray(0, -700), 1, /is cut off/],
    ["nothing", ["decode", "-"], "\n", 1, /nothing of OSI/],
    ["another file", ["decode", "-"], "{\n", 1, /neither pcap nor pcapng, and line 1 is not/],
    ["two formats", ["decode", "--json", "--ladder", "-"], "", 2, /cannot be used with/],
    ["no port", ["listen", "127.0.0.1:99999"], "", 2, /no port: 127.0.0.1:99999/],
    ["no address of ours", ["listen", "192.0.2.1:0"], "", 3, /cannot listen: .*192.0.2.1/],
    ["no functional unit", ["connect", "[::1]:1", "--units", "x"], "", 2, /unit x; there are half/],
    [
      "no request",
      ["connect", "[::1]:1", "--do", "S-X"],
      "",
      2,
      /no request S-X; there are S-DATA/,
    ],
    ["no version", ["connect", "[::1]:1", "--versions", "3"], "", 2, /versions 1 and 2/],
  ] as const) {
    it(`says so: ${what}`, () => {
      const run = spawnSync(process.execPath, [command, "osi", ...words], { input });
      assert.match(run.stderr.toString(), message);
      assert.equal(run.status, status);
    });
  }
});

describe("tertulia osi connect and listen", () => {
  it("hold a scripted session with each other", async () => {
    const listening = spawn(process.execPath, [
      ...[command, "osi", "listen", "127.0.0.1:0", "--once", "--versions", "2"],
      ...["--do", "S-TYPED-DATA welcome"],
    ]);
    const heard: string[] = [];
    const lines = createInterface({ input: listening.stdout });
    const port = await new Promise<string>((found) => {
      lines.on("line", (line) => {
        heard.push(line);
        const [, port] = /^listening on port (\d+)/.exec(line) ?? [];
        if (port) found(port);
      });
    });
    const said = tertulia(
      ...["osi", "connect", `127.0.0.1:${port}`, "--units", "duplex,minor,typed-data"],
      ...["--do", "S-DATA hello", "--do", "S-SYNC-MINOR", "--do", "S-RELEASE"],
    );
    await new Promise((done) => listening.once("close", done));
    assert.match(said, /S-CONNECT confirm: duplex, minor, typed-data/);
    assert.match(said, /S-TYPED-DATA indication "welcome"/);
    assert.match(said, /S-SYNC-MINOR confirm 1/);
    assert.match(said, /S-RELEASE confirm \{"affirmative":true/);
    assert.deepEqual(heard.slice(1), [
      "S-CONNECT indication: duplex, minor, typed-data",
      'S-DATA indication "hello"',
      "S-SYNC-MINOR indication serialNumber=1 explicit=true separation=false",
      "S-RELEASE indication",
      "the dialogue is over",
    ]);
  });
});

describe("tertulia osi listen without a keyboard", () => {
  it("goes on when its input has ended, and gives plain answers", async () => {
    const listening = spawn(
      process.execPath,
      [command, "osi", "listen", "127.0.0.1:0", "--once"],
      // As a service has it.
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const lines = createInterface({ input: listening.stdout });
    const [first] = await once(lines, "line");
    const [, port] = /^listening on port (\d+)/.exec(first) ?? [];
    const said = execFileSync(
      process.execPath,
      [command, "osi", "connect", `127.0.0.1:${port}`, "--units", "duplex,minor"],
      { encoding: "utf8", input: "S-DATA hello\nS-SYNC-MINOR\nS-RELEASE\n" },
    );
    assert.deepEqual(said.trim().split("\n"), [
      "S-CONNECT confirm: duplex, minor",
      "S-SYNC-MINOR confirm 1",
      'S-RELEASE confirm {"affirmative":true,"userData":""}',
      "the dialogue is over",
    ]);
    if (listening.exitCode === null) await once(listening, "exit");
  });
});

describe("tertulia osi associate", () => {
  it("says what each layer of the peer answered", async () => {
    const { awaitAssociation, listenCotp, MMS } = await import("tertulia/osi");
    await using server = await listenCotp({ port: 0 }, async (transport) => {
      const request = await awaitAssociation(transport, { abstractSyntaxes: [MMS.abstractSyntax] });
      const information = [{ contextId: 3, value: Uint8Array.of(0xa9, 0) }];
      for await (const _ of request.accept({ userInformation: information })) assert.fail();
    });
    const associating = spawn(process.execPath, [
      ...[command, "osi", "associate", `127.0.0.1:${server.port}`, "--called-tsap", "0001"],
      ...["--syntax", MMS.abstractSyntax, "--syntax", "1.2.3", "--info", "a800"],
    ]);
    const heard: string[] = [];
    for await (const line of createInterface({ input: associating.stdout })) heard.push(line);
    assert.deepEqual(heard, [
      "transport: TPDUs of 8192 octets",
      "session: version 2, duplex",
      "presentation: contexts 3 accepted",
      "association: accepted",
      "information in context 3: a900",
      "released",
    ]);
  });
});

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it, type TestContext } from "node:test";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { address, Network } from "./network.ts";

const COMMAND = join(import.meta.dirname, "../../../../cli/bin/tertulia.js");

/** 1 is nmbd, 2 and 3 are people who type `tertulia netbios` and no options but what they mean. */
describe("tertulia netbios on a LAN of its own, with the standard ports", () => {
  let network: Network;
  let isReady = false;

  const canRun = (t: TestContext): boolean => {
    if (!hasNamespaces(t) || !hasPeers(t, "nmbd", "nmblookup", "curl")) return false;
    assert.ok(isReady, "the network is up");
    return true;
  };
  const ran = async (node: number, ...words: string[]) =>
    await network.run(node, process.execPath, [COMMAND, "netbios", ...words]);
  /** The objects that it printed, one a line. */
  const json = async (node: number, ...words: string[]): Promise<Record<string, unknown>[]> => {
    const { output } = await ran(node, ...words, "--json");
    return output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };

  before(async () => {
    if (process.getuid?.() !== 0) return;
    network = new Network(3);
    const client = network.configure("CLI", 3);
    network.daemon("nmbd", 1, network.configure("PEERA", 1));
    const query = ["-s", client, "-B", "10.77.0.255", "PEERA#20"];
    await network.until(3, "nmblookup", query, /10\.77\.0\.1 PEERA<20>/);
    isReady = true;
  });

  after(async () => {
    await network?.[Symbol.asyncDispose]();
  });

  it("lookup and status find nmbd", async (t) => {
    if (!canRun(t)) return;
    assert.equal((await ran(2, "lookup", "PEERA#20")).output, "10.77.0.1 PEERA<20>\n");
    assert.deepEqual(await json(2, "lookup", "PEERA#20"), [
      { group: false, nodeType: "B", address: address(1), name: "PEERA<20>" },
    ]);
    assert.match((await ran(2, "status", "PEERA#20")).output, /PEERA<20> +unique B +file server/);
    const [status] = await json(2, "status", address(1));
    assert.equal(status?.["address"], address(1));
  });

  it("names lists who is on the network", async (t) => {
    if (!canRun(t)) return;
    const { output } = await ran(2, "names");
    assert.match(output, /^10\.77\.0\.1 /m);
    assert.match(output, /^1 of 254 addresses answered$/m);
    const found = await json(2, "names", "10.77.0.0/29");
    assert.deepEqual(
      found.map((one) => one["address"]),
      [address(1)],
    );
  });

  it("register says which process has the port, and what to do", async (t) => {
    if (!canRun(t)) return;
    const { status, output } = await ran(1, "register", "X");
    assert.equal(status, 3);
    assert.match(output, /UDP port 137 of 10\.77\.0\.1 is in use by nmbd \(pid \d+\): stop it, or/);
    assert.match(output, /use another port on all nodes \(namePort, --port\)/);
  });

  it("register holds a name against others, and gives it back at Ctrl-C", async (t) => {
    if (!canRun(t)) return;
    await using holder = new Typed(network, 2, "register", "HELD", "--json");
    assert.equal((await holder.line(/HELD/))["name"], "HELD<00>");
    const refused = await ran(3, "register", "HELD");
    assert.equal(refused.status, 4);
    assert.match(refused.output, /the name is owned by another node .*ACT_ERR/);
    await holder.line(/"type":"defended"/);
    assert.equal(await holder.end("SIGINT"), 0);
    assert.equal((await ran(3, "lookup", "HELD")).status, 3);
  });

  it("serve-names serves register and lookup, and names every change", async (t) => {
    if (!canRun(t)) return;
    const hook = join(network.folder, "hook");
    writeFileSync(hook, '#!/bin/sh\necho "$@" >>"$0.log"\n', { mode: 0o755 });
    await using server = new Typed(network, 2, "serve-names", "--json", "--hook", hook);
    await server.line(/serving/);
    await using holder = new Typed(network, 3, "register", "--server", address(2), "KEPT");
    await holder.line(/KEPT<00> is ours, refreshed every \d+ s/);
    const { event } = await server.line(/"type":"registered"/);
    assert.match(JSON.stringify(event), /"name":"KEPT<00>","entry":\{.*"address":"10\.77\.0\.3"/);
    const where = ["--server", address(2), "--node-type", "P"];
    assert.equal((await ran(1, "lookup", ...where, "KEPT")).output, "10.77.0.3 KEPT<00>\n");
    await holder.end("SIGINT");
    await server.line(/"type":"released"/);
    assert.equal((await ran(1, "lookup", ...where, "KEPT")).status, 3);
    const told = ["add KEPT 00 259200 10.77.0.3", "delete KEPT 00 0", ""];
    const written = () => readFileSync(`${hook}.log`, "utf8");
    // It is a process that the server does not wait for.
    for (let i = 0; i < 400 && !written().includes("delete"); i++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.equal(written(), told.join("\n"));
  });

  it("listen and call talk; what calls in HTTP is told apart", async (t) => {
    if (!canRun(t)) return;
    await using alice = new Typed(network, 2, "listen", "ALICE", "--json", "--echo");
    assert.equal((await alice.line(/"listening"/))["port"], 139);
    await using bob = new Typed(network, 3, "call", "ALICE", "--json");
    assert.deepEqual(await bob.line(/"session"/), { session: "ALICE<00>", at: "10.77.0.2:139" });
    bob.child.stdin?.write("good day\n");
    const said = { text: "good day", userData: Buffer.from("good day").toString("hex") };
    assert.deepEqual(await alice.line(/"text"/), { from: "TERTULIA<00>", ...said });
    assert.deepEqual(await bob.line(/"text"/), { from: "ALICE<00>", ...said });
    bob.child.stdin?.end();
    assert.equal(await bob.ended, 0);
    await network.run(3, "curl", ["-s", "-m", "2", "http://10.77.0.2:139/"]);
    await alice.line(/malformedCall.*this looks like HTTP/);
    await using talker = new Typed(network, 3, "call", "NOBODY", "--at", address(2));
    assert.equal(await talker.ended, 4);
    await talker.text(/called name not present \(RFC 1002 4\.3\.4 code 0x82\)/);
  });

  it("watch shows what send sends", async (t) => {
    if (!canRun(t)) return;
    await using watch = new Typed(network, 2, "watch", "--json");
    // Nothing says that it has begun but what it sees.
    for (let i = 0; i < 20 && !watch.has(/PROBE/); i++) await ran(3, "lookup", "PROBE");
    const [sent] = await json(3, "send", "TEAM", "good morning", "--group");
    assert.deepEqual(sent, { sent: 12, to: "TEAM" });
    const seen = await watch.line(/"service":"datagrams".*TEAM<00>/);
    assert.equal(seen["kind"], "directGroup");
    const long = await ran(3, "send", "TEAM", "x".repeat(513), "--group");
    assert.match(long.output, /a datagram has at most 512 octets, have 513/);
  });

  it("says what is wrong with what was typed", async (t) => {
    if (!canRun(t)) return;
    const complaints = [
      [["lookup", "A NAME THAT IS TOO LONG"], 2, /not a name that can be owned.*15 characters/],
      [["names", "10.0.0.0/8"], 2, /write A\.B\.C\.D\/BITS with 22 bits or more/],
      [["lookup", "X", "--node-type", "P"], 3, /no answer from the NetBIOS name server.*none is/],
      [["lookup", "X", "--port", "70000"], 2, /a port is a number from 0 to 65535/],
      [["register"], 2, /give a name to register, or --front/],
      [["status", "10.77.0.9"], 3, /no answer .*10\.77\.0\.9/],
    ] as const;
    for (const [words, status, message] of complaints) {
      const complained = await ran(2, ...words);
      assert.equal(complained.status, status, complained.output);
      assert.match(complained.output, message);
    }
  });
});

/** A command that runs on, and the lines that it has printed. */
class Typed implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly #network: Network;
  readonly #lines: string[] = [];

  constructor(network: Network, node: number, ...words: readonly string[]) {
    this.#network = network;
    this.child = network.start(node, process.execPath, [COMMAND, "netbios", ...words]);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface(stream).on("line", (line) => this.#lines.push(line));
    }
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
  }

  has(expected: RegExp): boolean {
    return this.#lines.some((line) => expected.test(line));
  }

  /** Waits for a line like this. */
  async text(expected: RegExp): Promise<string> {
    for (let i = 0; i < 400; i++) {
      const found = this.#lines.find((line) => expected.test(line));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`no ${expected} in ${this.#lines.join("\n")}`);
  }

  /** As {@link text}, and what the line says in JSON; nothing if it is for people. */
  async line(expected: RegExp): Promise<Record<string, unknown>> {
    const found = await this.text(expected);
    return found.startsWith("{") ? JSON.parse(found) : {};
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network.stop(this.child);
  }
}

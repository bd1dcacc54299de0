import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";

const COMMAND = join(import.meta.dirname, "../../bin/tertulia.js");
const network = `127.0.${1 + Math.floor(Math.random() * 250)}`;
const running = new Set<ChildProcess>();
let ports: number[] = [];

/** A command that runs on: its lines as they come, and its end. */
class Running {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly ended: Promise<number | null>;

  constructor(host: number, subcommand: string, ...parameters: readonly string[]) {
    const [port = 0] = ports;
    const common = ["--address", `${network}.${host}`, "--port", `${port}`];
    const words = [COMMAND, "netbios", subcommand, ...parameters, ...common];
    this.child = spawn(process.execPath, words);
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface(stream).on("line", (line) => this.lines.push(line));
    }
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
  }

  /** Waits for a line like this. */
  async line(expected: RegExp): Promise<string> {
    for (let i = 0; i < 400; i++) {
      const found = this.lines.find((line) => expected.test(line));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`no ${expected} in ${this.lines.join("\n")}`);
  }
}

/** Runs a command to its end. */
async function ran(host: number, ...words: readonly [string, ...string[]]) {
  const one = new Running(host, ...words);
  const status = await one.ended;
  return { status, output: one.lines.join("\n") };
}

describe("tertulia netbios", () => {
  let alice: Running;

  before(async () => {
    ports = await Promise.all([freePort(), freePort(), freePort()]);
    const [, , sessionPort = 0] = ports;
    alice = new Running(1, "listen", "ALICE<20>", "--session-port", `${sessionPort}`, "--echo");
    await alice.line(/listening as ALICE<20>/);
  });

  after(async () => {
    for (const child of running) child.kill("SIGTERM");
    await alice.ended;
  });

  it("looks a name up, and says when there is none", async () => {
    const found = await ran(2, "lookup", "alice#20");
    assert.deepEqual(found, { status: 0, output: `${network}.1 ALICE<20>` });
    const none = await ran(2, "lookup", "NOBODY");
    assert.equal(none.status, 3);
    assert.match(none.output, /nobody has this name .*NOBODY<00>/);
  });

  it("says that a port is not any that is free where all nodes have the same", async () => {
    const wrong: readonly (readonly [string, ...string[]])[] = [
      ["lookup", "ALICE", "--port", "0"],
      ["serve-names", "--port", "0"],
      ["call", "ALICE", "--session-port", "0"],
      ["send", "ALICE", "hello", "--datagram-port", "0"],
      ["lookup", "ALICE", "--server", "127.0.0.1:0"],
    ];
    for (const words of wrong) {
      const refused = await ran(2, ...words);
      assert.equal(refused.status, 2, words.join(" "));
      assert.match(refused.output, /the port is that of all nodes, a number from 1 to 65535/);
    }
  });

  it("lists the names of a node, for people and for scripts", async () => {
    const people = await ran(2, "status", `${network}.1`);
    assert.match(people.output, /ALICE<20>\s+unique B\s+file server/);
    const scripts = await ran(2, "status", `${network}.1`, "--json");
    assert.equal(JSON.parse(scripts.output).names[0].name, "ALICE<20>");
    const all = await ran(2, "names", `${network}.0/29`);
    assert.match(all.output, /1 of 6 addresses answered/);
  });

  it("calls a name and talks, and is refused with the code", async () => {
    const [, , sessionPort = 0] = ports;
    const port = ["--session-port", `${sessionPort}`];
    const bob = new Running(2, "call", "ALICE<20>", "--from", "BOB", ...port);
    await bob.line(/session with ALICE<20>/);
    bob.child.stdin?.write("hello\n");
    await bob.line(/^hello$/);
    bob.child.stdin?.end();
    assert.equal(await bob.ended, 0);
    const at = ["--at", `${network}.1`];
    const refused = await ran(2, "call", "CAROL", ...at, ...port);
    assert.equal(refused.status, 4);
    assert.match(refused.output, /called name not present \(RFC 1002 4.3.4 code 0x82\)/);
  });

  it("listens behind a process that has the port, which says who comes and goes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tertulia-front-"));
    const path = join(folder, "front");
    const [, , sessionPort = 0] = ports;
    const port = ["--session-port", `${sessionPort}`];
    const front = new Running(6, "register", "--front", path, ...port);
    await front.line(/taking registrations at/);
    const behind = new Running(6, "listen", "PRINTS", "--behind", path, "--echo", "--once");
    await behind.line(/listening as PRINTS<00> behind 127\..*\.6, port \d+/);
    const bob = new Running(2, "call", "PRINTS", "--from", "BOB", ...port);
    await bob.line(/retargeted to 127\..*\.6:\d+/);
    bob.child.stdin?.end("hello\n");
    await bob.line(/^hello$/);
    assert.deepEqual([await bob.ended, await behind.ended], [0, 0]);
    await front.line(/front: registered PRINTS<00>, port \d+/);
    await front.line(/front: ended PRINTS<00>/);
    front.child.kill("SIGINT");
    await front.ended;
    const alone = await ran(6, "listen", "PRINTS", "--behind", path);
    rmSync(folder, { recursive: true });
    assert.equal(alone.status, 4);
    assert.match(alone.output, /there is no front at .*: is the process with port 139 running\?/);
    const nothing = await ran(6, "register");
    assert.equal(nothing.status, 2);
    assert.match(nothing.output, /give a name to register, or --front/);
  });

  it("serves names, registers with the server, and looks up there", async () => {
    const server = new Running(9, "serve-names");
    await server.line(/serving names/);
    const holder = new Running(3, "register", "DAVE", "--server", `${network}.9`, "--json");
    await holder.line(/DAVE<00>/);
    await server.line(/registered name DAVE<00>/);
    const found = await ran(2, "lookup", "DAVE", "--server", `${network}.9`, "--node-type", "P");
    assert.equal(found.output, `${network}.3 DAVE<00>`);
    holder.child.kill("SIGINT");
    assert.equal(await holder.ended, 0);
    await server.line(/released name DAVE<00>/);
    server.child.kill("SIGINT");
    await server.ended;
  });

  it("watches claims, queries and datagrams go by", async () => {
    const [, datagramPort = 0] = ports;
    const datagrams = ["--datagram-port", `${datagramPort}`];
    const watch = new Running(5, "watch", ...datagrams);
    await watch.line(/watching/);
    const sent = await ran(
      2,
      "send",
      "LAB",
      "good morning",
      "--group",
      "--from",
      "BOB",
      ...datagrams,
    );
    assert.match(sent.output, /12 octets sent to LAB/);
    await watch.line(/NAME REGISTRATION REQUEST BOB<00> by 127/);
    await watch.line(/datagram directGroup BOB<00> > LAB<00>, 12 octets good morning/);
    watch.child.kill("SIGINT");
    await watch.ended;
  });

  it("says who has a port, and what else to do", async () => {
    const taken = await ran(1, "register", "X");
    assert.equal(taken.status, 3);
    assert.match(taken.output, /UDP port \d+ of .* is in use by .*pid \d+.*use another port/);
  });
});

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

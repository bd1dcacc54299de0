import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it, type TestContext } from "node:test";
import {
  type Front,
  type FrontOptions,
  listenBehind,
  type NetbiosNode,
  type NetbiosOptions,
  type NetbiosSession,
  openFront,
} from "../../src/netbios/index.ts";
import { conflictDemand } from "../../src/pure/netbios/messages.ts";
import { netbiosName } from "../../src/pure/netbios/name.ts";
import { encodeNamePacket } from "../../src/pure/netbios/name-packet.ts";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { Loopback } from "./loopback.ts";
import { type Agent, address, Network } from "./network.ts";

describe("a front, the process with the port for all", () => {
  it("claims a name for who is behind it, and sends the callers there", async () => {
    await using lab = await FrontLab.open();
    await using prints = await listenBehind(lab.path, "PRINTS<20>");
    const { caller, called, peer } = await lab.conversation(prints.sessions());
    assert.equal(called, "hello");
    assert.deepEqual(peer, { address: lab.node.address, port: prints.port });
    await caller.hangUp();
  });

  it("forgets who has gone, and gives the name to the next", async () => {
    await using lab = await FrontLab.open();
    const first = await listenBehind(lab.path, "PRINTS<20>");
    await first[Symbol.asyncDispose]();
    await using second = await listenBehind(lab.path, "PRINTS<20>");
    const { called } = await lab.conversation(second.sessions());
    assert.equal(called, "hello");
    await second[Symbol.asyncDispose]();
    await lab.until(() => lab.node.names.length === 0);
    await assert.rejects(lab.bob.call("PRINTS<20>", { calling: "BOB" }), {
      reason: "nameNotFound",
    });
  });

  it("keeps a name that is its own, and two listeners for two callers apart", async () => {
    await using lab = await FrontLab.open();
    await lab.node.addName("SHARED");
    await using forBob = await listenBehind(lab.path, "SHARED", { calling: "BOB" });
    await using forEve = await listenBehind(lab.path, "SHARED", { calling: "EVE" });
    const session = await lab.bob.call("SHARED", { calling: "BOB" });
    assert.equal(session.peer.port, forBob.port);
    const other = await lab.bob.call("SHARED", { calling: "EVE" });
    assert.equal(other.peer.port, forEve.port);
    await assert.rejects(lab.bob.call("SHARED", { calling: "MAX" }), {
      reason: "notListeningForCallingName",
    });
    await forBob[Symbol.asyncDispose]();
    await forEve[Symbol.asyncDispose]();
    assert.deepEqual(
      lab.node.names.map(({ state }) => state),
      ["active"],
    );
  });

  it("refuses a name that another has, here or on the LAN, and says so", async () => {
    await using lab = await FrontLab.open();
    await using prints = await listenBehind(lab.path, "PRINTS");
    await assert.rejects(listenBehind(lab.path, "PRINTS"), { reason: "duplicateName" });
    await lab.bob.addName("TAKEN");
    await assert.rejects(listenBehind(lab.path, "TAKEN"), { reason: "nameInUse" });
    assert.deepEqual(
      lab.node.names.map(({ name }) => name.label.trimEnd()),
      ["PRINTS         \0"],
    );
    assert.ok(prints);
  });

  it("sends nobody to a port with a privilege, and takes no rubbish", async () => {
    await using lab = await FrontLab.open({ requestTimeoutMs: 1000 });
    const port = "callers are sent to 1024 to 65535 only";
    assert.match(await lab.said('{"called":"A","port":139}\n'), new RegExp(port));
    assert.match(await lab.said('{"called":"A","port":"9999"}\n'), new RegExp(port));
    assert.match(await lab.said('{"port":9999}\n'), /no called name/);
    assert.match(await lab.said('{"called":"LONGER THAN ANY NAME","port":9999}\n'), /invalidName/);
    assert.match(await lab.said("GET / HTTP/1.1\n"), /not an object of JSON/);
    assert.doesNotMatch(await lab.said("x".repeat(5000)), /refused/);
    assert.match(await lab.said(""), /aborted due to timeout/);
  });

  it("holds no more registrations than it may", async () => {
    await using lab = await FrontLab.open({ registrationsMax: 1 });
    await using first = await listenBehind(lab.path, "ONE");
    await assert.rejects(listenBehind(lab.path, "TWO"), { reason: "tooMany" });
    assert.ok(first);
  });

  it("has the rights that were asked for, takes over a dead socket, and leaves a live one", async () => {
    await using lab = await FrontLab.open({ mode: 0o620 });
    assert.equal(statSync(lab.path).mode & 0o777, 0o620);
    await assert.rejects(openFront(lab.bob, lab.path), /another process serves at/);
    const [file, dead] = [`${lab.path}-file`, `${lab.path}-dead`];
    writeFileSync(file, "precious");
    await assert.rejects(openFront(lab.bob, file), /is there, and no socket/);
    const script = `require("net").createServer().listen("${dead}", () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ["-e", script]);
    assert.ok(statSync(dead).isSocket());
    await using other = await openFront(lab.bob, dead);
    assert.equal(statSync(dead).mode & 0o777, 0o660);
    assert.ok(other);
  });

  it("when it goes, its listeners are told, and their sessions go on", async () => {
    await using lab = await FrontLab.open();
    await using prints = await listenBehind(lab.path, "PRINTS<20>");
    const sessions = prints.sessions();
    const { caller, callee } = await lab.conversation(sessions);
    await lab.front[Symbol.asyncDispose]();
    await assert.rejects(sessions.next(), { code: "ERR_CLOSED" });
    await caller.send(Buffer.from("still here"));
    assert.equal(Buffer.from((await callee.receive()) ?? "").toString(), "still here");
    await assert.rejects(listenBehind(lab.path, "PRINTS"), /there is no front at/);
  });

  it("when it loses a name to another node, the listener is told", async () => {
    await using lab = await FrontLab.open({}, { conflictDemands: "obey" });
    await using prints = await listenBehind(lab.path, "PRINTS<20>");
    const sessions = prints.sessions().next();
    const socket = createSocket("udp4");
    const demand = encodeNamePacket(conflictDemand(7, netbiosName("PRINTS", 0x20)));
    socket.send(demand, lab.namePort, lab.node.address);
    await assert.rejects(sessions, /PRINTS<20> is in conflict: register anew/);
    socket.close();
    await lab.until(() => lab.node.names.length === 0);
  });

  it("a listener gives up waiting by its signal", async () => {
    await using lab = await FrontLab.open();
    const signal = AbortSignal.timeout(20);
    // A claim takes three times 40 ms.
    await assert.rejects(listenBehind(lab.path, "LATER", { signal }), { name: "TimeoutError" });
    await lab.until(() => lab.node.names.length === 0);
  });
});

/** 1 is the front, with port 139; 2 calls. */
describe("a front on port 139, with a process of another user behind it", () => {
  let network: Network;
  let front: Agent;
  let path: string;

  const canRun = (t: TestContext): boolean => hasNamespaces(t) && hasPeers(t, "setpriv");

  before(async () => {
    if (process.getuid?.() !== 0) return;
    network = new Network(2);
    front = await network.agent(1);
    path = join(network.folder, "front");
    await front.call("front", path, 0o666);
  });

  after(async () => {
    await network?.[Symbol.asyncDispose]();
  });

  it("is found, called on 139, and followed to the other's port", async (t) => {
    if (!canRun(t)) return;
    const command = join(import.meta.dirname, "../../../../cli/bin/tertulia.js");
    const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const listen = ["netbios", "listen", "PRINTS<20>", "--behind", path, "--echo"];
    const words = [...user, process.execPath, command, ...listen];
    const child = network.start(1, "setpriv", words, "ignore");
    const lines: string[] = [];
    if (child.stdout) createInterface(child.stdout).on("line", (line) => lines.push(line));
    await front.event(({ role, type }) => role === "front" && type === "registered");
    const caller = await network.agent(2);
    const { session, peer } = await caller.call<{
      session: number;
      peer: { address: string; port: number };
    }>("call", "PRINTS<20>", { calling: "BOB" });
    assert.equal(peer.address, address(1));
    assert.ok(peer.port >= 1024, `port ${peer.port}`);
    await caller.call("send", session, "68656c6c6f");
    assert.equal(await caller.call("receive", session), "68656c6c6f");
    const went = await front.event(({ type }) => type === "retargeted");
    assert.deepEqual(went["to"], peer);
    assert.match(lines[0] ?? "", /^listening as PRINTS<20> behind 10\.77\.0\.1, port \d+$/);
    await network.stop(child, "SIGKILL");
    await front.event(({ role, type }) => role === "front" && type === "ended");
    await assert.rejects(caller.call("call", "PRINTS<20>", { calling: "BOB" }), {
      reason: "nameNotFound",
    });
  });
});

/** A front on the loopback, and who calls. */
class FrontLab implements AsyncDisposable {
  readonly node: NetbiosNode;
  readonly bob: NetbiosNode;
  readonly front: Front;
  readonly path: string;
  readonly #loopback: Loopback;

  private constructor(
    loopback: Loopback,
    parts: { node: NetbiosNode; bob: NetbiosNode; front: Front; path: string },
  ) {
    this.#loopback = loopback;
    this.node = parts.node;
    this.bob = parts.bob;
    this.front = parts.front;
    this.path = parts.path;
  }

  static async open(options: FrontOptions = {}, of: NetbiosOptions = {}): Promise<FrontLab> {
    const loopback = await Loopback.open();
    const node = await loopback.node(1, of);
    const bob = await loopback.node(2);
    const path = join(mkdtempSync(join(tmpdir(), "tertulia-front-")), "socket");
    const front = await openFront(node, path, options);
    return new FrontLab(loopback, { node, bob, front, path });
  }

  get namePort(): number {
    return this.#loopback.ports.namePort ?? 0;
  }

  /** Bob calls PRINTS and says hello. */
  async conversation(sessions: AsyncGenerator<NetbiosSession, void>) {
    const served = sessions.next();
    const caller = await this.bob.call("PRINTS<20>", { calling: "BOB" });
    await caller.send(Buffer.from("hello"));
    const { value: callee } = await served;
    assert.ok(callee);
    const called = Buffer.from((await callee.receive()) ?? "").toString();
    return { caller, callee, called, peer: caller.peer };
  }

  /** What the front says to a process that says this. */
  async said(text: string): Promise<string> {
    const socket = connect(this.path);
    socket.on("error", () => {}).setEncoding("utf8");
    socket.write(text);
    let said = "";
    for await (const chunk of socket) said += chunk;
    return said;
  }

  async until(isTrue: () => boolean): Promise<void> {
    for (let i = 0; i < 200 && !isTrue(); i++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.ok(isTrue());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.front[Symbol.asyncDispose]();
    await this.#loopback[Symbol.asyncDispose]();
    rmSync(join(this.path, ".."), { recursive: true });
  }
}

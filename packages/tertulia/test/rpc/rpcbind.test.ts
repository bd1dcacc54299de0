import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import {
  broadcast,
  connect,
  connectUdp,
  lookup,
  parseUniversalAddress,
  Registry,
  RpcbindClient,
  type RpcServer,
  register,
  startRpcbind,
} from "../../src/rpc/index.ts";
import { benchProgV1 } from "../fixtures/oncrpc/generated/bench.ts";
import { eventually, first } from "../io/linked.ts";
import { findPeer, hasNamespaces, hasPeers } from "../peers.ts";
import { benchServer, CPrograms } from "./bench-program.ts";
import { Namespaces } from "./namespace.ts";

const BENCH = 0x20000099;

/** Our rpcbind on a port of its own, and a client of it. */
async function portMapper(): Promise<{
  server: RpcServer;
  registry: Registry;
  port: number;
  client: RpcbindClient;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const registry = new Registry(10);
  const server = await startRpcbind({ registry, port: 0 });
  const port = parseUniversalAddress(registry.entries()[0]?.address ?? "")?.port ?? 0;
  const caller = await connect({ port });
  return {
    server,
    registry,
    port,
    client: new RpcbindClient(caller),
    async [Symbol.asyncDispose]() {
      await caller[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("our rpcbind", () => {
  it("knows itself, and what is registered, in all three versions", async () => {
    await using mapper = await portMapper();
    const { client, port } = mapper;
    const address = "0.0.0.0.4.210";
    const service = { program: BENCH, version: 1, netid: "tcp", address, owner: "" };
    ok(await client.set(service));
    deepEqual(await client.find(BENCH, 1, "tcp"), { host: "127.0.0.1", port: 1234 });
    deepEqual(await client.find(100_000, 4, "tcp"), { host: "127.0.0.1", port });
    equal(await client.v2.getport({ prog: BENCH, vers: 1, prot: 6, port: 0 }), 1234);
    equal((await client.v2.dump()).length, 7);
    const wanted = { r_prog: BENCH, r_vers: 1, r_netid: "", r_addr: "", r_owner: "" };
    equal(await client.v3.getaddr(wanted), "127.0.0.1.4.210");
    // Another version's place is better than none, except for GETVERSADDR.
    equal(await client.v4.getaddr({ ...wanted, r_vers: 9 }), "127.0.0.1.4.210");
    equal(await client.v4.getversaddr({ ...wanted, r_vers: 9 }), "");
    deepEqual(await client.v4.getaddrlist(wanted), [
      {
        rpcb_entry_map: {
          r_maddr: "127.0.0.1.4.210",
          r_nc_netid: "tcp",
          r_nc_semantics: 3,
          r_nc_protofmly: "inet",
          r_nc_proto: "tcp",
        },
      },
    ]);
    ok(Math.abs((await client.v4.gettime()) - Date.now() / 1000) < 5);
    const netbuf = await client.v4.uaddr2taddr("1.2.3.4.5.6");
    equal(await client.v4.taddr2uaddr(netbuf), "1.2.3.4.5.6");
    equal((await client.v4.getstat())[2]?.setinfo, 1);
    ok(await client.unset(BENCH, 1, ""));
    equal(await client.find(BENCH, 1, "tcp"), undefined);
  });

  it("refuses a second place, its own program, and more than it has room for", async () => {
    await using mapper = await portMapper();
    const { client } = mapper;
    const service = { program: BENCH, version: 1, netid: "tcp", address: "0.0.0.0.1.1", owner: "" };
    ok(await client.set(service));
    ok(await client.set(service));
    equal(await client.set({ ...service, address: "0.0.0.0.1.2" }), false);
    equal(await client.set({ ...service, program: 100_000 }), false);
    equal(await client.set({ ...service, program: 1, address: "nonsense" }), false);
    equal(await client.unset(100_000, 4, "tcp"), false);
    for (let program = 1; program <= 3; program++) ok(await client.set({ ...service, program }));
    equal(await client.set({ ...service, program: 4 }), false);
  });

  it("passes no calls on, and says so only where it helps no attacker", async () => {
    await using mapper = await portMapper();
    const args = { prog: BENCH, vers: 1, proc: 0, args: new Uint8Array() };
    await rejects(mapper.client.v4.indirect(args), { status: "PROC_UNAVAIL" });
    await rejects(mapper.client.v2.callit(args, { timeoutMs: 50 }), { code: "ERR_TIMEOUT" });
  });

  it("is asked by lookup and told by register", async () => {
    await using mapper = await portMapper();
    const service = { program: BENCH, version: 1, netid: "udp", port: 999 } as const;
    const registered = await register([service], { port: mapper.port });
    const wanted = { host: "127.0.0.1", program: BENCH, version: 1, rpcbindPort: mapper.port };
    deepEqual(await lookup({ ...wanted, transport: "udp" }), { host: "127.0.0.1", port: 999 });
    equal(await lookup({ ...wanted, transport: "tcp" }), undefined);
    await registered[Symbol.asyncDispose]();
    equal(await lookup({ ...wanted, transport: "udp" }), undefined);
  });
});

describe("calls over UDP", () => {
  it("are repeated until they are answered, and executed once", async () => {
    const { server, counter } = benchServer({}, {});
    await using _ = server;
    const { port } = await server.listenUdp();
    // A relay that loses the first call and the first reply.
    const relay = createSocket("udp4");
    let calls = 0;
    let replies = 0;
    let caller = 0;
    relay.on("message", (octets, from) => {
      if (from.port === port) {
        if (++replies > 1) relay.send(octets, caller, "127.0.0.1");
      } else {
        caller = from.port;
        if (++calls > 1) relay.send(octets, port, "127.0.0.1");
      }
    });
    await new Promise<void>((resolve) => relay.bind(0, "127.0.0.1", resolve));
    await using client = await connectUdp({ port: relay.address().port, repeatMs: 10 });
    equal(await client.call(benchProgV1, benchProgV1.procedures.incr, 5), 5);
    // More of them when the answer takes longer than it is waited for.
    ok(calls >= 3 && replies >= 2, `${calls} calls, ${replies} replies`);
    equal(counter.value, 5);
    relay.close();
  });

  it("are repeated in time, although another has waited for long", async () => {
    const socket = createSocket("udp4");
    let calls = 0;
    const asked: number[] = [];
    socket.on("message", (call, from) => {
      const by = call.readUInt32BE(call.length - 4);
      asked.push(by);
      if (by === 1 || ++calls < 2) return;
      const reply = new Uint8Array(28);
      reply.set(call.subarray(0, 4));
      reply[7] = 1;
      reply[27] = by;
      socket.send(reply, from.port, from.address);
    });
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    await using client = await connectUdp({ port: socket.address().port, repeatMs: 10 });
    const incr = (by: number) => client.call(benchProgV1, benchProgV1.procedures.incr, by);
    const silent = incr(1).catch(() => {});
    // The next repetition of it is more than half a second away.
    while (asked.length < 7) await new Promise((resolve) => setTimeout(resolve, 5));
    equal(await incr(2), 2);
    deepEqual(asked.slice(0, 9), [1, 1, 1, 1, 1, 1, 1, 2, 2]);
    socket.close();
    await client[Symbol.asyncDispose]();
    await silent;
  });

  it("end at their deadline when nobody is there, and refuse what no datagram holds", async () => {
    await using client = await connectUdp({ port: 9, repeatMs: 10 });
    const { incr, echo } = benchProgV1.procedures;
    await rejects(client.call(benchProgV1, incr, 1, { timeoutMs: 50 }), { code: "ERR_TIMEOUT" });
    const octets = new Uint8Array(70_000);
    await rejects(client.call(benchProgV1, echo, octets), { code: "ERR_LIMIT" });
  });

  it("go to everyone at once, by the program's own port", async () => {
    const { server } = benchServer();
    await using _ = server;
    const { port } = await server.listenUdp();
    const options = { address: "127.0.0.1", port, waitMs: 10_000 };
    const everyone = broadcast(benchProgV1, benchProgV1.procedures.incr, 3, options);
    deepEqual(await first(everyone), { address: "127.0.0.1", port, result: 3 });
  });

  it("ask everyone as often as they are told to", async () => {
    const socket = createSocket("udp4");
    let asked = 0;
    socket.on("message", () => {
      asked += 1;
    });
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const { incr } = benchProgV1.procedures;
    for (const times of [1, 2]) {
      const options = { address: "127.0.0.1", port: socket.address().port, waitMs: 40, times };
      for await (const _ of broadcast(benchProgV1, incr, 3, options));
    }
    await eventually(() => asked >= 3);
    equal(asked, 3);
    socket.close();
  });
});

describe("rpcinfo and libtirpc", () => {
  let spaces: Namespaces | undefined;
  let c: CPrograms | undefined;
  const ours = (t: TestContext): Namespaces | undefined =>
    hasNamespaces(t) && hasPeers(t, "rpcinfo", "unshare", "nsenter", "rpcgen", "gcc")
      ? spaces
      : undefined;

  before(() => {
    if (process.getuid?.() !== 0 || !findPeer("ip") || !findPeer("rpcinfo")) return;
    spaces = new Namespaces();
    if (findPeer("rpcgen") && findPeer("gcc")) c = new CPrograms();
  });
  after(async () => {
    await spaces?.[Symbol.asyncDispose]();
    await c?.[Symbol.asyncDispose]();
  });

  it("are served by our rpcbind: -p, -s, -m, -T, -b, a C server's registration, and our broadcast", async (t) => {
    const both = ours(t);
    if (both === undefined || c === undefined) return;
    const script = join(import.meta.dirname, "portmap-process.js");
    const command = [process.execPath, script, "/run/rpcbind.sock"];
    const { enter, process: mapper } = await both.start(both.one, command, /ready/);
    const server = join(c.folder, "server");
    const run = both.run([...enter, server, "24111", "pmap"]);

    let p = "";
    // The C server registers when it gets to it.
    for (let tries = 0; tries < 50 && !/536871065 +1 +udp/.test(p); tries++) {
      p = await both.run(["rpcinfo", "-p", "10.79.0.1"], both.two);
    }
    match(p, /100000 +4 +tcp +111 +portmapper/);
    match(p, /536871065 +1 +udp +24111/);
    const s = await both.run(["rpcinfo", "-s", "10.79.0.1"], both.two);
    match(s, /100000 +[234],[234],[234] +\S*tcp\S* +portmapper +superuser/);
    match(s, /536871065 +1 +(tcp,udp|udp,tcp)/);
    const m = await both.run([...enter, "rpcinfo", "-m", "127.0.0.1"]);
    match(m, /PORTMAP \(version 2\) statistics/);
    const tcp = ["rpcinfo", "-T", "tcp", "127.0.0.1", String(BENCH), "1"];
    match(await both.run([...enter, ...tcp]), /program 536871065 version 1 ready and waiting/);
    const udp = ["rpcinfo", "-T", "udp", "10.79.0.1", "100000", "3"];
    match(await both.run(udp, both.two), /program 100000 version 3 ready and waiting/);
    const b = ["stdbuf", "-oL", "rpcinfo", "-b", String(BENCH), "1"];
    match(await both.run(b, both.two, /10\.79\.0\.1/), /10\.79\.0\.1/);
    // From another host: no list over UDP, where the sender of a question may be somebody else.
    const questions = [process.execPath, join(import.meta.dirname, "everyone.js"), "10.79.0.1"];
    deepEqual(JSON.parse(await both.run(questions, both.two)), {
      listed: { tcp: true, udp: "ERR_TIMEOUT" },
      answers: [{ address: "10.79.0.1", port: 24111, result: 3 }],
    });
    mapper.stdin?.end();
    void run;
  });

  it("serve us: our client finds, lists and registers with Debian's rpcbind", async (t) => {
    const both = ours(t);
    if (both === undefined || !hasPeers(t, "rpcbind")) return;
    const { enter, process: daemon } = await both.start(
      both.two,
      ["sh", "-c", "echo ready; exec rpcbind -f -r"],
      /ready/,
    );
    const script = join(import.meta.dirname, "rpcbind-questions.js");
    const text = await both.run([...enter, process.execPath, script]);
    deepEqual(JSON.parse(text), {
      self: { host: "127.0.0.1", port: 111 },
      versions: [2, 3, 4],
      set: true,
      found: { host: "127.0.0.1", port: 4321 },
      other: { host: "127.0.0.1", port: 4321 },
      exact: "",
      unset: true,
      gone: null,
    });
    daemon.kill();
  });
});

import { deepEqual, equal, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { XdrWriter } from "../../src/pure/oncrpc/index.ts";
import { encodeRecord } from "../../src/pure/oncrpc/record.ts";
import {
  type ClientTls,
  connect,
  type RpcServer,
  type ServerCall,
  type ServerTls,
} from "../../src/rpc/index.ts";
import {
  BenchProgV1Client,
  type BenchProgV1Handlers,
  benchProgV1,
  serveBenchProgV1,
} from "../fixtures/oncrpc/generated/bench.ts";
import { eventually } from "../io/linked.ts";
import { findPeer, hasPeers } from "../peers.ts";
import { benchServer } from "./bench-program.ts";

/** The flavor of a probe, RFC 9289 4.1. */
const AUTH_TLS = 7;

/** Handlers that are not called here. */
const unserved: BenchProgV1Handlers = {
  echo: (octets) => octets,
  node: (node) => node,
  sleep: (ms) => ms,
  incr: (by) => by,
};

let folder = "";
const file = (name: string): Buffer => readFileSync(join(folder, name));

function makeCertificate(name: string, altName: string): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const out = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)];
  const subject = ["-subj", "/CN=localhost", "-addext", `subjectAltName=${altName}`];
  execFileSync("openssl", ["req", "-x509", ...key, ...out, ...subject], { stdio: "pipe" });
}

/** A server with that certificate, called by a client with those wishes: what the handler saw. */
async function transportOf(
  serverTls: Omit<ServerTls, "context"> | undefined,
  clientTls: Omit<ClientTls, "context"> | undefined,
  { certificate = "good", trusted = "good", own = "" } = {},
): Promise<ServerCall["peer"]["transport"] | undefined> {
  let seen: ServerCall["peer"]["transport"] | undefined;
  const context = {
    cert: file(`${certificate}.crt`),
    key: file(`${certificate}.key`),
    ca: file("good.crt"),
  };
  const { server }: { server: RpcServer } = benchServer(
    serverTls === undefined ? {} : { tls: { context, ...serverTls } },
    {
      incr: (by, call) => {
        seen = call.peer.transport;
        return by;
      },
    },
  );
  await using _ = server;
  const { port } = await server.listen();
  const mine = own === "" ? {} : { cert: file(`${own}.crt`), key: file(`${own}.key`) };
  await using client = await connect({
    port,
    reconnect: false,
    ...(clientTls && {
      tls: { ...clientTls, context: { ca: file(`${trusted}.crt`), ...mine }, program: benchProgV1 },
    }),
  });
  const bench = new BenchProgV1Client(client);
  const octets = new Uint8Array(100_000).fill(7);
  equal((await bench.echo(octets)).length, octets.length);
  await bench.incr(1);
  return seen;
}

/** A record with a call of that procedure of bench.x; flavor 7 is AUTH_TLS. */
function callOf(procedure: number, flavor: number, ...rest: number[]): Uint8Array {
  const writer = new XdrWriter();
  for (const word of [7, 0, 2, 0x20000099, 1, procedure, flavor, 0, 0, 0, ...rest]) {
    writer.uint(word);
  }
  return encodeRecord(writer.finish());
}

/** A server that gives its answer to every probe, as the octets of a record. */
async function answering(
  answer: (xid: Uint8Array) => readonly number[] | undefined,
): Promise<{ port: number; closed: Promise<unknown>; [Symbol.asyncDispose](): Promise<void> }> {
  let isClosed: (value?: unknown) => void = () => {};
  const closed = new Promise((resolve) => {
    isClosed = resolve;
  });
  const server = createServer((socket) => {
    socket.on("error", () => {}).on("close", isClosed);
    // To a second chunk, which may be a ClientHello, it says nothing.
    socket.once("data", (probe) => {
      const octets = answer(probe.subarray(4, 8));
      if (octets !== undefined) socket.write(new Uint8Array(octets));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    closed,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

/** The body of the reply to a probe, behind its xid, that offers TLS. */
const STARTTLS = [
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  8,
  ...Buffer.from("STARTTLS"),
].concat([0, 0, 0, 0]);

describe("a client that wants TLS", () => {
  const tls = { mode: "opportunistic", program: benchProgV1 } as const;

  it("takes nothing that was said in the clear behind the answer to its probe", async () => {
    const denied = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2];
    for (const body of [STARTTLS, denied]) {
      await using server = await answering((xid) => {
        const first = [0x80, 0, 0, 4 + body.length, ...xid, ...body];
        return [...first, 0x80, 0, 0, 4, 1, 2, 3, 4];
      });
      await rejects(connect({ port: server.port, tls }), { code: "ERR_PROTOCOL" });
      await server.closed;
    }
  });

  it("takes an offer with results in it for none", async () => {
    await using server = await answering((xid) => {
      const octets = [...xid, ...STARTTLS, 0, 0, 0, 1];
      return [0x80, 0, 0, octets.length, ...octets];
    });
    await rejects(connect({ port: server.port, tls }), { code: "ERR_PROTOCOL" });
    await server.closed;
  });

  it("says of what is called back in the clear that it came in the clear", async () => {
    const seen: string[] = [];
    const { server } = benchServer(
      {},
      { incr: (by, { back }) => new BenchProgV1Client(back).incr(by) },
    );
    await using _ = server;
    const { port } = await server.listen();
    const serve = [
      serveBenchProgV1({
        ...unserved,
        incr: (by, { peer }) => {
          seen.push(peer.transport);
          return by;
        },
      }),
    ];
    await using client = await connect({ port, tls, serve });
    await new BenchProgV1Client(client).incr(1);
    deepEqual(seen, ["tcp"]);
  });

  it("closes when the answer to its probe is none", async () => {
    await using server = await answering((xid) => [0x80, 0, 0, 8, ...xid, 0, 0, 0, 1]);
    await rejects(connect({ port: server.port, tls }), { code: "ERR_PROTOCOL" });
    await server.closed;
  });

  it("stops at its signal, before and after the answer to its probe", async () => {
    for (const answer of [
      () => undefined,
      (xid: Uint8Array) => [0x80, 0, 0, 4 + STARTTLS.length, ...xid, ...STARTTLS],
    ]) {
      await using server = await answering(answer);
      const controller = new AbortController();
      const reason = new Error("enough");
      setTimeout(() => controller.abort(reason), 50);
      const { signal } = controller;
      await rejects(connect({ port: server.port, tls, signal }), reason);
      await server.closed;
    }
  });
});

describe("RPC with TLS, RFC 9289", () => {
  before(() => {
    if (!findPeer("openssl")) return;
    folder = mkdtempSync(join(tmpdir(), "tertulia-tls-"));
    makeCertificate("good", "IP:127.0.0.1,DNS:localhost");
    makeCertificate("other", "IP:127.0.0.1");
    makeCertificate("elsewhere", "DNS:elsewhere.example");
    makeCertificate("wild", "DNS:*.example.org");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const has = (t: TestContext): boolean => hasPeers(t, "openssl");

  it("secures the connection when both want it", async (t) => {
    if (!has(t)) return;
    equal(await transportOf({}, { mode: "required" }), "tls");
    equal(await transportOf({}, { mode: "opportunistic" }), "tls");
  });

  it("goes on in the clear where one side does not care", async (t) => {
    if (!has(t)) return;
    equal(await transportOf({}, undefined), "tcp");
    equal(await transportOf(undefined, { mode: "opportunistic" }), "tcp");
  });

  it("refuses to go on in the clear where one side insists", async (t) => {
    if (!has(t)) return;
    await rejects(transportOf(undefined, { mode: "required" }), { code: "ERR_REFUSED" });
    await rejects(transportOf({ isRequired: true }, undefined), {
      status: "AUTH_ERROR",
      authStatus: "AUTH_TOOWEAK",
    });
    equal(await transportOf({ isRequired: true }, { mode: "required" }), "tls");
  });

  it("refuses a server that is not who it should be; a wildcard is nobody", async (t) => {
    if (!has(t)) return;
    const strict = { mode: "required" } as const;
    await rejects(transportOf({}, strict, { certificate: "other" }), { code: "ERR_REFUSED" });
    await rejects(transportOf({}, strict, { certificate: "elsewhere", trusted: "elsewhere" }), {
      code: "ERR_REFUSED",
    });
    const asWild = { mode: "required", serverName: "host.example.org" } as const;
    await rejects(transportOf({}, asWild, { certificate: "wild", trusted: "wild" }), {
      code: "ERR_REFUSED",
    });
    const opportunistic = { mode: "opportunistic" } as const;
    equal(await transportOf({}, opportunistic, { certificate: "other" }), "tls");
  });

  it("writes nothing in the clear once it has said STARTTLS", async (t) => {
    if (!has(t)) return;
    const context = { cert: file("good.crt"), key: file("good.key") };
    const { server } = benchServer({ tls: { context } });
    await using _ = server;
    const { port } = await server.listen();
    const socket = connectSocket(port, "127.0.0.1");
    // SLEEP for 20 ms, and the probe behind it.
    socket.write(Buffer.concat([callOf(3, 0, 20), callOf(0, 7)]));
    let clear = 0;
    socket.on("data", (chunk) => {
      clear += chunk.length;
    });
    await eventually(() => clear >= 36);
    await new Promise((resolve) => setTimeout(resolve, 100));
    equal(clear, 36);
    socket.removeAllListeners("data");
    const secured = connectTls({ socket, ca: file("good.crt"), ALPNProtocols: ["sunrpc"] });
    await once(secured, "secureConnect");
    secured.write(callOf(0, 0));
    const [reply] = await once(secured, "data");
    equal(reply.length, 28);
    secured.destroy();
  });

  it("closes when a handshake does not come, or something else in its place", async (t) => {
    if (!has(t)) return;
    const context = { cert: file("good.crt"), key: file("good.key") };
    const { server } = benchServer({ tls: { context, handshakeMs: 50 } });
    await using _ = server;
    const { port } = await server.listen();
    const probe = callOf(0, AUTH_TLS);
    const ways: (readonly Uint8Array[])[] = [
      [probe],
      [probe, probe],
      [Buffer.concat([probe, callOf(4, 0, 1)])],
    ];
    for (const [first = probe, second] of ways) {
      const socket = connectSocket(port, "127.0.0.1").on("error", () => {});
      socket.write(first);
      const closed = once(socket, "close");
      const [reply] = await once(socket, "data");
      equal(reply.length, 36);
      if (second !== undefined) socket.write(second);
      await closed;
    }
    equal(server.connections, 0);
  });

  it("calls back in TLS what was asked for before", async (t) => {
    if (!has(t)) return;
    const context = { cert: file("good.crt"), key: file("good.key") };
    const { server } = benchServer(
      { tls: { context } },
      { incr: (by, { back }) => new BenchProgV1Client(back).incr(by) },
    );
    await using _ = server;
    const { port } = await server.listen();
    const socket = connectSocket(port, "127.0.0.1");
    socket.write(callOf(4, 0, 1));
    // It is not answered in the clear.
    await once(socket, "data");
    socket.write(callOf(0, AUTH_TLS));
    await once(socket, "data");
    const secured = connectTls({ socket, ca: file("good.crt"), ALPNProtocols: ["sunrpc"] });
    await once(secured, "secureConnect");
    secured.write(callOf(4, 0, 2));
    const [back] = await once(secured, "data");
    equal(back.length, 48);
    secured.destroy();
  });

  it("asks the client for a certificate when it is told to", async (t) => {
    if (!has(t)) return;
    const demanding = { clientCertificate: "required" } as const;
    await rejects(transportOf(demanding, { mode: "required" }), { code: "ERR_CLOSED" });
    equal(await transportOf(demanding, { mode: "required" }, { own: "good" }), "tls");
  });
});

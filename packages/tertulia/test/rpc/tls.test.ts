import { equal, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import {
  type ClientTls,
  connect,
  type RpcServer,
  type ServerCall,
  type ServerTls,
} from "../../src/rpc/index.ts";
import { BenchProgV1Client, benchProgV1 } from "../fixtures/oncrpc/generated/bench.ts";
import { findPeer, hasPeers } from "../peers.ts";
import { benchServer } from "./bench-program.ts";

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

  it("asks the client for a certificate when it is told to", async (t) => {
    if (!has(t)) return;
    const demanding = { clientCertificate: "required" } as const;
    await rejects(transportOf(demanding, { mode: "required" }), { code: "ERR_CLOSED" });
    equal(await transportOf(demanding, { mode: "required" }, { own: "good" }), "tls");
  });
});

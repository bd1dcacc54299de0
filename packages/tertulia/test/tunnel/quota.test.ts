import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseForward, TunnelLedger } from "../../src/tunnel/index.ts";
import { tunnelPair } from "./pair.ts";

const IDENTITY = { method: "ed25519", name: "ana" };

/** A server that says back what it hears, and forwards to it. */
async function echo(): Promise<Server & AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      server.close();
    },
  });
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const localTo = (server: Server) => parseForward(`0:127.0.0.1:${portOf(server)}`);

describe("TunnelLedger", () => {
  it("has a place for so many connections of one identity, and for others besides", () => {
    const ledger = new TunnelLedger({ connections: 2 });
    const first = ledger.enter(IDENTITY);
    ledger.enter(IDENTITY);
    assert.equal(ledger.enter(IDENTITY), undefined);
    assert.ok(ledger.enter({ ...IDENTITY, name: "bob" }));
    assert.ok(first);
    ledger.leave(first, 0);
    assert.ok(ledger.enter(IDENTITY));
  });

  it("asks for a pause once an identity is a quarter second ahead of its rate", () => {
    const ledger = new TunnelLedger(({ name }) =>
      name === "ana" ? { octetsPerSecond: 1000 } : undefined,
    );
    const [one, other] = [ledger.enter(IDENTITY), ledger.enter(IDENTITY)];
    const pauses = [one?.spend(250, 0), other?.spend(500, 0), one?.spend(100, 2000)];
    assert.deepEqual(pauses, [0, 500, 0]);
    assert.equal(ledger.enter({ ...IDENTITY, name: "bob" })?.spend(1e9, 0), 0);
  });

  it("forgives nothing when an identity has no connection any more", () => {
    const ledger = new TunnelLedger({ octetsPerSecond: 1000 });
    const first = ledger.enter(IDENTITY) ?? assert.fail("no place");
    first.spend(2000, 0);
    ledger.leave(first, 0);
    assert.deepEqual(ledger.debts(500), [{ name: "ed25519:ana", aheadMs: 1500 }]);
    const second = ledger.enter(IDENTITY) ?? assert.fail("no place");
    assert.equal(second.spend(0, 1000), 750);
    ledger.leave(second, 2000);
    assert.deepEqual(ledger.debts(1999), []);
  });

  it("has the debts of the process before", () => {
    const before = new TunnelLedger({ octetsPerSecond: 1000 });
    before.enter(IDENTITY)?.spend(2000, 0);
    const ledger = new TunnelLedger({ octetsPerSecond: 1000 });
    ledger.owe(before.debts(500), 70_000);
    assert.equal(ledger.enter(IDENTITY)?.spend(0, 70_000), 1250);
    assert.deepEqual(ledger.debts(72_000), []);
  });
});

describe("a tunnel with quotas", () => {
  it("refuses one connection more than an identity may have, and says so in the audit", async () => {
    await using server = await echo();
    const options = { local: [localTo(server)] };
    const ledger = new TunnelLedger({ connections: 1 });
    await using pair = await tunnelPair(options, undefined, { ledger });
    const { address } = pair.tunnel.addresses[0]!;
    const first = connect(address);
    first.write("x");
    await once(first, "data");
    const second = connect(address);
    await once(second, "error");
    assert.deepEqual(
      pair.audit.map(({ outcome }) => outcome),
      ["limit"],
    );
    first.destroy();
    while (pair.audit.length < 2) await sleep(5);
    const third = connect(address);
    third.write("y");
    assert.equal(String((await once(third, "data"))[0]), "y");
    third.destroy();
  });

  it("slows an identity down to its rate, and loses nothing", async () => {
    await using server = await echo();
    const ledger = new TunnelLedger({ octetsPerSecond: 1_000_000 });
    const options = { local: [localTo(server)] };
    await using pair = await tunnelPair(options, undefined, { ledger });
    const socket = connect(pair.tunnel.addresses[0]!.address);
    const start = performance.now();
    socket.end(Buffer.alloc(300_000));
    let octets = 0;
    for await (const piece of socket) octets += piece.length;
    assert.equal(octets, 300_000);
    // Both directions count: 600,000 octets, of which a quarter second's worth is free.
    assert.ok(performance.now() - start > 300);
  });

  it("waits, and does not fail, when more octets wait than an identity may have waiting", async () => {
    await using server = await echo();
    const listening = { quotas: { backlogOctets: 100_000 } };
    const options = { local: [localTo(server)] };
    await using pair = await tunnelPair(options, undefined, { listening });
    const socket = connect(pair.tunnel.addresses[0]!.address);
    socket.end(Buffer.alloc(3_000_000));
    let octets = 0;
    for await (const piece of socket) octets += piece.length;
    assert.equal(octets, 3_000_000);
  });

  it("audits what came to a port that it listens at for the peer", async () => {
    await using server = await echo();
    const remote = [parseForward(`127.0.0.1:0:127.0.0.1:${portOf(server)}`)];
    await using pair = await tunnelPair({ remote });
    while (pair.log.length === 0) await sleep(5);
    const socket = connect(pair.tunnel.addresses.find(({ type }) => type === "remote")!.address);
    socket.end("from there");
    await once(socket.resume(), "close");
    while (pair.audit.length === 0) await sleep(5);
    const [{ opening, outcome, sentOctets, receivedOctets } = assert.fail("no line")] = pair.audit;
    assert.deepEqual(
      [opening.split(" ")[0], outcome, sentOctets, receivedOctets],
      ["accepted", "ended", 10, 10],
    );
  });
});

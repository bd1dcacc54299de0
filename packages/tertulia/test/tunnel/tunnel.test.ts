import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectSession, SessionError } from "../../src/index.ts";
import { type RestingServer, TunnelHandover } from "../../src/tunnel/handover.ts";
import {
  openTunnel,
  parseBind,
  parseForward,
  parseTarget,
  TUNNEL_SELECTOR,
} from "../../src/tunnel/index.ts";
import { tunnelPair } from "./pair.ts";

/** A server on a free port, closed with the test. */
async function serverOf(onConnection: (socket: Socket) => void): Promise<Server & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const echo = () => serverOf((socket) => socket.pipe(socket));
const localTo = (server: Server) => parseForward(`0:127.0.0.1:${portOf(server)}`);

async function digestOf(socket: Socket): Promise<string> {
  const hash = createHash("sha256");
  for await (const octets of socket) hash.update(octets);
  return hash.digest("hex");
}

describe("Tunnel", () => {
  it("carries octets both ways through cuts, and half-close as half-close", async () => {
    await using server = await echo();
    await using pair = await tunnelPair({ local: [localTo(server)] });
    const [address] = pair.tunnel.addresses;
    const socket = connect({ ...address!.address, allowHalfOpen: true });
    const octets = randomBytes(20_000_000);
    const digest = digestOf(socket);
    for (let at = 0; at < octets.length; at += 1_000_000) {
      if (!socket.write(octets.subarray(at, at + 1_000_000))) await once(socket, "drain");
      if (at % 5_000_000 === 0) pair.session.breakTransport();
    }
    socket.end();
    assert.equal(await digest, createHash("sha256").update(octets).digest("hex"));
    while (pair.audit.length === 0) await sleep(5);
    assert.deepEqual(
      pair.audit.map(({ outcome, sentOctets, receivedOctets }) => [
        outcome,
        sentOctets,
        receivedOctets,
      ]),
      [["ended", octets.length, octets.length]],
    );
  });

  it("goes on with others while one connection stalls", async () => {
    await using stalled = await serverOf((socket) => socket.pause());
    await using server = await echo();
    await using pair = await tunnelPair({ local: [localTo(stalled), localTo(server)] });
    const [one, other] = pair.tunnel.addresses;
    const slow = connect(one!.address);
    slow.on("error", () => {});
    slow.write(randomBytes(64_000_000));
    await sleep(200);
    const socket = connect(other!.address);
    socket.write("still here");
    const [answer] = await once(socket, "data");
    assert.equal(String(answer), "still here");
    slow.destroy();
    socket.destroy();
  });

  it("connects to the target once, whatever breaks while it is asked", async () => {
    let connections = 0;
    await using server = await serverOf((socket) => {
      connections += 1;
      socket.pipe(socket);
    });
    await using pair = await tunnelPair({ local: [localTo(server)] });
    const [address] = pair.tunnel.addresses;
    for (let i = 0; i < 20; i++) {
      const socket = connect(address!.address);
      socket.write("x");
      if (i % 3 === 0) pair.session.breakTransport();
      await once(socket, "data");
      socket.destroy();
    }
    assert.equal(connections, 20);
  });

  it("resets where the other side resets", async () => {
    await using server = await serverOf((socket) => socket.resetAndDestroy());
    await using pair = await tunnelPair({ local: [localTo(server)] });
    const socket = connect(pair.tunnel.addresses[0]!.address);
    const [error] = await once(socket, "error");
    assert.equal((error as NodeJS.ErrnoException).code, "ECONNRESET");
  });

  it("resets the target where the client resets", async () => {
    const ended = Promise.withResolvers<string | undefined>();
    await using server = await serverOf((socket) => {
      socket.on("error", (error: NodeJS.ErrnoException) => ended.resolve(error.code));
      socket.on("end", () => ended.resolve("end"));
      socket.pipe(socket);
    });
    await using pair = await tunnelPair({ local: [localTo(server)] });
    const socket = connect(pair.tunnel.addresses[0]!.address);
    socket.write("x");
    await once(socket, "data");
    socket.resetAndDestroy();
    assert.equal(await ended.promise, "ECONNRESET");
  });

  it("says which remote forwards were refused, and when that leaves nothing to do", async () => {
    const remote = ["127.0.0.1:0:127.0.0.1:1", "192.0.2.1:0:127.0.0.1:1"].map(parseForward);
    await using half = await tunnelPair({ remote }, ["listen:127.0.0.1:*"]);
    await half.tunnel.answered();
    const reason = "not allowed on the far side (serve --allow listen:192.0.2.1:0)";
    const { bind: address, target } = remote[1]!;
    assert.deepEqual(half.tunnel.refused, [{ address, target, reason }]);
    await using nothing = await tunnelPair({ remote }, []);
    await assert.rejects(nothing.tunnel.answered(), { code: "ERR_REFUSED" });
    await using one = await tunnelPair({ remote, socks: [parseBind("0")] }, []);
    await one.tunnel.answered();
    assert.equal(one.tunnel.refused.length, 2);
  });

  it("says in the audit who reset a connection", async () => {
    await using resetting = await serverOf((socket) => socket.resetAndDestroy());
    await using server = await echo();
    const local = [localTo(resetting), localTo(server)];
    const remote = [parseForward("127.0.0.1:0:127.0.0.1:1")];
    await using pair = await tunnelPair({ local, remote });
    const ended = async (count: number) => {
      while (pair.audit.length < count) await sleep(5);
    };
    const [one, other] = pair.tunnel.addresses;
    await once(connect(one!.address), "error");
    await ended(1);
    const client = connect(other!.address);
    client.write("x");
    await once(client, "data");
    client.resetAndDestroy();
    await ended(2);
    while (pair.log.every((line) => !line.includes("leads to"))) await sleep(5);
    const there = pair.tunnel.addresses.find(({ type }) => type === "remote");
    await once(connect(there!.address), "error");
    await ended(3);
    const waiting = connect(other!.address);
    waiting.on("error", () => {});
    waiting.write("x");
    await once(waiting, "data");
    await pair.session[Symbol.asyncDispose]();
    await ended(5);
    assert.deepEqual(
      pair.audit.map(({ outcome, resetBy }) => [outcome, resetBy]),
      [
        ["reset", "target"],
        ["reset", "peer"],
        ["refused", undefined],
        ["sessionEnded", undefined],
        ["sessionEnded", undefined],
      ],
    );
  });

  it("lets go of a target that answers when nobody wants it any more", async () => {
    const accepted = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await using server = await serverOf((socket) => {
      accepted.resolve();
      socket.on("close", () => ended.resolve()).resume();
    });
    // The far end stands still from when it connects until the near end has given up.
    let far: RestingServer | undefined;
    const handover = new (class extends TunnelHandover {
      override enter(entered: RestingServer): void {
        super.enter(entered);
        far = entered;
      }
      override take(): undefined {
        setImmediate(() => far?.rest());
      }
    })();
    await using pair = await tunnelPair({}, undefined, { handover });
    const stream = pair.session.openStream(`tcp 127.0.0.1:${portOf(server)}`);
    await accepted.promise;
    stream.reset();
    await sleep(50);
    far?.goOn();
    await ended.promise;
    assert.deepEqual(
      pair.audit.map(({ resetBy }) => resetBy),
      ["peer"],
    );
  });

  it("takes so much while the link is down, then no more, and loses nothing of it", async () => {
    await using server = await echo();
    let isDown = false;
    const checkPeer = () => {
      if (isDown) throw new SessionError("ERR_CLOSED", "down for now");
    };
    const listening = { checkPeer };
    await using pair = await tunnelPair({ local: [localTo(server)] }, undefined, { listening });
    const socket = connect({ ...pair.tunnel.addresses[0]!.address, allowHalfOpen: true });
    socket.write("x");
    await once(socket, "data");
    isDown = true;
    pair.session.breakTransport();
    const octets = randomBytes(80_000_000);
    const digest = digestOf(socket);
    socket.end(octets);
    // It stands still once our journal, its queue and the kernel are full.
    for (let last = -1; last !== socket.bytesWritten - socket.writableLength; await sleep(300)) {
      last = socket.bytesWritten - socket.writableLength;
    }
    const [{ sentOctets } = assert.fail("no connection")] = pair.tunnel.connections;
    assert.equal(socket.destroyed, false);
    assert.ok(sentOctets < 20_000_000, `${sentOctets} octets were taken`);
    assert.ok(socket.writableLength > 50_000_000, `${socket.writableLength} octets wait outside`);
    isDown = false;
    assert.equal(await digest, createHash("sha256").update(octets).digest("hex"));
  });

  it("turns away connections beyond its limit, and says so once", async () => {
    await using server = await echo();
    await using pair = await tunnelPair({ local: [localTo(server)], connectionsMax: 1 });
    const { address } = pair.tunnel.addresses[0]!;
    const first = connect(address);
    await once(first, "connect");
    for (let i = 0; i < 3; i++) {
      const more = connect(address);
      more.on("error", () => {});
      await once(more.resume(), "close");
    }
    assert.deepEqual(pair.log, [`127.0.0.1:${address.port}: too many connections`]);
    first.destroy();
  });

  it("says why a connection came to nothing", async () => {
    const forwards = ["0:127.0.0.1:1", "0:192.0.2.1:22", "0:no-such-host.invalid:22"];
    const allow = ["tcp:127.0.0.1:*", "tcp:*.invalid:*"];
    await using pair = await tunnelPair({ local: forwards.map(parseForward) }, allow);
    for (const { address } of pair.tunnel.addresses) {
      const socket = connect(address);
      await once(socket, "error");
    }
    assert.deepEqual(
      pair.audit.map(({ opening, outcome }) => `${opening}: ${outcome}`),
      [
        "tcp 127.0.0.1:1: refused",
        "tcp 192.0.2.1:22: notAllowed",
        "tcp no-such-host.invalid:22: unknownName",
      ],
    );
  });

  it("listens there and connects here", async () => {
    await using server = await echo();
    await using pair = await tunnelPair({
      remote: [parseForward(`127.0.0.1:0:127.0.0.1:${portOf(server)}`)],
    });
    while (pair.log.length === 0) await sleep(5);
    const remote = pair.tunnel.addresses.find(({ type }) => type === "remote");
    const socket = connect(remote!.address);
    socket.write("from there");
    const [answer] = await once(socket, "data");
    assert.equal(String(answer), "from there");
    socket.destroy();
  });

  it("exchanges datagrams", async () => {
    const server = createSocket("udp4", (octets, { port }) =>
      server.send(octets, port, "127.0.0.1"),
    );
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const udp = [parseForward(`0:127.0.0.1:${server.address().port}`)];
    await using pair = await tunnelPair({ udp });
    const client = createSocket("udp4");
    const answers: string[] = [];
    client.on("message", (octets) => answers.push(String(octets)));
    const { port } = pair.tunnel.addresses[0]!.address;
    for (const text of ["one", "two", "three"]) {
      client.send(text, port, "127.0.0.1");
      while (!answers.includes(text)) await sleep(5);
    }
    assert.deepEqual(answers, ["one", "two", "three"]);
    client.close();
    server.close();
  });

  it("drops datagrams while there is no session, and lists their flows when there is", async () => {
    const server = createSocket("udp4", (octets, { port }) =>
      server.send(octets, port, "127.0.0.1"),
    );
    await once(server.bind(0, "127.0.0.1"), "listening");
    await using pair = await tunnelPair({});
    const udp = [parseForward(`0:127.0.0.1:${server.address().port}`)];
    await using tunnel = await openTunnel({ udp });
    const { port } = tunnel.addresses[0]!.address;
    const early = Array.from({ length: 20 }, () => createSocket("udp4"));
    for (const one of early) await new Promise((resolve) => one.send("early", port, resolve));
    await sleep(100);
    await using session = await connectSession(pair.listener.address, {
      selector: TUNNEL_SELECTOR,
    });
    void tunnel.use(session);
    assert.deepEqual(tunnel.connections, []);
    const client = createSocket("udp4");
    client.send("now", port, "127.0.0.1");
    await once(client, "message");
    assert.deepEqual(
      tunnel.connections.map(({ opening, local, state, sentOctets, receivedOctets }) => [
        opening,
        local,
        state,
        sentOctets,
        receivedOctets,
      ]),
      [
        [
          `udp 127.0.0.1:${server.address().port}`,
          `127.0.0.1:${client.address().port}`,
          "open",
          3,
          3,
        ],
      ],
    );
    for (const socket of [...early, client, server]) socket.close();
  });

  it("associates UDP with a SOCKS client that knows the password, and turns others away", async () => {
    const server = createSocket("udp4", (octets, { port, address }) =>
      server.send(`${octets}!`, port, address),
    );
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const socksCredentials = { user: "ana", password: "secret" };
    const options = { socks: [parseTarget("127.0.0.1:0")], socksCredentials };
    await using pair = await tunnelPair(options);
    const login = async (password: string) => {
      const socket = connect(pair.tunnel.addresses[0]!.address);
      socket.write(Uint8Array.of(5, 1, 2));
      assert.deepEqual([...(await once(socket, "data"))[0]], [5, 2]);
      socket.write(Buffer.from(`\x01\x03ana${String.fromCharCode(password.length)}${password}`));
      const [answer] = await once(socket, "data");
      return { socket, isIn: (answer as Buffer)[1] === 0 };
    };
    const stranger = await login("guess");
    assert.equal(stranger.isIn, false);
    stranger.socket.destroy();
    const { socket } = await login("secret");
    socket.write(Uint8Array.of(5, 3, 0, 1, 0, 0, 0, 0, 0, 0));
    const [answer] = (await once(socket, "data")) as [Buffer];
    const relay = answer.readUInt16BE(answer.length - 2);
    const client = createSocket("udp4");
    const { port } = server.address();
    const header = [0, 0, 0, 3, 9, ...Buffer.from("localhost"), port >> 8, port & 255];
    const heard = once(client, "message");
    client.send(Buffer.from([...header, ...Buffer.from("hello")]), relay, "127.0.0.1");
    assert.match(String((await heard)[0]), /hello!$/);
    client.close();
    server.close();
    socket.destroy();
  });

  it("serves SOCKS5 with names, and refuses by its codes", async () => {
    await using server = await echo();
    await using pair = await tunnelPair({ socks: [parseTarget("127.0.0.1:0")] });
    const { address } = pair.tunnel.addresses[0]!;
    const ask = async (port: number) => {
      const socket = connect(address);
      socket.write(Uint8Array.of(5, 1, 0));
      assert.deepEqual([...(await once(socket, "data"))[0]], [5, 0]);
      const name = Buffer.from("localhost");
      const request = [5, 1, 0, 3, name.length, ...name, port >> 8, port & 255];
      socket.write(Uint8Array.from(request));
      const [answer] = await once(socket, "data");
      return { socket, code: (answer as Buffer)[1] };
    };
    const { socket, code } = await ask(portOf(server));
    assert.equal(code, 0);
    socket.write("through SOCKS");
    assert.equal(String((await once(socket, "data"))[0]), "through SOCKS");
    socket.destroy();
    const refused = await ask(1);
    assert.equal(refused.code, 5);
    refused.socket.destroy();
  });
});

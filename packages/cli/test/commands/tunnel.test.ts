import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { leaveOut } from "../peers.ts";
import { bin, Running, serving, TemporaryHome } from "../processes.ts";

/** A server on a free port that says back what it hears, in capitals. */
async function shouter(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (octets) => socket.write(String(octets).toUpperCase()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

interface Status {
  readonly session: { readonly state: string; readonly reason?: string };
  readonly listening: readonly string[];
  readonly refused: readonly string[];
  readonly recent: readonly { readonly text: string }[];
}

async function statusOf(home: TemporaryHome): Promise<Status[]> {
  await using status = new Running(home, "tunnel", "status", "--json");
  await status.ended();
  return JSON.parse(status.lines.join(""));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A way to a port that can be cut: what comes then is turned away. */
async function breakable(
  to: number,
): Promise<AsyncDisposable & { readonly port: number; cut(): void; heal(): void }> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    if (isCut) return void socket.resetAndDestroy();
    const other = connect(to, "127.0.0.1");
    for (const one of [socket, other]) {
      sockets.add(one);
      one.on("error", () => {}).on("close", () => sockets.delete(one));
    }
    socket.pipe(other).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    heal: () => {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
    },
  };
}

/** OpenSSH on a free port of loopback, and the key that it takes. */
async function sshServer(
  program: string,
  folder: string,
): Promise<AsyncDisposable & { readonly port: number; readonly key: string }> {
  const path = (name: string) => join(folder, name);
  for (const name of ["host", "user"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path(name)]);
  }
  mkdirSync("/run/sshd", { recursive: true });
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = free.address() as AddressInfo; // it is TCP
  free.close();
  const lines = [`Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${path("host")}`];
  lines.push(`AuthorizedKeysFile ${path("user.pub")}`, `PidFile ${path("pid")}`);
  lines.push("PermitRootLogin yes", "StrictModes no", "UsePAM no");
  writeFileSync(path("sshd_config"), lines.join("\n"));
  const child = spawn(program, ["-D", "-f", path("sshd_config")], { stdio: "ignore" });
  while (!(await answers(port))) await sleep(50);
  return {
    port,
    key: path("user"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
  const isThere = await promise;
  socket.destroy();
  return isThere;
}

describe("tertulia tunnel", () => {
  it("forwards what the node allows, and says what goes through", async () => {
    using home = new TemporaryHome();
    await using target = await shouter();
    const { node, address } = await serving(home, "--allow", `127.0.0.1:${target.port}`);
    await using _ = node;
    const local = `0:127.0.0.1:${target.port}`;
    await using tunnel = new Running(home, "tunnel", address, "--local", local, "--json");
    const { address: bound } = await tunnel.logged("listening");
    await tunnel.logged("connected");
    const socket = connect(Number(String(bound).split(":").at(-1)), "127.0.0.1");
    socket.write("hello");
    assert.equal(String((await once(socket, "data"))[0]), "HELLO");
    await using status = new Running(home, "tunnel", "status", "--json");
    await status.ended();
    const [{ session, connections }] = JSON.parse(status.lines.join(""));
    assert.equal(session.state, "connected");
    assert.deepEqual(
      connections.map((one: Record<string, unknown>) => [
        one["opening"],
        one["sentOctets"],
        one["receivedOctets"],
      ]),
      [[`tcp 127.0.0.1:${target.port}`, 5, 5]],
    );
    socket.destroy();
    assert.equal(await tunnel.signal("SIGINT"), 0);
    await node.logged("connection");
  });

  it("is kept to an identity's quota, and written into the audit", async () => {
    using home = new TemporaryHome();
    await using target = await shouter();
    const audit = join(home.path, "audit.jsonl");
    const rules = ["--allow", "127.0.0.1:*", "--quota-connections", "0", "--audit", audit];
    const { node, address } = await serving(home, ...rules);
    await using _ = node;
    await using pipe = new Running(home, "pipe", address, `127.0.0.1:${target.port}`);
    assert.equal(await pipe.ended(), 4);
    assert.match(pipe.stderr, /too many connections/);
    assert.equal(await node.signal("SIGINT"), 0);
    const { event, opening, outcome } = JSON.parse(readFileSync(audit, "utf8"));
    assert.deepEqual(
      [event, opening, outcome],
      ["connection", `tcp 127.0.0.1:${target.port}`, "limit"],
    );
  });

  it("ends when the node takes no forward at all, also in the background", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    const why =
      "nothing is forwarded: 127.0.0.1:8080 there: " +
      "not allowed on the far side (serve --allow listen:127.0.0.1:8080)\n";
    const words = ["tunnel", address, "--remote", "8080:127.0.0.1:80"];
    for (const more of [[], ["--daemon"]]) {
      await using tunnel = new Running(home, ...words, ...more);
      assert.deepEqual([await tunnel.ended(), tunnel.stderr], [4, why]);
    }
  });

  it("goes on when the node takes some of its forwards, and says in its status which it does not", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    const forwards = ["--socks", "0", "--remote", "8080:127.0.0.1:80"];
    await using tunnel = new Running(home, "tunnel", address, ...forwards, "--json");
    await tunnel.logged("tunnel");
    const [status] = await statusOf(home);
    assert.deepEqual(status?.refused, [
      "remote 127.0.0.1:8080 -> 127.0.0.1:80: " +
        "not allowed on the far side (serve --allow listen:127.0.0.1:8080)",
    ]);
  });

  it("says that it cannot be upgraded in place, and goes on", async () => {
    using home = new TemporaryHome();
    await using target = await shouter();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    const local = `0:127.0.0.1:${target.port}`;
    await using tunnel = new Running(home, "tunnel", address, "--local", local, "--json");
    const { address: bound } = await tunnel.logged("listening");
    await tunnel.logged("connected");
    const socket = connect(Number(String(bound).split(":").at(-1)), "127.0.0.1");
    await once(socket, "connect");
    tunnel.process.kill("SIGUSR2");
    await tunnel.logged("notUpgraded");
    socket.write("hello");
    assert.equal(String((await once(socket, "data"))[0]), "HELLO");
    socket.destroy();
    assert.equal(await tunnel.signal("SIGINT"), 0);
  });

  it("is refused by a node that allows nothing", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home);
    await using _ = node;
    await using tunnel = new Running(home, "tunnel", address, "--socks", "0");
    assert.equal(await tunnel.ended(), 4);
    assert.match(tunnel.stderr, /serves no tunnels; .* serve --allow HOST:PORT/);
  });
});

describe("a tunnel that is typed wrong, or leads nowhere", () => {
  for (const [what, words, code, said] of [
    ["port 0 of a target", ["--local", "2222:db.lan:0"], 2, /a port from 1 to 65535 where 0 is/],
    [
      "a port in use for datagrams",
      ["--udp", "USED:db.lan:53"],
      3,
      /127.0.0.1:\d+ is in use already/,
    ],
    [
      "an address of another machine",
      ["--local", "192.0.2.1:0:db:1"],
      3,
      /no address of this machine/,
    ],
  ] as const) {
    it(`says what is wrong with ${what}`, async () => {
      using home = new TemporaryHome();
      const used = createSocket("udp4").bind(0, "127.0.0.1");
      await once(used, "listening");
      const filled = words.map((word) => word.replace("USED", String(used.address().port)));
      await using tunnel = new Running(home, "tunnel", "127.0.0.1:1", ...filled);
      assert.equal(await tunnel.ended(), code);
      assert.match(tunnel.stderr, said);
      used.close();
    });
  }

  it("says that what listens there is something else", async () => {
    using home = new TemporaryHome();
    const other = createServer((socket) => {
      socket
        .on("error", () => {})
        .resume()
        .write("SSH-2.0-OpenSSH_9.6\r\n");
    });
    await once(other.listen(0, "127.0.0.1"), "listening");
    const { port } = other.address() as AddressInfo; // it is TCP
    await using tunnel = new Running(home, "tunnel", `127.0.0.1:${port}`, "--socks", "0");
    const code = await tunnel.ended();
    other.close();
    assert.equal(code, 3);
    assert.match(tunnel.stderr, /^127.0.0.1:\d+: what listens there does not speak TLS/);
  });

  it("says where the address goes that an option has taken for a forward", async () => {
    using home = new TemporaryHome();
    const words = ["tunnel", "--local", "2222:localhost:22", "node.example"];
    await using tunnel = new Running(home, ...words);
    assert.equal(await tunnel.ended(), 2);
    assert.match(tunnel.stderr, /^a tunnel needs the ADDRESS of a node, in front of its options/);
  });

  for (const command of ["tunnel", "chat"]) {
    it(`ends with 130 when ${command} is stopped before anybody has answered`, async () => {
      using home = new TemporaryHome();
      const silent = createServer((socket) => void socket.on("error", () => {}));
      await once(silent.listen(0, "127.0.0.1"), "listening");
      const { port } = silent.address() as AddressInfo; // it is TCP
      const asked = once(silent, "connection");
      const more = command === "tunnel" ? ["--socks", "0"] : ["--name", "ana"];
      await using running = new Running(home, command, `127.0.0.1:${port}`, ...more);
      const [socket] = (await asked) as [Socket]; // that is what it tells of
      socket.resume();
      assert.equal(await running.signal("SIGINT"), 130);
      silent.close();
      assert.match(running.stderr, /^stopped before it (was connected|began)\.?\n$/i);
    });
  }

  it("says once that the node said goodbye, and once that it is not there", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    await using tunnel = new Running(home, "tunnel", address, "--socks", "0", "--json");
    await tunnel.logged("connected");
    await node.signal("SIGTERM");
    await tunnel.logged("lost", 2);
    await using _again = new Running(home, "serve", "--listen", address, "--allow", "127.0.0.1:*");
    await tunnel.logged("connected", 2);
    const lost = tunnel.printed.filter(({ event }) => event === "lost");
    const reasons = lost.map(({ reason }) => String(reason));
    assert.equal(reasons[0], "the node said goodbye");
    assert.equal(new Set(reasons).size, reasons.length, reasons.join());
  });

  it("says so in a home folder that is too deep for a socket", async () => {
    using home = new TemporaryHome();
    const deep = join(home.path, "d".repeat(100));
    const words = ["tunnel", "127.0.0.1:1", "--socks", "0", "--home", deep];
    await using tunnel = new Running(home, ...words);
    assert.equal(await tunnel.ended(), 3);
    assert.match(tunnel.stderr, /^no control socket: listen EINVAL/);
  });
});

describe("a tunnel in the background", () => {
  it("goes with who starts it, until it is connected", async () => {
    using home = new TemporaryHome();
    const silent = createServer((socket) => void socket.on("error", () => {}));
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { port } = silent.address() as AddressInfo; // it is TCP
    const asked = once(silent, "connection");
    const words = ["tunnel", `127.0.0.1:${port}`, "--socks", "0", "--daemon"];
    await using starting = new Running(home, ...words);
    const [socket] = (await asked) as [Socket]; // that is what it tells of
    const gone = once(socket.resume(), "close");
    starting.process.kill("SIGINT");
    await gone;
    silent.close();
  });

  it("is there when the command returns, says what it does, and ends when told to", async () => {
    using home = new TemporaryHome();
    await using target = await shouter();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    const config = join(home.path, "tunnel.json");
    const local = [`0:127.0.0.1:${target.port}`, "0:127.0.0.1:1"];
    writeFileSync(config, JSON.stringify({ address, local }));
    await using starting = new Running(home, "tunnel", "--config", config, "--daemon", "--json");
    assert.equal(await starting.ended(), 0);
    const [{ pid, log } = assert.fail("it said nothing")] = starting.printed;
    try {
      const [{ listening } = assert.fail("no tunnel")] = await statusOf(home);
      const ports = listening.map((line) => Number(/:(\d+) ->/.exec(line)?.[1]));
      const socket = connect(ports[0] ?? 0, "127.0.0.1");
      socket.write("hello");
      assert.equal(String((await once(socket, "data"))[0]), "HELLO");
      const refused = connect(ports[1] ?? 0, "127.0.0.1");
      await once(refused, "error");
      await using table = new Running(home, "tunnel", "status");
      await table.ended();
      const text = table.lines.join("\n");
      assert.match(text, new RegExp(`tunnel to ${address} \\(pid ${pid}\\): connected since`));
      assert.match(text, new RegExp(`1 +open +tcp 127.0.0.1:${target.port} +127.0.0.1:\\d+ +5 +5`));
      assert.match(text, /the target refused the connection/);
      socket.destroy();
      await using stopping = new Running(home, "tunnel", "stop", address);
      assert.equal(await stopping.ended(), 0);
      while (isAlive(Number(pid))) await sleep(20);
      assert.deepEqual(await statusOf(home), []);
      const events = readFileSync(String(log), "utf8").trim().split("\n");
      assert.ok(events.map((line) => JSON.parse(line).event).includes("connected"));
    } finally {
      if (isAlive(Number(pid))) process.kill(Number(pid), "SIGKILL");
    }
  });

  it("says why it did not come about", async () => {
    using home = new TemporaryHome();
    const words = ["tunnel", "127.0.0.1:1", "--socks", "0", "--daemon"];
    await using starting = new Running(home, ...words);
    assert.equal(await starting.ended(), 3);
    assert.match(starting.stderr, /ECONNREFUSED/);
  });

  it("says in its status that the link is down, and why, and that it went on", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    await using proxy = await breakable(Number(address.split(":")[1]));
    const way = `127.0.0.1:${proxy.port}`;
    const words = ["tunnel", way, "--socks", "0", "--json", "--accept-new"];
    await using tunnel = new Running(home, ...words);
    await tunnel.logged("connected");
    proxy.cut();
    await tunnel.logged("suspended");
    const [down] = await statusOf(home);
    assert.equal(down?.session.state, "suspended");
    // Behind it there may be why it is not back yet.
    const texts = down?.recent.map(({ text }) => text) ?? [];
    assert.ok(texts.some((text) => /^the link is down: .+; connections wait$/.test(text)));
    assert.ok(down?.session.reason);
    proxy.heal();
    await tunnel.logged("resumed");
    const [up] = await statusOf(home);
    assert.match(up?.recent.at(-1)?.text ?? "", /^goes on after \d+\.\d s$/);
    assert.equal(up?.session.reason, undefined);
    assert.equal(await tunnel.signal("SIGTERM"), 0);
  });

  describe("asked to stop while its link is down", () => {
    interface Broken {
      readonly node: Running;
      readonly tunnel: Running;
      heal(): void;
    }

    /** A tunnel with a connection through it, whose link has just broken. */
    async function suspended(work: (broken: Broken) => Promise<void>): Promise<void> {
      using home = new TemporaryHome();
      await using target = await shouter();
      const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
      await using _ = node;
      await using proxy = await breakable(Number(address.split(":")[1]));
      const local = `0:127.0.0.1:${target.port}`;
      const words = ["tunnel", `127.0.0.1:${proxy.port}`, "--local", local, "--accept-new"];
      await using tunnel = new Running(home, ...words, "--json");
      const { address: bound } = await tunnel.logged("listening");
      const socket = connect(Number(String(bound).split(":").at(-1)), "127.0.0.1");
      socket.on("error", () => {}).write("hello");
      await once(socket, "data");
      proxy.cut();
      await tunnel.logged("suspended");
      await work({ node, tunnel, heal: () => proxy.heal() });
    }

    it("tells the node when that is there again in time", () =>
      suspended(async ({ node, tunnel, heal }) => {
        tunnel.process.kill("SIGINT");
        await tunnel.logged("stopping");
        heal();
        assert.equal(await tunnel.ended(), 0);
        assert.equal((await node.logged("connection"))["outcome"], "sessionEnded");
      }));

    it("says for how long the node waits when it cannot be told", () =>
      suspended(async ({ tunnel }) => {
        assert.equal(await tunnel.signal("SIGTERM"), 130);
        const told = tunnel.printed.find(({ event }) => event === "notTold");
        assert.equal(told?.["seconds"], 600);
      }));

    it("ends at once when it is asked again", () =>
      suspended(async ({ tunnel }) => {
        tunnel.process.kill("SIGINT");
        await tunnel.logged("stopping");
        assert.equal(await tunnel.signal("SIGINT"), 130);
        assert.ok(!tunnel.printed.some(({ event }) => event === "notTold"));
      }));
  });

  it("says what to do about a key that is not known, or not the one it was", async () => {
    using home = new TemporaryHome();
    using other = new TemporaryHome();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    const folder = join(other.path, "keys");
    const words = ["tunnel", address, "--socks", "0", "--daemon", "--home", folder];
    await using unknown = new Running(other, ...words);
    assert.equal(await unknown.ended(), 5);
    assert.match(
      unknown.stderr,
      new RegExp(`identity trust ${address} SHA256:\\S+ --home ${folder}\\n`),
    );
    const key = `SHA256:${"A".repeat(43)}`;
    await using trusting = new Running(other, "identity", "trust", address, key, "--home", folder);
    assert.equal(await trusting.ended(), 0);
    await using changed = new Running(other, ...words);
    assert.equal(await changed.ended(), 5);
    assert.match(
      changed.stderr,
      /another key than before: .*identity forget 127.0.0.1:\d+ --home/s,
    );
  });

  it("does not keep its status waiting for one that is stopped", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    await using tunnel = new Running(home, "tunnel", address, "--socks", "0", "--json");
    await tunnel.logged("connected");
    tunnel.process.kill("SIGSTOP");
    await using status = new Running(home, "tunnel", "status");
    assert.equal(await status.ended(), 0);
    assert.deepEqual(status.lines, []);
    assert.match(status.stderr, new RegExp(`process id ${tunnel.process.pid} does not answer`));
    tunnel.process.kill("SIGCONT");
    assert.equal(await tunnel.signal("SIGINT"), 0);
  });

  it("does not take settings that do not exist", async () => {
    using home = new TemporaryHome();
    const config = join(home.path, "tunnel.json");
    writeFileSync(config, JSON.stringify({ address: "host", lokal: [] }));
    await using tunnel = new Running(home, "tunnel", "--config", config);
    assert.equal(await tunnel.ended(), 2);
    assert.match(tunnel.stderr, /no such setting: lokal; there are address, local/);
  });
});

describe("tertulia pipe", () => {
  it("is a connection on standard input and output", async () => {
    using home = new TemporaryHome();
    await using target = await shouter();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    await using pipe = new Running(home, "pipe", address, `127.0.0.1:${target.port}`);
    pipe.process.stdin.write("hello\n");
    await pipe.until(() => pipe.lines.find((line) => line === "HELLO"));
    pipe.process.stdin.end();
    assert.equal(await pipe.ended(), 0);
  });

  for (const signal of ["SIGHUP", "SIGTERM"] as const) {
    it(`leaves nothing behind when ${signal} ends it, as ssh does it`, async () => {
      using home = new TemporaryHome();
      await using target = await shouter();
      const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
      await using _ = node;
      await using pipe = new Running(home, "pipe", address, `127.0.0.1:${target.port}`);
      pipe.process.stdin.write("hello\n");
      await pipe.until(() => pipe.lines.find((line) => line === "HELLO"));
      assert.equal(await pipe.signal(signal), 1);
      assert.equal(pipe.stderr, "");
      const { outcome } = await node.logged("connection");
      assert.equal(outcome, "sessionEnded");
    });
  }

  it("says nothing when nobody reads any more", async () => {
    using home = new TemporaryHome();
    await using target = await shouter();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:*");
    await using _ = node;
    await using pipe = new Running(home, "pipe", address, `127.0.0.1:${target.port}`);
    pipe.process.stdout.destroy();
    pipe.process.stdin.write("hello\n");
    await pipe.ended();
    assert.equal(pipe.stderr, "");
  });

  it("gets where a rule allows one key to go, and nobody else does", async () => {
    using home = new TemporaryHome();
    await using target = await shouter();
    await using own = new Running(home, "identity", "--json");
    await own.ended();
    const key = own.printed[0]?.["fingerprint"];
    const { node, address } = await serving(home, "--allow", `127.0.0.1:${target.port}@${key}`);
    await using _ = node;
    const to = [address, `127.0.0.1:${target.port}`];
    await using pipe = new Running(home, "pipe", ...to);
    pipe.process.stdin.end("hello\n");
    await pipe.ended();
    using other = new TemporaryHome();
    await using stranger = new Running(other, "pipe", ...to, "--accept-new");
    assert.deepEqual([pipe.lines, await stranger.ended()], [["HELLO"], 4]);
  });

  it("is not served by a rule with half a key", async () => {
    using home = new TemporaryHome();
    const rule = ["--allow", "127.0.0.1:1@SHA256:abc"];
    await using node = new Running(home, "serve", "--listen", "127.0.0.1:0", ...rule);
    assert.equal(await node.ended(), 2);
    assert.match(node.stderr, /not a fingerprint: SHA256:abc/);
  });

  it("says why it came to nothing", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:1");
    await using _ = node;
    await using pipe = new Running(home, "pipe", address, "127.0.0.1:2");
    assert.equal(await pipe.ended(), 4);
    assert.match(pipe.stderr, /not allowed on the far side/);
  });

  it("is a ProxyCommand whose ssh prints every line while the link breaks", async (t) => {
    const sshd = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find(existsSync);
    if (sshd === undefined || process.getuid?.() !== 0) {
      return leaveOut(t, "needs OpenSSH (scripts/peers.sh), and root");
    }
    using home = new TemporaryHome();
    await using server = await sshServer(sshd, home.path);
    const { node, address } = await serving(home, "--allow", `127.0.0.1:${server.port}`);
    await using _ = node;
    await using proxy = await breakable(Number(address.split(":")[1]));
    const pipe = `${process.execPath} ${bin} pipe --accept-new 127.0.0.1:${proxy.port} %h:%p`;
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
    options.push(`IdentityFile=${server.key}`, `ProxyCommand=${pipe}`);
    const ssh = spawn(
      "ssh",
      [
        ...["-F", "none", ...options.flatMap((option) => ["-o", option])],
        ...["-p", String(server.port), "root@127.0.0.1"],
        "for i in $(seq 1 60); do echo line $i; sleep 0.05; done",
      ],
      { env: { ...process.env, XDG_CONFIG_HOME: home.path }, stdio: ["ignore", "pipe", "inherit"] },
    );
    let out = "";
    ssh.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    const closed = once(ssh, "close");
    await once(ssh.stdout, "data");
    for (let i = 0; i < 3; i++) {
      proxy.cut();
      await sleep(300);
      proxy.heal();
      await sleep(400);
    }
    await closed;
    assert.equal(out, Array.from({ length: 60 }, (_, i) => `line ${i + 1}\n`).join(""));
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Printed, Running, serving, TemporaryHome } from "../processes.ts";

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

/** The first line of a log that tells of this event. */
function logged(command: Running, event: string): Promise<Printed> {
  return command.until(() => command.printed.find((line) => line["event"] === event));
}

describe("tertulia tunnel", () => {
  it("forwards what the node allows, and says what goes through", async () => {
    using home = new TemporaryHome();
    await using target = await shouter();
    const { node, address } = await serving(home, "--allow", `127.0.0.1:${target.port}`);
    await using _ = node;
    const local = `0:127.0.0.1:${target.port}`;
    await using tunnel = new Running(home, "tunnel", address, "--local", local, "--json");
    const { address: bound } = await logged(tunnel, "listening");
    await logged(tunnel, "connected");
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
    await logged(node, "connection");
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

  it("is refused by a node that allows nothing", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home);
    await using _ = node;
    await using tunnel = new Running(home, "tunnel", address, "--socks", "0");
    assert.equal(await tunnel.ended(), 4);
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

  it("says why it came to nothing", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--allow", "127.0.0.1:1");
    await using _ = node;
    await using pipe = new Running(home, "pipe", address, "127.0.0.1:2");
    assert.equal(await pipe.ended(), 4);
    assert.match(pipe.stderr, /not allowed on the far side/);
  });
});

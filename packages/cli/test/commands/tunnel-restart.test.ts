import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Printed, Running, serving, TemporaryHome } from "../processes.ts";

/** A server on a free port that says back what it hears; and the sockets that it has. */
async function echo(): Promise<
  AsyncDisposable & { readonly port: number; readonly sockets: ReadonlySet<Socket> }
> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

async function said(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return String((await once(socket, "data"))[0]);
}

describe("a tunnel whose node is killed and started again", () => {
  it("goes on with its session, and resets what the node had sockets for", async () => {
    using home = new TemporaryHome();
    await using target = await echo();
    const store = join(home.path, "node.db");
    const words = ["--allow", "any:127.0.0.1:*", "--store", store];
    const { node, address } = await serving(home, ...words);
    const local = `0:127.0.0.1:${target.port}`;
    const remote = `127.0.0.1:0:127.0.0.1:${target.port}`;
    const forwards = ["--local", local, "--remote", remote];
    await using tunnel = new Running(home, "tunnel", address, ...forwards, "--json");
    const { address: bound } = await tunnel.logged("listening");
    const { session } = await tunnel.logged("connected");
    const port = Number(String(bound).split(":").at(-1));
    const before = connect(port, "127.0.0.1");
    assert.equal(await said(before, "before"), "before");
    const failed = once(before, "error");
    await node.signal("SIGKILL");
    const again = ["serve", "--listen", address, "--json", ...words];
    await using restarted = new Running(home, ...again);
    await restarted.logged("listening");
    const [error] = await failed;
    assert.equal((error as NodeJS.ErrnoException).code, "ECONNRESET");
    await tunnel.logged("resumed");
    const lost = (line: Printed) => String(line["text"]).includes("the far side was restarted");
    await tunnel.until(() => tunnel.printed.find(lost));
    // The far end listens again, at another port, for it was told to take any.
    const listens = (line: Printed) => /there leads to .* here$/.test(String(line["text"]));
    const { text } = await tunnel.until(() => tunnel.printed.filter(listens)[1]);
    const there = connect(Number(/:(\d+) there/.exec(String(text))?.[1]), "127.0.0.1");
    assert.equal(await said(there, "from there"), "from there");
    there.destroy();
    const after = connect(port, "127.0.0.1");
    assert.equal(await said(after, "after"), "after");
    after.destroy();
    assert.equal(await tunnel.signal("SIGINT"), 0);
    const events = tunnel.printed.map(({ event }) => event);
    assert.ok(!events.includes("lost"), events.join());
    const { session: audited } = await restarted.logged("connection");
    assert.equal(audited, session);
  });
});

/**
 * How long connections stand still while their node is replaced by another process (`kill -USR2`): the
 * longest that one of them, which says a word every 5 ms, waits for an echo; alone, and beside many that
 * are idle and each say a word afterwards.
 *
 * @module
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Running, serving, TemporaryHome } from "../../packages/cli/dist/test/processes.js";
import type { Case } from "../harness.ts";

const TALK_MS = 5;
/** Opened at a time: as many as a kernel's queue of those that dial has room for. */
const BATCH = 50;

export function upgrading(count: number): Case {
  return {
    name: "tunnel-upgrade",
    unit: `ms that a connection stands still, alone and as one of ${count}`,
    better: "lower",
    columns: { tertulia: () => pause(1), "tertulia-many": () => pause(count) },
  };
}

async function pause(count: number): Promise<number> {
  using home = new TemporaryHome();
  await using target = await echo();
  const store = ["--store", join(home.path, "node.db")];
  const { node, address } = await serving(home, "--allow", "127.0.0.1:*", ...store);
  await using tunnel = new Running(
    home,
    ...["tunnel", address, "--local", `0:127.0.0.1:${target.port}`, "--json"],
  );
  const { address: bound } = await tunnel.logged("listening");
  await tunnel.logged("connected");
  const local = Number(String(bound).split(":").at(-1));
  let successor: number | undefined;
  const idle: Socket[] = [];
  try {
    while (idle.length < count - 1) {
      const batch = Array.from({ length: Math.min(BATCH, count - 1 - idle.length) }, () =>
        open(local),
      );
      idle.push(...(await Promise.all(batch)));
      await Promise.all(idle.slice(-batch.length).map(answered));
    }
    using talker = new Talker(await open(local));
    while (talker.count < 20) await sleep(TALK_MS);
    talker.longestMs = 0;
    node.process.kill("SIGUSR2");
    await tunnel.logged("resumed");
    successor = Number((await node.logged("upgrading"))["successor"]);
    const before = talker.count;
    while (talker.count < before + 20) await sleep(TALK_MS);
    // All of them have gone over.
    await Promise.all(idle.map(answered));
    return talker.longestMs;
  } finally {
    for (const socket of idle) socket.destroy();
    // It writes where the node did, which has closed only then.
    if (successor !== undefined) process.kill(successor, "SIGKILL");
    await node[Symbol.asyncDispose]();
  }
}

/** A server that says back what it hears. */
async function echo(): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, // it is TCP
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  return socket;
}

async function answered(socket: Socket): Promise<void> {
  socket.write(".");
  await once(socket, "data");
}

class Talker implements Disposable {
  longestMs = 0;
  count = 0;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;

  constructor(socket: Socket) {
    this.#socket = socket;
    let last = performance.now();
    socket.on("data", () => {
      const now = performance.now();
      this.longestMs = Math.max(this.longestMs, now - last);
      last = now;
      this.count += 1;
    });
    this.#timer = setInterval(() => socket.write("."), TALK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

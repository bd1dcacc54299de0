/**
 * One of the two processes of a bench: does what its parent asks. See `pair.ts`.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { answerWith } from "../worker.ts";
import type { Column, Command } from "./commands.ts";
import type { Connection, Peer, Survival } from "./peer.ts";

/** Each is loaded only where it is used: what lies around in memory is measured too. */
const peers: Readonly<Record<Column, () => Promise<Peer>>> = {
  tertulia: async () => (await import("./peers/tertulia.ts")).tertulia(),
  "tertulia-for-await": async () =>
    (await import("./peers/tertulia.ts")).tertulia({ isIterated: true }),
  "tertulia-tls": async () => (await import("./peers/tertulia.ts")).tertulia({ isTls: true }),
  net: async () => (await import("./peers/framed.ts")).framed(),
  slab: async () => (await import("./peers/framed.ts")).framed({ hasSlabs: true }),
  ws: async () => (await import("./peers/ws.ts")).webSocket(),
  "socket.io": async () => (await import("./peers/socket-io.ts")).socketIo(),
  "dev-tunnels-ssh": async () => (await import("./peers/ssh.ts")).devTunnelsSsh(),
  tls: async () => (await import("./peers/framed.ts")).framed({ isTls: true }),
  "slab-tls": async () =>
    (await import("./peers/framed.ts")).framed({ isTls: true, hasSlabs: true }),
  wss: async () => (await import("./peers/ws.ts")).webSocket({ isTls: true }),
};

/** Connections that are opened at a time. */
const CONCURRENT = 32;
/** Messages between two looks at the clock. */
const BATCH = 64;
/** A message of one octet ends a round, and is answered by another. */
const MARK = Buffer.alloc(1);

const peer = await peers[process.argv[2] as Column](); // our parent passes one of them
const connections: Connection[] = [];
let received = 0;
let onMessage: (() => void) | undefined;
let onMark: (() => void) | undefined;

answerWith(run);

async function run(command: Command): Promise<number> {
  switch (command.type) {
    case "listen":
      return peer.listen(accepted);
    case "connect":
      return connectMany(command.port, command.count);
    case "send":
      return sendFor(command.octets, command.ms);
    case "echo":
      return echoFor(command.octets, command.ms);
    case "establish":
      return establishFor(command.port, command.ms);
    case "close":
      for (const connection of connections.splice(0)) connection.close();
      await sleep(100);
      return 0;
    case "memory":
      return memory();
    case "received":
      return received;
    case "break":
      survival().breakLinks();
      return 0;
    case "watch":
      survival().watch();
      return 0;
    case "resumed":
      while (survival().resumed() < command.count) await sleep(5);
      return 0;
  }
}

/** The listener: echoes, unless it is the one that sends. */
function accepted(connection: Connection): void {
  connections.push(connection);
  connection.receive((octets) => {
    if (octets.length === 1) onMark?.();
    else void connection.send(octets);
  });
}

async function connectOne(port: number): Promise<Connection> {
  const connection = await peer.connect(port);
  connections.push(connection);
  connection.receive((octets) => {
    if (octets.length === 1) {
      void connection.send(MARK);
      return;
    }
    received += 1;
    onMessage?.();
  });
  return connection;
}

async function connectMany(port: number, count: number): Promise<number> {
  const start = performance.now();
  let left = count;
  const worker = async () => {
    while (left-- > 0) await connectOne(port);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  return (performance.now() - start) / 1000;
}

async function establishFor(port: number, ms: number): Promise<number> {
  const start = performance.now();
  const before = connections.length;
  const worker = async () => {
    while (performance.now() < start + ms) await connectOne(port);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  return ((connections.length - before) * 1000) / (performance.now() - start);
}

async function sendFor(octets: number, ms: number): Promise<number> {
  const connection = await first();
  const payload = Buffer.alloc(octets, 0x61);
  const batch = octets > 4096 ? 1 : BATCH;
  const start = performance.now();
  let count = 0;
  while (performance.now() < start + ms) {
    for (let i = 0; i < batch; i++) {
      const sent = connection.send(payload);
      if (sent) await sent;
    }
    count += batch;
  }
  // Not before the other side's application has had them all.
  const marked = new Promise<void>((resolve) => (onMark = resolve));
  await connection.send(MARK);
  await marked;
  return (count * 1000) / (performance.now() - start);
}

async function echoFor(octets: number, ms: number): Promise<number> {
  const connection = await first();
  const payload = Buffer.alloc(octets, 0x61);
  const start = performance.now();
  let count = 0;
  return new Promise((resolve) => {
    onMessage = () => {
      count += 1;
      const elapsed = performance.now() - start;
      if (elapsed < ms) return void connection.send(payload);
      onMessage = undefined;
      resolve((elapsed * 1000) / count);
    };
    void connection.send(payload);
  });
}

async function memory(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await sleep(50);
    gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function survival(): Survival {
  if (peer.survival === undefined) throw new Error("it does not survive");
  return peer.survival;
}

/** The one connection there is, once it has come: the other side may know of it earlier. */
async function first(): Promise<Connection> {
  for (;;) {
    const [connection] = connections;
    if (connection) return connection;
    await sleep(1);
  }
}

/**
 * How fast the name server answers and registers, by Samba's own load generator, beside nmbd; and
 * what a session of messages costs beside a bare TCP connection.
 *
 *     npm run bench -- netbios
 *
 * @module
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
// The tests' network of namespaces, compiled as the benches' own library is.
import { Network } from "../../packages/tertulia/dist/test/netbios/network.js";
import { findPeer } from "../../packages/tertulia/dist/test/peers.js";
import { type Case, Missing } from "../harness.ts";

const SECONDS = 3;
const MESSAGE_OCTETS = 1024;
const MESSAGES = 300_000;

export const cases: readonly Case[] = [
  {
    name: "netbios-query",
    unit: "queries/s",
    better: "higher",
    columns: { tertulia: () => torture("nbt.bench", ours), nmbd: () => torture("nbt.bench", nmbd) },
  },
  {
    name: "netbios-register",
    unit: "operations/s",
    better: "higher",
    columns: {
      tertulia: () => torture("nbt.bench-wins", ours),
      nmbd: () => torture("nbt.bench-wins", nmbd),
    },
  },
  {
    name: "netbios-session-1024",
    unit: "messages/s",
    better: "higher",
    columns: { tertulia: () => throughput("tertulia"), net: () => throughput("net") },
  },
];

type Start = (network: Network) => Promise<void>;

const ours: Start = async (network) => {
  const server = { groups: "windows", tellsAll: false } as const;
  const agent = await network.agent(1, { server });
  await agent.call("addName", "WINSA<20>");
};

const nmbd: Start = async (network) => {
  network.daemon("nmbd", 1, network.configure("WINSA", 1, "wins support = yes", "log level = 0"));
};

/** Operations a second that smbtorture counts against a server in a namespace of its own. */
async function torture(suite: string, start: Start): Promise<number> {
  for (const peer of ["ip", "nmbd", "nmblookup", "smbtorture"]) {
    if (findPeer(peer) === undefined) throw new Missing(`${peer} is not installed`);
  }
  if (process.getuid?.() !== 0) throw new Missing("network namespaces need root");
  await using network = new Network(2);
  const client = network.configure("CLI", 2);
  await start(network);
  const lookup = ["-s", client, "-B", "10.77.0.255", "WINSA#20"];
  await network.until(2, "nmblookup", lookup, /10\.77\.0\.1 WINSA<20>/);
  const options = [
    "interfaces=10.77.0.2/24",
    "name resolve order=bcast",
    `torture:timelimit=${SECONDS}`,
  ].map((option) => `--option=${option}`);
  const parameters = ["-s", client, "//WINSA/pub", "-U%", ...options, suite];
  const { output } = await network.run(2, "smbtorture", parameters, { timeoutMs: 60_000 });
  const rates = [...output.matchAll(/([\d.]+) (?:queries|ops|operations)? ?(?:per|\/) ?sec/g)];
  const rate = Number(rates.at(-1)?.[1]);
  if (!(rate > 0)) throw new Error(`no rate in: ${output.slice(-500)}`);
  return rate;
}

/** Messages a second from this thread to another, which takes them and counts. */
async function throughput(how: "tertulia" | "net"): Promise<number> {
  const worker = new Worker(new URL("./receiver.ts", import.meta.url), { workerData: how });
  try {
    const [port] = await once(worker, "message");
    const begin = performance.now();
    const received = once(worker, "message");
    await (how === "net" ? sendRaw(port) : sendMessages(port));
    await received;
    return (MESSAGES / (performance.now() - begin)) * 1000;
  } finally {
    await worker.terminate();
  }
}

async function sendRaw(port: number): Promise<void> {
  const socket: Socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const message = new Uint8Array(MESSAGE_OCTETS);
  for (let i = 0; i < MESSAGES; i++) {
    if (!socket.write(message)) await once(socket, "drain");
  }
  socket.end();
}

async function sendMessages(port: number): Promise<void> {
  const { openNetbios } = await import("tertulia/netbios");
  await using node = await openNetbios({ address: "127.0.0.1", namePort: 0, localNamePort: 0 });
  const session = await node.call("SINK", { calling: "SOURCE", at: `127.0.0.1:${port}` });
  const message = new Uint8Array(MESSAGE_OCTETS);
  for (let i = 0; i < MESSAGES; i++) await session.send(message);
  await session.hangUp();
}

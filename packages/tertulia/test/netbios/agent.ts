/**
 * A node of ours that is told what to do by lines on its standard input: what a test in a network
 * namespace starts. Not a test by itself.
 */

import { createInterface } from "node:readline";
import {
  callByName,
  formatName,
  type NetbiosName,
  type NetbiosSession,
  openFront,
  openNetbios,
  runNameHook,
} from "../../src/netbios/index.ts";

const node = await openNetbios(JSON.parse(process.argv[2] ?? "{}"));
const sessions: NetbiosSession[] = [];

const methods: Record<string, (...parameters: never[]) => Promise<unknown>> = {
  addName: (name: string, options: object) => node.addName(name, options),
  deleteName: (name: string) => node.deleteName(name),
  find: async (name: string) => (await node.find(name)).entries,
  findAt: async (name: string, at: string) => (await node.find(name, { at })).entries,
  status: async (target: string) =>
    (await node.status(target)).names.map(({ label }) => formatName({ label, scope: "" })),
  sendDatagram: (source: string, to: string, hex: string, group: boolean) =>
    node.sendDatagram(source, to, new Uint8Array(Buffer.from(hex, "hex")), { group }),
  broadcastDatagram: (source: string, hex: string) =>
    node.broadcastDatagram(source, new Uint8Array(Buffer.from(hex, "hex"))),
  openDatagrams: async () => {
    await node.openDatagrams();
    void tellDatagrams();
  },
  hook: async (program: string) =>
    void runNameHook(node, program, { failed: (error) => tell({ role: "hook", error }) }),
  front: async (path: string, mode: number) =>
    void (await openFront(node, path, {
      mode,
      told: (event) => tell({ role: "front", ...event }),
    })),
  retarget: (name: string, to: { address: string; port: number }) => node.retarget(name, to),
  /** Listens, answers each message by what `answer` says: nothing, or the message itself. */
  listen: async (name: string, answer: "echo" | "nothing" | "messenger") => {
    void serve(name, answer);
    return (await node.sessionServer()).port;
  },
  call: async (name: string, options: object) => {
    const session = await node.call(name, options);
    return { session: sessions.push(session) - 1, peer: session.peer };
  },
  /** Asks for a durable session, and says which kind it got. */
  callByName: async (name: string, calling: string) => {
    const called = await callByName(node, name, { calling });
    if (called.type === "durable") return { type: called.type };
    return { type: called.type, session: sessions.push(called.session) - 1 };
  },
  send: (at: number, hex: string) =>
    sessions[at]?.send(new Uint8Array(Buffer.from(hex, "hex"))) ?? Promise.resolve(),
  receive: async (at: number) => {
    const message = await sessions[at]?.receive({ signal: AbortSignal.timeout(5000) });
    return message && Buffer.from(message).toString("hex");
  },
  hangUp: async (at: number) => await sessions[at]?.hangUp(),
  close: async () => {
    await node.close();
    setTimeout(() => process.exit(0), 20);
  },
};

async function tellDatagrams(): Promise<void> {
  for await (const { kind, source, destination, userData } of node.datagrams()) {
    tell({ role: "datagram", kind, source, destination, userData: hexOf(userData) });
  }
}

async function serve(name: string, answer: "echo" | "nothing" | "messenger"): Promise<void> {
  for await (const session of node.listen(name)) void converse(session, answer);
}

async function converse(session: NetbiosSession, answer: string): Promise<void> {
  tell({ role: "session", local: session.local, remote: session.remote });
  try {
    for await (const message of session) {
      tell({ role: "message", userData: hexOf(message) });
      if (answer === "echo") await session.send(message);
      if (answer === "messenger") await session.send(acknowledge(message));
    }
    await session.hangUp();
  } catch (error) {
    tell({ role: "session", error: String(error) });
  }
}

/** The least that a messenger says to an SMB message: the same command, as a response, no error. */
function acknowledge(message: Uint8Array): Uint8Array {
  const isStart = message[4] === 0xd5;
  const response = new Uint8Array(isStart ? 37 : 35);
  response.set(message.subarray(0, 32));
  response.fill(0, 5, 9);
  response[9] = (message[9] ?? 0) | 0x80;
  // One word, the id of the message group, for the start of a message; none for the rest.
  if (isStart) response.set([1, 7, 0, 0, 0], 32);
  return response;
}

function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets).toString("hex");
}

function tell(event: object): void {
  const named = Object.entries(event).map(([key, value]) => [key, readable(value)]);
  console.log(JSON.stringify({ event: Object.fromEntries(named) }));
}

function readable(value: unknown): unknown {
  const isName = typeof value === "object" && value !== null && "label" in value;
  // What has a label is a name, in every event there is.
  return isName ? formatName(value as NetbiosName) : value;
}

void (async () => {
  for await (const { role, event } of node.events()) {
    const { error, ...rest } = { error: undefined, ...event };
    tell({ role, ...rest, ...(error !== undefined && { error: String(error) }) });
  }
})();

createInterface(process.stdin)
  .on("line", (line) => void answer(JSON.parse(line)))
  .on("close", () => process.exit(0));
console.log(JSON.stringify({ id: 0 }));

async function answer(request: { id: number; method: string; parameters: never[] }): Promise<void> {
  const { id, method, parameters } = request;
  try {
    const result = await methods[method]?.(...parameters);
    console.log(JSON.stringify({ id, result: result ?? null }));
  } catch (error) {
    const { message, reason } = error as { message: string; reason?: string };
    console.log(JSON.stringify({ id, error: message, reason }));
  }
}

/**
 * How a running node or tunnel is asked and told things: a Unix socket in the home folder, which nobody else may
 * open. One JSON object in, one a line out.
 *
 * @module
 */

import { once } from "node:events";
import { readdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ensureFolder } from "tertulia/auth";
import { CommandError, exitCodes, messageOf } from "./exit.ts";
import type { Home } from "./home.ts";
import { linesOf } from "./lines.ts";

/** What an answer says that is none. */
interface Refused {
  readonly error: string;
}

/** Octets of a request: more than any of them needs. */
const REQUEST_OCTETS_MAX = 64 * 1024;

/** What runs: each has a folder of its own. */
export type Kind = "nodes" | "tunnels";

const names: Readonly<Record<Kind, string>> = { nodes: "node", tunnels: "tunnel" };

const folderOf = (home: Home, kind: Kind) => join(home.folder, kind);

/**
 * Answers requests until it is disposed of.
 *
 * @param answer - Yields what to say; what it throws is said as an error.
 */
export async function offerControl(
  home: Home,
  answer: (request: Readonly<Record<string, unknown>>) => AsyncIterable<object>,
  kind: Kind = "nodes",
): Promise<AsyncDisposable> {
  const folder = folderOf(home, kind);
  await ensureFolder(folder);
  const path = join(folder, `${process.pid}.sock`);
  await rm(path, { force: true });
  const server = createServer((socket) => {
    socket.on("error", () => {});
    void serve(socket, answer);
  });
  server.listen(path);
  await once(server, "listening").catch((cause: Error) => {
    throw new CommandError(exitCodes.unreachable, `no control socket: ${cause.message}`);
  });
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(path, { force: true });
    },
  };
}

async function serve(
  socket: Socket,
  answer: (request: Readonly<Record<string, unknown>>) => AsyncIterable<object>,
): Promise<void> {
  async function* lines() {
    try {
      // `askNode` wrote it, or somebody who may do everything anyway.
      const request = JSON.parse(await firstLine(socket)) as Record<string, unknown> | null;
      for await (const one of answer(request ?? {})) yield `${JSON.stringify(one)}\n`;
    } catch (error) {
      yield `${JSON.stringify({ error: messageOf(error) } satisfies Refused)}\n`;
    }
  }
  await pipeline(Readable.from(lines()), socket).catch(() => {});
}

async function firstLine(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8");
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    text += piece;
    if (text.includes("\n")) return text;
    if (text.length > REQUEST_OCTETS_MAX) break;
  }
  throw new Error("not a request");
}

/** The process ids of the nodes of this home folder. */
export function runningNodes(home: Home): Promise<number[]> {
  return runningProcesses(home, "nodes");
}

/** The process ids of what runs of a kind. The sockets of those that are gone are swept away. */
export async function runningProcesses(home: Home, kind: Kind): Promise<number[]> {
  const folder = folderOf(home, kind);
  const names = await readdir(folder).catch(() => []);
  const pids = names.map((name) => Number.parseInt(name, 10)).filter((pid) => pid > 0);
  const alive = await Promise.all(pids.map((pid) => isAnswering(join(folder, `${pid}.sock`))));
  return pids.filter((_, index) => alive[index]);
}

async function isAnswering(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path, () => resolve(true));
  // One that is busy is there.
  socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "EAGAIN"));
  const isThere = await promise;
  socket.destroy();
  if (!isThere) await rm(path, { force: true });
  return isThere;
}

/** As {@link askProcess}, of a node. */
export function askNode(
  home: Home,
  pid: number,
  request: object,
): AsyncGenerator<unknown, void, undefined> {
  return askProcess(home, "nodes", pid, request);
}

/**
 * What a process answers, object by object.
 *
 * @param silentMs - How long it may say nothing: one that is stopped takes requests, and no more.
 * @throws {CommandError} What it could not do; `unreachable` when it is gone.
 */
export async function* askProcess(
  home: Home,
  kind: Kind,
  pid: number,
  request: object,
  silentMs = 0,
): AsyncGenerator<unknown, void, undefined> {
  const socket = connect(join(folderOf(home, kind), `${pid}.sock`));
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {});
  socket.on("error", () => {
    gone.reject(
      new CommandError(exitCodes.unreachable, `no ${names[kind]} with process id ${pid} runs here`),
    );
  });
  socket.setTimeout(silentMs, () => {
    const what = `the ${names[kind]} with process id ${pid} does not answer: it is stopped, or busy`;
    gone.reject(new CommandError(exitCodes.unreachable, what));
  });
  socket.write(`${JSON.stringify(request)}\n`);
  const reader = createInterface({ input: socket });
  // It says again what the socket has said, and so would end us.
  reader.on("error", () => {});
  const lines = linesOf(reader);
  try {
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), gone.promise]);
      if (done) return;
      const one: unknown = JSON.parse(value);
      if (isRefused(one)) throw new CommandError(exitCodes.failed, one.error);
      yield one;
    }
  } finally {
    socket.destroy();
  }
}

function isRefused(value: unknown): value is Refused {
  return typeof value === "object" && value !== null && "error" in value;
}

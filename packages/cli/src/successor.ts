/**
 * A node that is upgraded in place: it starts its successor, gives it the listening socket, and then
 * everything else through the store. Whoever dials meanwhile waits in the socket.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Server, Socket } from "node:net";

/** What the two say to each other, in this order; `socket` carries the socket. */
type Word = { readonly type: "ready" | "socket" | "taken" | "go" | "serving" };

/** Says that the process has a predecessor. */
const VARIABLE = "TERTULIA_PREDECESSOR";
/** How long the successor may take for each step. */
const STEP_MS = 30_000;
/** Connections that wait for the successor: as many as the system lets wait. */
const HELD_MAX = 1024;

export class Successor {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts this command again, from what is installed now, and waits until it is there. */
  static async start(): Promise<Successor> {
    const [program = "", ...words] = [
      process.execPath,
      ...process.execArgv,
      ...process.argv.slice(1),
    ];
    const child = spawn(program, words, {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, [VARIABLE]: String(process.pid) },
    });
    const successor = new Successor(child);
    try {
      await successor.#word("ready");
      return successor;
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Gives it the listening socket: from now on it takes the connections. */
  async give(server: Server): Promise<void> {
    this.#child.send({ type: "socket" } satisfies Word, server);
    await this.#word("taken");
    server.close();
  }

  /** Has it open the store, and serve. */
  async go(): Promise<void> {
    this.#child.send({ type: "go" } satisfies Word);
    await this.#word("serving");
    this.#child.disconnect();
    this.#child.unref();
  }

  async #word(type: Word["type"]): Promise<void> {
    const signal = AbortSignal.timeout(STEP_MS);
    const ended = once(this.#child, "exit", { signal }).then(([code, killer]) => {
      throw new Error(`the successor ended before it was ${type}: ${code ?? killer}`);
    });
    ended.catch(() => {});
    await Promise.race([wordOf(this.#child, type, signal), ended]);
  }
}

/** What a successor gets of the node before it. */
export interface Inheritance {
  readonly server: Server;
  /** Says that this node serves, and has those who waited come in. */
  serving(): void;
}

/** Waits for the socket and the store of the node before; `undefined` when there was none. */
export async function inherit(): Promise<Inheritance | undefined> {
  if (process.env[VARIABLE] !== String(process.ppid) || process.send === undefined)
    return undefined;
  delete process.env[VARIABLE];
  const held: Socket[] = [];
  const hold = (socket: Socket) => {
    socket.on("error", () => socket.destroy());
    if (held.length >= HELD_MAX) socket.destroy();
    else held.push(socket);
  };
  const { promise, resolve } = Promise.withResolvers<Server>();
  process.once("message", (_word, handle) => {
    const server = handle as Server; // the first word is `socket`
    // It takes connections as soon as it is here.
    server.on("connection", hold);
    resolve(server);
  });
  say("ready");
  const server = await promise;
  const signal = AbortSignal.timeout(STEP_MS);
  const going = wordOf(process, "go", signal);
  say("taken");
  await going;
  return {
    server,
    serving() {
      for (const socket of held.splice(0)) server.emit("connection", socket);
      process.send?.({ type: "serving" } satisfies Word, () => process.disconnect?.());
    },
  };
}

function say(type: Word["type"]): void {
  process.send?.({ type } satisfies Word);
}

async function wordOf(
  from: NodeJS.EventEmitter,
  type: Word["type"],
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const [word]: Word[] = await once(from, "message", { signal });
    if (word?.type === type) return;
  }
}

/**
 * A node that is upgraded in place: it starts its successor, gives it the sockets of its tunnels and the
 * listening socket, and then everything else through the store. Whoever dials meanwhile waits in the
 * socket.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Server, Socket } from "node:net";
import { holdReading, type Passed, type PassedConnection } from "tertulia/tunnel";

/**
 * What the two say to each other, in this order: the successor is `ready`, gets any number of batches of
 * `connection`, each with its socket, behind which it answers `kept`; then the listening `socket`, which
 * it says is `taken`; and when the store is free it is to `go`, and says that it is `serving`.
 */
type Word =
  | { readonly type: "ready" | "batch" | "kept" | "socket" | "taken" | "go" | "serving" }
  | { readonly type: "connection"; readonly connection: PassedConnection };

/** Says that the process has a predecessor. */
const VARIABLE = "TERTULIA_PREDECESSOR";
/** How long the successor may take for each step. */
const STEP_MS = 30_000;
/** Connections that wait for the successor: as many as the system lets wait. */
const HELD_MAX = 1024;
/** Sockets on their way at a time: the system counts them against the limit of open files. */
const BATCH_MAX = 64;

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

  /**
   * Gives it connections at rest, which stay open here as well.
   *
   * @throws when it did not say that it has all of them: it is ended then, and has had no effect.
   */
  async pass(connections: readonly Passed[]): Promise<void> {
    try {
      for (let at = 0; at < connections.length; at += BATCH_MAX) {
        for (const { connection, socket } of connections.slice(at, at + BATCH_MAX)) {
          const word: Word = { type: "connection", connection };
          // Without this Node closes our copy before we know that it has arrived.
          this.#child.send(word, socket, { keepOpen: true });
        }
        const kept = this.#word("kept");
        this.#child.send({ type: "batch" } satisfies Word);
        await kept;
      }
    } catch (error) {
      this.#child.kill("SIGKILL");
      throw error;
    }
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
  /** Connections of its tunnels, whose sessions are in the store. */
  readonly connections: readonly Passed[];
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
  const connections: Passed[] = [];
  const receive = (word: Word, handle: unknown) => {
    if (word.type === "connection" && handle instanceof Socket) {
      connections.push({ connection: word.connection, socket: atRest(handle) });
    }
    if (word.type === "batch") say("kept");
    if (word.type !== "socket" || !(handle instanceof Server)) return;
    process.off("message", receive);
    // It takes connections as soon as it is here.
    handle.on("connection", hold);
    resolve(handle);
  };
  process.on("message", receive);
  say("ready");
  const server = await promise;
  const signal = AbortSignal.timeout(STEP_MS);
  const going = wordOf(process, "go", signal);
  say("taken");
  await going;
  return {
    server,
    connections,
    serving() {
      for (const socket of held.splice(0)) server.emit("connection", socket);
      process.send?.({ type: "serving" } satisfies Word, () => process.disconnect?.());
    },
  };
}

/** One that we read only once its stream is there: until then whoever passed it may take it back. */
function atRest(socket: Socket): Socket {
  // Node makes it as if it were to end when the other side does.
  socket.allowHalfOpen = true;
  socket.on("error", () => {});
  holdReading(socket);
  return socket;
}

function say(type: Exclude<Word["type"], "connection">): void {
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

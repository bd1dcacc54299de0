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
import { holdReading, type Passed, type PassedConnection, type TunnelDebt } from "tertulia/tunnel";
import { exitCodes } from "./exit.ts";

/**
 * What the two say to each other, in this order: the successor is `ready`, gets the `debts` of those who are
 * ahead of their rate; any number of batches of `connection`, each with its socket, behind which it answers `kept`; then the listening `socket`, which
 * it says is `taken`; when the store is free it is to `go`, and says that it has `opened` it; and then to
 * `serve`, and says that it is `serving`. Until `serve` it has done nothing that another could not do as
 * well. Behind `taken` it gets those who dial, each as a `caller`, until it is to `leave`.
 */
type Word =
  | { readonly type: "ready" | "batch" | "kept" | "taken" | "caller" }
  | { readonly type: "socket"; readonly heldMax: number }
  | { readonly type: "go" | "opened" | "serve" | "serving" | "leave" }
  | { readonly type: "debts"; readonly debts: readonly TunnelDebt[] }
  | { readonly type: "connection"; readonly connection: PassedConnection };

/** Says that the process has a predecessor. */
const VARIABLE = "TERTULIA_PREDECESSOR";
/** How long the successor may take for each step. */
const STEP_MS = 30_000;
/**
 * Connections that wait for the successor beyond one for each session that is to come back: as many as the
 * system lets wait.
 */
const STRANGERS_MAX = 1024;
/**
 * Sockets on their way at a time: the system counts them against the limit of open files. As many come in at a
 * time of those who waited, for a listener has room for only so many who have not said yet what they want.
 */
const BATCH_MAX = 64;

/** Successors in a row that may fail, when the node before cannot go on itself any more. */
const FAILED_MAX = 3;

export class Successor {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;
  /** Callers on their way to it. */
  #calling = 0;
  #heldMax = STRANGERS_MAX;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((_, reject) => {
      child.once("exit", (code, killer) => {
        reject(new Error(`the successor ended before it was serving: ${code ?? killer}`));
      });
      child.on("error", (error) => {
        // What is said to one that has ended is said in vain: its end is what we look at. One that could
        // not be started has none.
        if (child.pid === undefined) reject(error);
      });
    });
    this.#ended.catch(() => {});
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
      successor.kill();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Gives it connections at rest, which stay open here as well, and what is owed for them. */
  async pass(connections: readonly Passed[], debts: readonly TunnelDebt[]): Promise<void> {
    this.#child.send({ type: "debts", debts } satisfies Word);
    for (let at = 0; at < connections.length; at += BATCH_MAX) {
      for (const { connection, socket } of connections.slice(at, at + BATCH_MAX)) {
        const word: Word = { type: "connection", connection };
        // Without this Node closes our copy before we know that it has arrived.
        if (socket) this.#child.send(word, socket, { keepOpen: true });
        else this.#child.send(word);
      }
      await this.#ask("batch", "kept");
    }
  }

  /**
   * Gives it the listening socket, which stays open here as well: from now on it takes connections.
   *
   * @param sessions - How many will come back. All of them may wait: whoever was sent away would only come again,
   *   and later each time, and the successor is to have a socket for each anyway.
   */
  async give(server: Server, sessions: number): Promise<void> {
    const taken = this.#word("taken");
    this.#heldMax = sessions + STRANGERS_MAX;
    this.#child.send({ type: "socket", heldMax: this.#heldMax } satisfies Word, server);
    await taken;
  }

  /** Gives it one that has dialled and that nobody has read. */
  call(socket: Socket): void {
    if (this.#calling >= this.#heldMax) return void socket.destroy();
    this.#calling += 1;
    this.#child.send({ type: "caller" } satisfies Word, socket, () => {
      this.#calling -= 1;
    });
  }

  /** Has it open the store. */
  async open(): Promise<void> {
    await this.#ask("go", "opened");
  }

  /** Has it serve: from now on only it can. */
  async serve(): Promise<void> {
    await this.#ask("serve", "serving");
  }

  /** Resolves when it has all callers, and is on its own. */
  async leave(): Promise<void> {
    const left = once(this.#child, "disconnect", { signal: AbortSignal.timeout(STEP_MS) });
    this.#child.send({ type: "leave" } satisfies Word);
    await left.catch(() => this.#child.disconnect());
    this.#child.unref();
  }

  /** Ends it: before it serves that has had no effect. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #ask(word: "batch" | "go" | "serve", answer: Word["type"]): Promise<void> {
    const answered = this.#word(answer);
    this.#child.send({ type: word } satisfies Word);
    await answered;
  }

  async #word(type: Word["type"]): Promise<void> {
    const signal = AbortSignal.timeout(STEP_MS);
    await Promise.race([wordOf(this.#child, type, signal), this.#ended]);
  }
}

/** The node before, when its successor has its sockets. */
export interface Parting {
  readonly server: Server;
  /** How many sessions will come back. */
  readonly sessions: number;
  readonly passed: readonly Passed[];
  readonly debts: readonly TunnelDebt[];
  /** Lets go of the sessions and the store. */
  park(): Promise<void>;
  /** Nobody knows any more how far the connections are. */
  lose(): void;
  onFailed(error: unknown): void;
  /** Another successor has the sockets. */
  onTaken(successor: Successor): void;
}

/**
 * Has the successor go on with everything. When it ends before it does, another one gets the same: this
 * process has nothing open any more to go on with.
 *
 * @throws when that has failed too often.
 */
export async function goOver(
  first: Successor,
  { server, sessions, passed, debts, park, lose, onFailed, onTaken }: Parting,
): Promise<void> {
  let successor: Successor | undefined = first;
  /** Those who dial while there is none. */
  const held: Socket[] = [];
  const forward = (socket: Socket) => {
    socket.on("error", () => {});
    // Those that are sent wait in turn, and what is read of them meanwhile would be lost.
    if (!holdReading(socket)) socket.destroy();
    else if (successor) successor.call(socket);
    else if (held.length >= sessions + STRANGERS_MAX) socket.destroy();
    else held.push(socket);
  };
  server.on("connection", forward);
  await park();
  let left = passed;
  let next: Successor | undefined;
  for (let failed = 0; ; ) {
    next = successor;
    let hasOpened = false;
    try {
      if (next === undefined) {
        next = await Successor.start();
        await next.pass(left, debts);
        await next.give(server, sessions);
        onTaken(next);
        successor = next;
        for (const socket of held.splice(0)) next.call(socket);
      }
      await next.open();
      hasOpened = true;
      await next.serve();
      break;
    } catch (error) {
      next?.kill();
      successor = undefined;
      if (hasOpened) {
        left = [];
        lose();
      }
      onFailed(error);
      failed += 1;
      if (failed === FAILED_MAX) throw error;
    }
  }
  server.close();
  await next.leave();
}

/** What a successor gets of the node before it. */
export interface Inheritance {
  readonly server: Server;
  /** Connections of its tunnels, whose sessions are in the store. */
  readonly connections: readonly Passed[];
  /** Who was ahead of the rate of its tunnels. */
  readonly debts: readonly TunnelDebt[];
  /** Says that the store is open, and waits for the word to serve. */
  opened(): Promise<void>;
  /** Says that this node serves, and has those who waited come in. */
  serving(): void;
}

/** Waits for the socket and the store of the node before; `undefined` when there was none. */
export async function inherit(): Promise<Inheritance | undefined> {
  if (process.env[VARIABLE] !== String(process.ppid) || process.send === undefined)
    return undefined;
  delete process.env[VARIABLE];
  const held = new Set<Socket>();
  let heldMax = STRANGERS_MAX;
  const hold = (socket: Socket) => {
    socket.on("error", () => socket.destroy());
    if (held.size >= heldMax) return void socket.destroy();
    held.add(socket);
    // One who has given up is no reason to send the next one away.
    socket.once("close", () => held.delete(socket));
  };
  let isServing = false;
  const { promise, resolve } = Promise.withResolvers<Server>();
  const connections: Passed[] = [];
  let debts: readonly TunnelDebt[] = [];
  const receive = (word: Word, handle: unknown) => {
    if (word.type === "connection") {
      const { connection } = word;
      if (handle instanceof Socket) connections.push({ connection, socket: atRest(handle) });
      else if (connection.hasEnded) connections.push({ connection, socket: undefined });
    }
    if (word.type === "debts") debts = word.debts;
    if (word.type === "batch") say("kept");
    if (word.type === "leave") process.disconnect?.();
    if (word.type === "caller" && handle instanceof Socket) {
      if (isServing) server.emit("connection", handle);
      else hold(handle);
    }
    if (word.type !== "socket" || !(handle instanceof Server)) return;
    heldMax = word.heldMax;
    // It takes connections as soon as it is here.
    handle.on("connection", hold);
    resolve(handle);
  };
  process.on("message", receive);
  // Whoever began this is gone, and the sockets with it: the next one to be started has the store.
  const orphaned = () => process.exit(exitCodes.failed);
  process.once("disconnect", orphaned);
  say("ready");
  const server = await promise;
  const comeIn = () => {
    for (const socket of [...held].slice(0, BATCH_MAX)) {
      held.delete(socket);
      if (!socket.destroyed) server.emit("connection", socket);
    }
    if (held.size > 0) setImmediate(comeIn);
  };
  const go = wordOf(process, "go", AbortSignal.timeout(STEP_MS));
  say("taken");
  await go;
  return {
    server,
    connections,
    debts,
    async opened() {
      const serve = wordOf(process, "serve", AbortSignal.timeout(STEP_MS));
      say("opened");
      await serve;
      process.off("disconnect", orphaned);
    },
    serving() {
      isServing = true;
      comeIn();
      say("serving");
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

function say(type: Exclude<Word["type"], "connection" | "debts" | "socket">): void {
  // Of an error that nobody takes this process would die. Whoever has gone is told in vain: that it has gone
  // ends us, or is nothing to us any more.
  process.send?.({ type } satisfies Word, () => {});
}

/** Waits for a word; not for errors of the channel, since who is behind it ends as well. */
function wordOf(from: NodeJS.EventEmitter, type: Word["type"], signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const receive = (word: Word) => {
    if (word.type === type) resolve();
  };
  const give = () => reject(signal.reason);
  from.on("message", receive);
  signal.addEventListener("abort", give);
  return promise.finally(() => {
    from.off("message", receive);
    signal.removeEventListener("abort", give);
  });
}

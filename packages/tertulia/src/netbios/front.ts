/**
 * One port 139 for all processes of a host: the process that has it takes registrations of the
 * others on a Unix socket, claims their names, and sends their callers to their ports with SESSION
 * RETARGET (RFC 1002 4.3.5, 5.2.1.2).
 *
 * A registration lives as long as its connection: of a process that dies nothing is left. Who may
 * open the socket, by the rights of its file, may have any name that is free; callers are only ever
 * sent to the address of this node, and to no port below 1024.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { SessionError } from "../pure/errors.ts";
import { NetbiosError } from "../pure/netbios/errors.ts";
import { formatName, type NetbiosName, nameKey } from "../pure/netbios/name.ts";
import { FrontLines, type FrontRequest, parseRequest, refusalOf } from "./front-lines.ts";
import type { NetbiosNode } from "./node.ts";
import { listenAtPath } from "./socket-path.ts";

/** Where a front takes registrations, and how many. All optional. */
export interface FrontOptions {
  /**
   * The rights of the socket's file. Default: 0o660: this user, and the group, which is that of the
   * directory if the directory is set-group-id. 0o666 lets in everyone on this host.
   */
  readonly mode?: number;
  /** Registrations at once. Default: 256. */
  readonly registrationsMax?: number;
  /** How long a process may take to say what it registers. Default: 10 s. */
  readonly requestTimeoutMs?: number;
  /** Told what is registered, what ends, and what is refused. */
  readonly told?: (event: FrontEvent) => void;
}

/** What a front tells of its work. */
export type FrontEvent =
  | {
      readonly type: "registered" | "ended";
      readonly called: NetbiosName;
      readonly port: number;
    }
  | { readonly type: "refused"; readonly error: unknown };

/** A name of the node's that is there for registrations. */
interface HeldName {
  readonly claimed: Promise<unknown>;
  /** How many registrations it is there for. */
  count: number;
  /** Set while it is given back: who wants it then has to claim it anew. */
  released: Promise<void> | undefined;
}

/**
 * Takes registrations of other processes for this node, at a Unix socket of this path.
 *
 * @throws {SessionError} `ERR_REFUSED` if the port of sessions or the path cannot be had.
 */
export async function openFront(
  node: NetbiosNode,
  path: string,
  options: FrontOptions = {},
): Promise<Front> {
  await node.sessionServer();
  const server = createServer();
  await listenAtPath(server, path, options.mode ?? 0o660);
  return new Front(node, path, server, options);
}

/** The process that has port 139, for all others of the host; made by {@link openFront}. */
export class Front implements AsyncDisposable {
  readonly #path: string;
  readonly #node: NetbiosNode;
  readonly #server: Server;
  readonly #options: FrontOptions;
  readonly #sockets = new Set<Socket>();
  readonly #names = new Map<string, HeldName>();
  readonly #registered = new Map<FrontLines, FrontRequest>();
  readonly #serving = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  /** For {@link openFront}. */
  constructor(node: NetbiosNode, path: string, server: Server, options: FrontOptions) {
    this.#path = path;
    this.#node = node;
    this.#server = server;
    this.#options = options;
    server.on("connection", (socket) => {
      const served = this.#serve(socket).finally(() => this.#serving.delete(served));
      this.#serving.add(served);
    });
    void this.#watchNames();
  }

  /** A name that is another's now serves nobody: who listens on it is told, and may try again. */
  async #watchNames(): Promise<void> {
    for await (const { role, event } of this.#node.events({
      signal: this.#closing.signal,
    })) {
      if (role !== "node" || (event.type !== "conflict" && event.type !== "lost")) continue;
      const what = event.type === "conflict" ? "is in conflict" : "was taken away by its server";
      const key = nameKey(event.name);
      for (const [lines, request] of this.#registered) {
        if (nameKey(request.called) !== key) continue;
        lines.write({ lost: `${formatName(event.name)} ${what}` });
        lines.end();
      }
    }
  }

  /** Ends all registrations. Their names are given back. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#closing.abort();
    this.#server.close();
    rmSync(this.#path, { force: true });
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#serving);
  }

  /** Never rejects: what goes wrong with one process is told to it. */
  async #serve(socket: Socket): Promise<void> {
    const { registrationsMax = 256, requestTimeoutMs = 10_000, told } = this.#options;
    const lines = new FrontLines(socket);
    if (this.#sockets.size >= registrationsMax) {
      lines.write(refusalOf(new NetbiosError("tooMany", `${registrationsMax} registrations`)));
      socket.end();
      return;
    }
    this.#sockets.add(socket);
    const { address, bindAddress } = this.#node;
    lines.write({ address, bindAddress });
    try {
      const line = await lines.next(AbortSignal.timeout(requestTimeoutMs));
      if (line !== undefined) await this.#register(parseRequest(line), lines);
    } catch (error) {
      told?.({ type: "refused", error });
      lines.write(refusalOf(error));
    } finally {
      socket.end();
      this.#sockets.delete(socket);
    }
  }

  /** From a registration to the end of its connection. */
  async #register(request: FrontRequest, lines: FrontLines): Promise<void> {
    const { called, calling, port } = request;
    const { told } = this.#options;
    const ended = lines.ended();
    await this.#hold(request);
    try {
      const sessions = await this.#node.sessionServer();
      const to = { address: this.#node.address, port };
      const listen = { called, calling, target: { type: "retarget", to } } as const;
      if (port === sessions.port) {
        throw new SessionError("ERR_ARGUMENT", `port ${port} is the front's own`);
      }
      if (sessions.listens.has(called, calling)) {
        throw new NetbiosError("duplicateName", `${formatName(called)} is listened on already`);
      }
      sessions.add(listen);
      told?.({ type: "registered", called, port });
      lines.write({ registered: true });
      this.#registered.set(lines, request);
      await ended;
      this.#registered.delete(lines);
      sessions.listens.delete(listen);
      told?.({ type: "ended", called, port });
    } finally {
      await this.#letGo(called);
    }
  }

  /** Has the name in the node's table, by claiming it unless it is there already. */
  async #hold({ called, group }: FrontRequest): Promise<void> {
    const key = nameKey(called);
    for (;;) {
      const held = this.#names.get(key);
      if (!held) break;
      if (held.released) {
        await held.released;
        continue;
      }
      held.count += 1;
      await held.claimed;
      return;
    }
    // What the node has for itself stays when the registration ends.
    if (this.#node.names.some(({ name, state }) => nameKey(name) === key && state === "active")) {
      return;
    }
    const claimed = this.#node.addName(called, { group });
    this.#names.set(key, { claimed, count: 1, released: undefined });
    try {
      await claimed;
    } catch (error) {
      this.#names.delete(key);
      throw error;
    }
  }

  async #letGo(called: NetbiosName): Promise<void> {
    const key = nameKey(called);
    const held = this.#names.get(key);
    if (!held) return;
    held.count -= 1;
    if (held.count > 0) return;
    // A server that does not answer forgets the name in time.
    held.released = this.#node.deleteName(called).catch(() => {});
    await held.released;
    this.#names.delete(key);
  }
}

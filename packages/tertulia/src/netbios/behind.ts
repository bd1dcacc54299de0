/**
 * Listening behind a front: a process without privileges serves a name on a port of its own, and
 * the process that has port 139 sends its callers there.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { SessionError } from "../pure/errors.ts";
import { formatName, sameName } from "../pure/netbios/name.ts";
import { checkAnswer, FrontLines, parseGreeting, reasonOfEnd } from "./front-lines.ts";
import { ListenQueue } from "./listen-queue.ts";
import { type NameLike, nameOf } from "./name-like.ts";
import type { NetbiosSession, SessionSettings } from "./session.ts";
import { type ListenerEvent, SessionListener } from "./session-listener.ts";

/** Whom a listener behind a front takes, and at which port of its own. All optional. */
export interface BehindOptions extends SessionSettings {
  /** The only caller that is wanted. Default: anyone. */
  readonly calling?: NameLike;
  /** The name is a group's. Default: `false`. */
  readonly group?: boolean;
  /** Our own port, from 1024 on. Default: any that is free. */
  readonly port?: number;
  /** What our port is bound to. Default: what the front's is. */
  readonly bindAddress?: string;
  /** Sessions that may wait to be taken. Default: 16; callers then get 0x83. */
  readonly backlog?: number;
  /** Ends the waiting for the front; it has to claim the name, which may take seconds. */
  readonly signal?: AbortSignal;
  /** Told of each call. */
  readonly told?: (event: ListenerEvent) => void;
}

/**
 * Registers a name at the front with this socket, and listens for its callers.
 *
 * @throws {NetbiosError} `nameInUse` and whatever else claiming a name may end in; `duplicateName`
 *   if another process behind the front listens on it. {@link SessionError} `ERR_REFUSED` if there
 *   is no front, or this process may not use it.
 *
 * @example
 * await using prints = await listenBehind("/run/netbios/front", "PRINTS<20>");
 * for await (const session of prints.sessions()) await session.send(status());
 */
export async function listenBehind(
  path: string,
  called: NameLike,
  options: BehindOptions = {},
): Promise<ListenerBehind> {
  const { signal = new AbortController().signal, calling, group = false, port = 0 } = options;
  signal.throwIfAborted();
  const socket = await connectTo(path);
  const lines = new FrontLines(socket);
  let listener: SessionListener | undefined;
  try {
    const { address, bindAddress } = parseGreeting(await lines.next(signal));
    const name = nameOf(called);
    listener = await SessionListener.open({
      ...options,
      bindAddress: options.bindAddress ?? bindAddress,
      port,
      isPresent: (one) => sameName(one, name),
      told: options.told ?? (() => {}),
    });
    const only = calling === undefined ? undefined : nameOf(calling);
    const { backlog } = options;
    const queue = new ListenQueue(listener, { called: name, calling: only, backlog });
    lines.write({
      called: formatName(name),
      ...(only && { calling: formatName(only) }),
      port: listener.port,
      group,
    });
    checkAnswer(await lines.next(signal));
    return new ListenerBehind(socket, lines, listener, queue, address);
  } catch (error) {
    listener?.close();
    socket.destroy();
    throw error;
  }
}

/** A name that is served behind a front; made by {@link listenBehind}. Iterate it for sessions. */
export class ListenerBehind implements AsyncDisposable {
  /** Where callers find the name: the address of the front's node. */
  readonly address: string;
  /** Where they are sent to. */
  readonly port: number;
  readonly #socket: Socket;
  readonly #listener: SessionListener;
  readonly #queue: ListenQueue;
  /** Without the front nobody finds us any more. Sessions that have begun go on. */
  readonly #gone = new AbortController();

  /** For {@link listenBehind}. */
  constructor(
    socket: Socket,
    lines: FrontLines,
    listener: SessionListener,
    queue: ListenQueue,
    address: string,
  ) {
    this.address = address;
    this.port = listener.port;
    this.#socket = socket;
    this.#listener = listener;
    this.#queue = queue;
    void this.#watch(lines);
  }

  /**
   * The sessions of those who call, until the signal or the loop ends it.
   *
   * @throws {SessionError} `ERR_CLOSED` when the front has gone, or has lost the name to another
   *   node: register anew.
   */
  async *sessions(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<NetbiosSession, void, undefined> {
    const { signal } = options;
    const gone = this.#gone.signal;
    yield* this.#queue.sessions(signal ? AbortSignal.any([signal, gone]) : gone);
    if (signal?.aborted || this.#listener.closed.aborted) return;
    gone.throwIfAborted();
  }

  /** Waits for the front's last word, or its end without one. */
  async #watch(lines: FrontLines): Promise<void> {
    let why: string;
    try {
      why = reasonOfEnd(await lines.next(this.#listener.closed));
    } catch {
      // Closed by us, or what came was no line of a front's: either way it is over.
      why = "the front has gone";
    }
    this.#gone.abort(new SessionError("ERR_CLOSED", `${why}: register anew`));
  }

  /** Ends the registration, and the sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#queue[Symbol.dispose]();
    this.#listener.close();
    this.#socket.destroy();
  }
}

async function connectTo(path: string): Promise<Socket> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === "EACCES"
          ? `the front at ${path} does not let this user in: see the rights of that file`
          : `there is no front at ${path} (${cause.code}): is the process with port 139 running?`;
      reject(new SessionError("ERR_REFUSED", why, { cause }));
    });
  });
  return socket;
}

/**
 * SOCKS5 on a socket, up to what the client asks for: in bounded time, whatever it says, and with an
 * answer before it is hung up on.
 *
 * @module
 */

import type { Socket } from "node:net";
import { SessionError } from "../pure/errors.ts";
import { type SocksRequest, SocksServer } from "../pure/socks/socks5.ts";

/** How long a client may take to say what it wants: a person may be asked for the password meanwhile. */
const ASKING_MS = 60_000;
/** RFC 1928, 6, gives a client that is refused up to 10 s to hang up by itself. */
const REFUSED_MS = 2000;

export interface SocksOptions {
  /** What a client has to know. Default: nothing. */
  readonly credentials?: { readonly user: string; readonly password: string };
  /** How long it may take to ask. Default: 60 s. */
  readonly askingMs?: number;
}

/**
 * What the client asks for; what it said behind that can still be read. `undefined` when it hung up
 * before. One that is refused got the answer that says so.
 *
 * @throws {SessionError} `ERR_REFUSED`, `ERR_TIMEOUT`; `ERR_PROTOCOL` for what is not SOCKS5. The socket is
 *   the caller's to reset, unless it was refused.
 */
export async function readSocksRequest(
  socket: Socket,
  { credentials, askingMs = ASKING_MS }: SocksOptions = {},
): Promise<SocksRequest | undefined> {
  const server = new SocksServer(credentials);
  const timeout = new SessionError("ERR_TIMEOUT", `asked for nothing in ${askingMs / 1000} s`);
  const timer = setTimeout(() => socket.destroy(timeout), askingMs);
  try {
    for (let octets = await nextOctets(socket); octets; octets = await nextOctets(socket)) {
      let step = server.receive(octets);
      for (; step.type === "send"; step = server.next()) socket.write(step.octets);
      if (step.type === "refuse") {
        refuseSocks(socket, step.octets);
        throw new SessionError("ERR_REFUSED", step.reason);
      }
      if (step.type === "more") continue;
      if (step.rest.length > 0) socket.unshift(step.rest);
      return step.request;
    }
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Says no, and hangs up, even on a client that does not. */
export function refuseSocks(socket: Socket, answer: Uint8Array): void {
  socket.end(answer).resume();
  const timer = setTimeout(() => socket.destroy(), REFUSED_MS);
  socket.once("close", () => clearTimeout(timer));
}

/** What comes next; `undefined` when nothing does. The socket is paused behind it. */
function nextOctets(socket: Socket): Promise<Uint8Array | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
  const settle = () => {
    for (const [name, listener] of listeners) socket.off(name, listener);
    socket.pause();
  };
  const onData = (octets: Uint8Array) => {
    settle();
    resolve(octets);
  };
  const onEnd = () => {
    settle();
    resolve(undefined);
  };
  const onError = (error: Error) => {
    settle();
    reject(error);
  };
  const listeners = [
    ["data", onData],
    ["end", onEnd],
    ["close", onEnd],
    ["error", onError],
  ] as const;
  if (socket.destroyed || socket.readableEnded) return Promise.resolve(undefined);
  for (const [name, listener] of listeners) socket.on(name, listener);
  socket.resume();
  return promise;
}

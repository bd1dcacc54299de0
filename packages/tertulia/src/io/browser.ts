/**
 * Sessions in a page: `tertulia/browser`. The same sessions, over the platform's WebSocket; nothing
 * here, nor in what it imports, is Node's.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { browserRuntime } from "./browser-runtime.ts";
import { type EstablishOptions, establish, establishOptions } from "./establish.ts";
import { checkOptions } from "./option-kinds.ts";
import type { Session } from "./session.ts";
import type { Dial } from "./transport.ts";
import { WEBSOCKET_PROTOCOL, type WebSocketLike, whenOpen } from "./websocket-transport.ts";

export { type ErrorCode, ProtocolError, SessionError } from "../pure/errors.ts";
export {
  jsonContext,
  type Message,
  octetsContext,
  type PresentationContext,
  textContext,
} from "../pure/native/message.ts";
export { RefusedError } from "./attempt.ts";
export { browserRuntime } from "./browser-runtime.ts";
export { browserSuite } from "./browser-suite.ts";
export { cborContext } from "./cbor.ts";
export type { EstablishOptions } from "./establish.ts";
export type { Session } from "./session.ts";
export type {
  Identity,
  SendOptions,
  SessionChange,
  SessionEnd,
  SignalOptions,
} from "./session-parts.ts";
export type { SessionStream } from "./stream.ts";

/**
 * Establishes a session with a node, and keeps it: when its WebSocket breaks, another is opened to
 * the same place; when the page comes back on line, at once.
 *
 * @param target - `ws://…` or `wss://…`, or a function that opens a transport of any other kind.
 * @throws {SessionError} `ERR_CLOSED` when nobody is there, `ERR_REFUSED` when they say no (then it is
 *   a `RefusedError` with the reason), `ERR_TIMEOUT`, `ERR_PROTOCOL`, `ERR_ARGUMENT`.
 *
 * @example
 * const session = await connect("wss://chat.example/session");
 */
export async function connect(
  target: string | Dial,
  options: EstablishOptions = {},
): Promise<Session> {
  checkOptions(options, establishOptions);
  const dialTo = (location: string | undefined): Dial => {
    if (location === undefined && typeof target === "function") return target;
    return dialerOf(location ?? String(target));
  };
  const session = await establish(dialTo, options.runtime ?? browserRuntime(), options);
  // A window and a worker have it; the compiler, which takes us for Node, does not know.
  const page = globalThis as Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">>;
  const onOnline = () => session.probe();
  page.addEventListener?.("online", onOnline);
  void session.closed.then(() => page.removeEventListener?.("online", onOnline));
  return session;
}

function dialerOf(url: string): Dial {
  return async (signal) => {
    const peer = { address: url };
    return whenOpen(webSocketTo(url), () => peer, url.startsWith("wss:"), signal);
  };
}

function webSocketTo(url: string): WebSocketLike {
  try {
    // The platform's has more than we need of it.
    return new WebSocket(url, WEBSOCKET_PROTOCOL) as WebSocketLike;
  } catch (error) {
    throw new SessionError("ERR_ARGUMENT", `not an address: ${url}`, { cause: error });
  }
}

/**
 * Establishing a session from Node.
 *
 * @module
 */

import type { Store } from "../stores/store.ts";
import { parseAddress } from "./address.ts";
import { type DialOptions, dialerOf } from "./dial.ts";
import { type EstablishOptions, establish, establishOptions, reestablish } from "./establish.ts";
import { nodeRuntime } from "./node-runtime.ts";
import { anObject, checkOptions, type OptionKinds } from "./option-kinds.ts";
import type { Session } from "./session.ts";
import type { Dial } from "./transport.ts";

/** What {@link connect} may be told: of the session, of who we are, and of TLS. All optional. */
export interface ConnectOptions extends EstablishOptions, DialOptions {}

const connectOptions: OptionKinds<ConnectOptions> = {
  ...establishOptions,
  tls: anObject,
};

/**
 * Establishes a session with whoever listens at an address, and keeps it: when its transport breaks,
 * another is opened to the same place.
 *
 * @param target - `HOST:PORT`, `tcp://…`, `tls://…`, `unix:PATH`, `ws://…`, `wss://…`, or a function
 *   that opens a transport of any other kind.
 * @throws {SessionError} `ERR_CLOSED` when nobody is there, `ERR_REFUSED` when they say no (then it is
 *   a `RefusedError` with the reason), `ERR_TIMEOUT`, `ERR_PROTOCOL`, `ERR_ARGUMENT`.
 *
 * @example
 * await using session = await connect("tls://chat.example:7700", { contexts: [jsonContext] });
 */
export async function connect(
  target: string | Dial,
  options: ConnectOptions = {},
): Promise<Session> {
  return establish(dialsTo(target, options), options.runtime ?? nodeRuntime(), options);
}

/**
 * Goes on with a session that `connect` made with a store, after the process that had it is gone: same
 * peer, same positions. What that process sent and its peer did not get is sent; what came and was not
 * settled comes again. Streams are lost with the process, and reset.
 *
 * @param id - One of `store.sessions()` with the role `initiator`.
 * @throws {SessionError} `ERR_STORE` when the store has no such session, or a damaged one;
 *   `ERR_ARGUMENT`. Whether the peer still has it shows on the session.
 *
 * @example
 * await using store = await openSqliteStore("outbox.db");
 * for await (const { id, role } of store.sessions()) {
 *   if (role === "initiator") serve(await reconnect("tcp://127.0.0.1:7700", id, { store }));
 * }
 */
export async function reconnect(
  target: string | Dial,
  id: string,
  options: ConnectOptions & { readonly store: Store },
): Promise<Session> {
  return reestablish(dialsTo(target, options), options.runtime ?? nodeRuntime(), id, options);
}

function dialsTo(
  target: string | Dial,
  options: ConnectOptions,
): (location: string | undefined) => Dial {
  checkOptions(options, connectOptions);
  return (location) => {
    if (location !== undefined) return dialerOf(location, options);
    return typeof target === "function" ? target : dialerOf(parseAddress(target), options);
  };
}

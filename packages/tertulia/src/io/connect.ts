/**
 * Establishing a session from Node.
 *
 * @module
 */

import { type DialOptions, dialerOf } from "./dial.ts";
import { type EstablishOptions, establish } from "./establish.ts";
import { nodeRuntime } from "./node-runtime.ts";
import type { Session } from "./session.ts";
import type { Dial } from "./transport.ts";

export interface ConnectOptions extends EstablishOptions, DialOptions {}

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
export function connect(target: string | Dial, options: ConnectOptions = {}): Promise<Session> {
  const runtime = options.runtime ?? nodeRuntime();
  const dialTo = (location: string | undefined): Dial => {
    if (typeof target === "string") return dialerOf(location ?? target, options);
    return location === undefined ? target : dialerOf(location, options);
  };
  return establish(dialTo, runtime, options);
}

/**
 * Durable sessions between names: a NetBIOS session is lost with its TCP connection (RFC 1001 16.2);
 * a Tertulia session over it is not. After each break the name is found and called again, wherever
 * it is by then.
 *
 * Both ends show that they know it: the caller's first message is {@link PREAMBLE}, and the
 * listener's answer is the same. Whoever does not answer with it gets plain NetBIOS.
 *
 * @module
 */

import { type ConnectOptions, connect } from "../io/connect.ts";
import { DuplexTransport } from "../io/duplex-transport.ts";
import { Listener } from "../io/listener.ts";
import type { ListenerOptions } from "../io/listener-options.ts";
import { nodeRuntime } from "../io/node-runtime.ts";
import type { Session } from "../io/session.ts";
import type { Dial } from "../io/transport.ts";
import { SessionError } from "../pure/errors.ts";
import { equalOctets, utf8 } from "../pure/octets.ts";
import type { NameLike } from "./name-like.ts";
import type { ListenOptions, NetbiosNode } from "./node.ts";
import type { NetbiosSession } from "./session.ts";
import type { CallSettings } from "./session-caller.ts";
import { sessionDuplex } from "./session-duplex.ts";

/** The first message each way: nothing that another protocol over NetBIOS begins with. */
export const PREAMBLE: Uint8Array = utf8("Tertulia NetBIOS 1\n");

/** How long either waits for the other's preamble before it takes it for plain. */
const PREAMBLE_MS = 1000;

/**
 * How a durable session is called by name: {@link NetbiosNode.call}'s options, and the session's
 * own. All optional.
 */
export interface DurableCallOptions extends ConnectOptions {
  /** Who is calling. Default: our first name. */
  readonly calling?: NameLike;
  /** Call this address instead of finding the name. */
  readonly at?: string;
  /** How the name is called, each time. */
  readonly call?: CallSettings;
}

/** Opens a transport to whoever has a name, for `connect`. Rejects with `ERR_PROTOCOL` if it is plain. */
export function netbiosDial(
  node: NetbiosNode,
  called: NameLike,
  { calling, at, call = {} }: Pick<DurableCallOptions, "calling" | "at" | "call"> = {},
): Dial {
  return async (signal) => {
    const whom = { ...(calling !== undefined && { calling }), ...(at !== undefined && { at }) };
    const session = await node.call(called, { ...call, ...whom, signal });
    await session.send(PREAMBLE);
    if (await beginsWithPreamble(session)) return durableTransport(session);
    session.abort();
    throw new SessionError("ERR_PROTOCOL", "the called name speaks plain NetBIOS, not Tertulia");
  };
}

/** What a call by name came to. */
export type CalledByName =
  | { readonly type: "durable"; readonly session: Session }
  | { readonly type: "plain"; readonly session: NetbiosSession };

/**
 * Calls a name and gets a durable session, or a plain one from who knows no other.
 *
 * A plain listener sees one session with a strange first message, and then the real one.
 *
 * @throws {SessionError} As `NetbiosNode.call` and `connect`.
 */
export async function callByName(
  node: NetbiosNode,
  called: NameLike,
  options: DurableCallOptions = {},
): Promise<CalledByName> {
  const { calling, at, call = {}, ...rest } = options;
  try {
    const session = await connect(netbiosDial(node, called, options), rest);
    return { type: "durable", session };
  } catch (error) {
    const isPlain = error instanceof SessionError && error.code === "ERR_PROTOCOL";
    if (!isPlain) throw error;
    const whom = { ...(calling !== undefined && { calling }), ...(at !== undefined && { at }) };
    return { type: "plain", session: await node.call(called, { ...call, ...whom }) };
  }
}

/**
 * Whom {@link listenByName} takes: the listener's options, and those of the session. All optional.
 */
export interface DurableListenOptions extends ListenerOptions {
  /** The only caller that is wanted. Default: anyone. */
  readonly calling?: ListenOptions["calling"];
  /** Ends the listening. */
  readonly signal?: AbortSignal;
  /** Takes the sessions of callers that speak plain NetBIOS. Default: they are hung up on. */
  readonly plain?: (session: NetbiosSession) => void;
}

/**
 * Listens on a name for durable sessions. Closing the listener stops it; the node stays open.
 *
 * @throws {SessionError} `ERR_REFUSED` when the port of sessions cannot be had.
 */
export async function listenByName(
  node: NetbiosNode,
  called: NameLike,
  { calling, signal, plain, ...options }: DurableListenOptions = {},
): Promise<Listener> {
  await node.sessionServer();
  const listener = new Listener(nodeRuntime(), options);
  const closing = new AbortController();
  const until = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
  const only = calling === undefined ? {} : { calling };
  const receive = async (session: NetbiosSession): Promise<void> => {
    if (await beginsWithPreamble(session)) {
      await session.send(PREAMBLE);
      listener.receive(durableTransport(session));
    } else if (plain && !session.hasEnded) {
      plain(session);
    } else {
      await session.hangUp();
    }
  };
  const serving = (async () => {
    for await (const session of node.listen(called, { signal: until, ...only })) {
      receive(session).catch(() => session.abort());
    }
  })();
  listener.onClose(async () => {
    closing.abort();
    await serving;
  });
  // What ends it before that is told to who closes the listener.
  serving.catch(() => {});
  return listener;
}

/** Whether the first message is the preamble; if it is another, it is still there to be received. */
async function beginsWithPreamble(session: NetbiosSession): Promise<boolean> {
  const timeout = AbortSignal.timeout(PREAMBLE_MS);
  try {
    const first = await session.receive({ signal: timeout });
    if (first === undefined) return false;
    if (equalOctets(first, PREAMBLE)) return true;
    session.unreceive(first);
    return false;
  } catch (error) {
    if (timeout.aborted || error instanceof SessionError) return false;
    throw error;
  }
}

function durableTransport(session: NetbiosSession): DuplexTransport {
  return new DuplexTransport("netbios", sessionDuplex(session));
}

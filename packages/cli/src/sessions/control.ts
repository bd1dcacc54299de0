/**
 * What a node answers over its control socket: about its sessions, and whether it goes on.
 *
 * @module
 */

import type { Session } from "tertulia";
import { viewOf } from "./view.ts";

/** What the operator asks for. */
export type NodeRequest =
  | { readonly type: "sessions" }
  | { readonly type: "end"; readonly id: string; readonly message: string }
  /** To the node itself, as SIGTERM is. */
  | { readonly type: "stop" };

/**
 * Answers `tertulia sessions` and `tertulia serve stop`.
 *
 * @param stop - Has the node stop.
 */
export async function* answerNode(
  sessions: ReadonlyMap<string, Session>,
  request: Readonly<Record<string, unknown>>,
  stop: () => void,
): AsyncGenerator<object, void, undefined> {
  const { type, id, message } = request;
  if (type === "stop") {
    stop();
  } else if (type === "sessions") {
    for (const session of sessions.values()) yield viewOf(session);
  } else if (type === "end" && typeof id === "string" && typeof message === "string") {
    const session = sessions.get(id);
    if (session === undefined) throw new Error(`there is no session ${id}`);
    session.abort(message, "operator");
    const { outcome } = await session.closed;
    yield { id, outcome };
  } else {
    throw new Error(`this node does not know the request ${type}`);
  }
}

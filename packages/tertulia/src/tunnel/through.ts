/**
 * One connection through a tunnel, without a port to listen at.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { Session } from "../io/session.ts";
import type { SessionStream } from "../io/stream.ts";
import { toDuplex } from "../io/stream-duplex.ts";
import { SessionError } from "../pure/errors.ts";
import { CONNECTED, describeFailure, failureOfReset, formatOpening } from "./opening.ts";
import { formatTarget, type Target } from "./spec.ts";

/**
 * Connects to a target from the far end, over a session with the selector {@link TUNNEL_SELECTOR}.
 *
 * @returns a duplex: `end` is half-close, `destroy` is reset. It lives as long as the session.
 * @throws {SessionError} `ERR_REFUSED` when the far end does not let us, or cannot reach it.
 */
export async function connectThrough(session: Session, target: Target): Promise<Duplex> {
  const { stream, early } = await streamThrough(session, target);
  const duplex = toDuplex(stream);
  if (early.length > 0) duplex.unshift(early);
  return duplex;
}

/**
 * As {@link connectThrough}, as the stream that it is: leaner, and faster.
 *
 * @returns the stream, and what the target has said already, which comes before all that is read of it.
 * @throws {SessionError} as `connectThrough`.
 */
export async function streamThrough(
  session: Session,
  target: Target,
): Promise<{ readonly stream: SessionStream; readonly early: Uint8Array }> {
  const stream = session.openStream(formatOpening({ type: "tcp", target }));
  try {
    const first = await stream.read();
    if (first === undefined) throw new SessionError("ERR_CLOSED", "the far side hung up");
    return { stream, early: first.subarray(CONNECTED.length) };
  } catch (error) {
    if (session.end) throw error;
    const why = `${formatTarget(target)}: ${describeFailure(failureOfReset(error))}`;
    throw new SessionError("ERR_REFUSED", why, { cause: error });
  }
}

/**
 * The end of a tunnel's session in order, or as near to it as the network lets us come.
 *
 * @module
 */

import type { Session } from "tertulia";
import { exitCodes } from "../exit.ts";
import type { Log } from "../log.ts";

/** How long the far end may take to agree that this is the end; without a link, to be there again. */
const RELEASE_MS = 3000;

/** Ends it, and says so if the node could not be told: it goes on waiting for us then. Never rejects. */
export async function endSession(session: Session, log: Log): Promise<void> {
  if (session.state === "suspended") {
    const once = `the node is tried for ${RELEASE_MS / 1000} s more, to tell it`;
    log("stopping", `the link is down: ${once}; Ctrl-C again ends this at once`);
    session.probe();
  }
  const tooLong = AbortSignal.timeout(RELEASE_MS);
  await session.release({ signal: tooLong }).catch(() => {});
  if (session.end !== undefined) return;
  session.abort("the tunnel was stopped");
  // One that had more to say has heard it.
  if (!tooLong.aborted) return;
  const seconds = Math.round(session.agreement.resumeWindowMs / 1000);
  const waits = `it waits for us, with all that it is connected to, for up to ${seconds} s`;
  log("notTold", `the node could not be told that this is the end: ${waits}`, { seconds });
  process.exitCode = exitCodes.interrupted;
}

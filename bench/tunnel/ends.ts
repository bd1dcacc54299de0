/**
 * The programs at the two ends of what is measured, as processes of their own.
 *
 * @module
 */

import { join } from "node:path";
import { Worker } from "../worker.ts";

export type Command =
  /** Listens; answers with the port. */
  | { readonly type: "listen" }
  /** Sends to a port for a time; answers with the octets a second that arrived. */
  | { readonly type: "send"; readonly port: number; readonly ms: number }
  /** Sends and waits for the echo, for a time; answers with the microseconds that one takes. */
  | { readonly type: "echo"; readonly port: number; readonly octets: number; readonly ms: number }
  /** Opens connections that stay, and lets each say one octet. */
  | { readonly type: "open"; readonly port: number; readonly count: number }
  /** Waits until so many were accepted. */
  | { readonly type: "accepted"; readonly count: number }
  | { readonly type: "close" };

/** A program at one end, started. */
export function startEnd(): Worker<Command> {
  return new Worker(join(import.meta.dirname, "driver.ts"));
}

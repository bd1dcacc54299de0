/**
 * How the command ends: what the exit codes mean, and how an error is put to people.
 *
 * @module
 */

import { SessionError } from "tertulia";
import { PeerIdentityError } from "tertulia/auth";

/** The exit codes of every command. `--help` lists them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  identity: 5,
  lost: 6,
  /** 128 and the number of the signal, as shells have it for who dies of it. */
  interrupted: 130,
} as const;

export const exitHelp = `
Exit codes:
    0  ended in order
    1  something else failed
    2  the command line is wrong
    3  nobody is there, or the address cannot be listened at
    4  the other side refused
    5  the other side's key is unknown, or not the one it had before
    6  the session was lost: aborted, or not resumed in time
  130  Ctrl-C came before it was done`;

/** An error with its exit code, as the command's last word. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof PeerIdentityError) return exitCodes.identity;
  if (!(error instanceof SessionError)) return exitCodes.failed;
  switch (error.code) {
    case "ERR_ARGUMENT":
      return exitCodes.usage;
    case "ERR_CLOSED":
    case "ERR_TIMEOUT":
      return exitCodes.unreachable;
    case "ERR_REFUSED":
      return exitCodes.refused;
    case "ERR_ABORTED":
    case "ERR_RESUME":
      return exitCodes.lost;
    default:
      return exitCodes.failed;
  }
}

/** An error in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

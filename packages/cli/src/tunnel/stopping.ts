/**
 * Being asked to stop: by Ctrl-C, by another process, or by the terminal that goes. A process that just
 * went would leave its session, and what it is connected to, waiting for it on the other side.
 *
 * @module
 */

import { CommandError, exitCodes } from "../exit.ts";

export interface Stopping {
  /** Aborted by the first request to stop. */
  readonly signal: AbortSignal;
  readonly stop: () => void;
  readonly dispose: () => void;
}

/** Listens to signals: a second one ends the process at once. */
export function stopping(): Stopping {
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const stop = () =>
    controller.abort(new CommandError(exitCodes.interrupted, "stopped before it was connected"));
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    stop();
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stop,
    dispose: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

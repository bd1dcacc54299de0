/**
 * The runtime that sessions in Node share unless they are given another.
 *
 * @module
 */

import { busyPoll } from "./busy-poll.ts";
import { nodeSuite } from "./node-suite.ts";
import { Runtime } from "./runtime.ts";

let shared: Runtime | undefined;

/**
 * One for the process, made when it is first needed. It does not sleep for the first 0.1 ms after a
 * message that went out alone, as long as that pays.
 */
export function nodeRuntime(): Runtime {
  shared ??= new Runtime({
    suite: nodeSuite,
    defer: (callback) => setImmediate(callback),
    loopPoll: busyPoll(),
  });
  return shared;
}

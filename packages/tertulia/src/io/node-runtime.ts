/**
 * The runtime that sessions in Node share unless they are given another.
 *
 * @module
 */

import { nodeSuite } from "./node-suite.ts";
import { Runtime } from "./runtime.ts";

let shared: Runtime | undefined;

/** One for the process, made when it is first needed. */
export function nodeRuntime(): Runtime {
  shared ??= new Runtime({ suite: nodeSuite, defer: (callback) => setImmediate(callback) });
  return shared;
}

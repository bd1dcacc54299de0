/**
 * The runtime that sessions of a page share unless they are given another.
 *
 * @module
 */

import { browserSuite } from "./browser-suite.ts";
import { Runtime } from "./runtime.ts";

let shared: Runtime | undefined;

/** One for the page, made when it is first needed. */
export function browserRuntime(): Runtime {
  shared ??= new Runtime({ suite: browserSuite, defer: deferrer() });
  return shared;
}

/** Calls back after the events that are here; a timer would be slowed down in a page behind others. */
function deferrer(): (callback: () => void) => void {
  // Outside of pages, where a channel would keep the process alive.
  if (typeof setImmediate === "function") return (callback) => setImmediate(callback);
  const { port1, port2 } = new MessageChannel();
  let deferred: (() => void)[] = [];
  port1.addEventListener("message", () => {
    const callbacks = deferred;
    deferred = [];
    for (const callback of callbacks) callback();
  });
  port1.start();
  return (callback) => {
    if (deferred.push(callback) === 1) port2.postMessage(undefined);
  };
}

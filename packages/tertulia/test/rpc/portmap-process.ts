/** A process of its own that is rpcbind, for a network namespace: prints "ready", ends with its input. */

import { startRpcbind } from "../../src/rpc/index.ts";

const [path] = process.argv.slice(2);
await startRpcbind({
  host: "0.0.0.0",
  passesCallsOn: true,
  ...(path !== undefined && { path }),
});
console.log("ready");
process.stdin.resume().on("end", () => process.exit(0));

/**
 * A counter over plain ONC RPC: made from counter.x, served and called over TCP.
 *
 *     node examples/rpc/plain.ts
 *
 * @module
 */

import { connect, RpcServer } from "tertulia/rpc";
import { CounterV1Client, serveCounterV1 } from "./generated/counter.ts";

let count = 0;
const add = (by: number): number => {
  count += by;
  return count;
};
await using server = new RpcServer({ programs: [serveCounterV1({ get: () => count, add })] });
const { port } = await server.listen();

await using client = await connect({ port });
const counter = new CounterV1Client(client);
await counter.add(2, { timeoutMs: 1000, signal: AbortSignal.timeout(2000) });
await Promise.all([counter.add(3), counter.add(4)]);
console.log(`the counter is ${await counter.get()}`);

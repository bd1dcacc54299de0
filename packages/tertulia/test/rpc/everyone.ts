/**
 * Asks a network from a host of its own: what rpcbind at HOST lists over UDP and over TCP, and who
 * answers a broadcast. Prints it as JSON.
 */

import {
  broadcast,
  connect,
  connectUdp,
  RpcbindClient,
  SessionError,
} from "../../src/rpc/index.ts";
import { benchProgV1 } from "../fixtures/oncrpc/generated/bench.ts";

const [host = ""] = process.argv.slice(2);

/** How many lines a list has, or why there is none. */
async function lines(caller: ConstructorParameters<typeof RpcbindClient>[0]): Promise<unknown> {
  try {
    const list = await new RpcbindClient(caller).dump({ timeoutMs: 1000 });
    return list.length > 0;
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error);
  }
}

await using tcp = await connect({ host, port: 111 });
await using udp = await connectUdp({ host, port: 111, repeatMs: 100 });
const listed = { tcp: await lines(tcp), udp: await lines(udp) };
const answers = [];
// By way of the port mappers, as nobody knows the program's port.
for await (const answer of broadcast(benchProgV1, benchProgV1.procedures.incr, 3, {
  waitMs: 500,
})) {
  answers.push(answer);
}
console.log(JSON.stringify({ listed, answers }));
process.exit(0);

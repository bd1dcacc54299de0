/** What a client of rpcbind asks it, run inside the namespace where it is; the answers as JSON. */

import { connect, lookup, RpcbindClient } from "../../src/rpc/index.ts";

const BENCH = 0x20000099;
// The daemon has just been started.
const caller = await (async () => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect({ port: 111 });
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
})();
const client = new RpcbindClient(caller);
const self = await lookup({ host: "127.0.0.1", program: 100_000, version: 4 });
const all = await client.dump();
const versions = new Set(
  all.filter(({ program }) => program === 100_000).map(({ version }) => version),
);
const address = "0.0.0.0.16.225";
const set = await client.set({ program: BENCH, version: 1, netid: "tcp", address, owner: "" });
const found = await client.find(BENCH, 1, "tcp");
const other = await client.find(BENCH, 7, "tcp");
const exact = await client.v4.getversaddr({
  r_prog: BENCH,
  r_vers: 7,
  r_netid: "tcp",
  r_addr: "",
  r_owner: "",
});
const unset = await client.unset(BENCH, 1, "tcp");
const gone = (await client.find(BENCH, 1, "tcp")) ?? null;
console.log(
  JSON.stringify({ self, versions: [...versions].sort(), set, found, other, exact, unset, gone }),
);
await caller[Symbol.asyncDispose]();

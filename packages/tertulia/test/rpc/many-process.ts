/** Opens so many connections to a server, calls over each twice, all open at once: prints the count. */

import { connect } from "../../src/rpc/index.ts";
import { BenchProgV1Client } from "../fixtures/oncrpc/generated/bench.ts";

const [port = "0", count = "0"] = process.argv.slice(2);
const clients: Awaited<ReturnType<typeof connect>>[] = [];
while (clients.length < Number(count)) {
  const some = Math.min(100, Number(count) - clients.length);
  const made = Array.from({ length: some }, () => connect({ port: Number(port) }));
  clients.push(...(await Promise.all(made)));
}
let answers = 0;
for (let round = 0; round < 2; round++) {
  await Promise.all(
    clients.map(async (client) => {
      await new BenchProgV1Client(client).null();
      answers += 1;
    }),
  );
}
console.log(answers);
process.exit(0);

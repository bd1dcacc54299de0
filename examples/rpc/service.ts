/**
 * A service without a `.x` file: described in TypeScript with zod, over a Tertulia session.
 *
 *     node examples/rpc/service.ts
 *
 * @module
 */

import { connect, listen } from "tertulia";
import { method, serveService, serviceClient, stream } from "tertulia/rpc";
import { z } from "zod";

const clock = {
  greet: method(z.object({ name: z.string().max(100) }), z.string()),
  ticks: stream(z.number().int().min(0), z.number()),
};

const listener = await listen("tcp://127.0.0.1:0");
void (async () => {
  for await (const session of listener) {
    void serveService(session, clock, {
      greet: ({ name }) => `hello, ${name}`,
      async *ticks(count) {
        for (let i = 0; i < count; i++) yield i;
      },
    });
  }
})();

const session = await connect(`tcp://127.0.0.1:${listener.port}`);
const client = serviceClient(session, clock);
console.log(await client.greet({ name: "Tertulia" }));
for await (const tick of client.ticks(3)) console.log(`tick ${tick}`);
await session.release();
await listener[Symbol.asyncDispose]();
process.exit(0);

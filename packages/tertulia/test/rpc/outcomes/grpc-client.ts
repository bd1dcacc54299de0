/**
 * The same with grpc-js: `node grpc-client.js DATABASE PORT LAST`. It calls again when there was no reply,
 * as a caller who wants every item done must.
 */

import { DatabaseSync } from "node:sqlite";
import * as grpc from "@grpc/grpc-js";
import { DoneItems } from "./done-items.ts";
import { incr } from "./grpc-incr.ts";

const [, , file = "", port = "", last = ""] = process.argv;
const done = new DoneItems(new DatabaseSync(file, { timeout: 5000 }), Number(last));
const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
  "grpc.initial_reconnect_backoff_ms": 50,
  "grpc.max_reconnect_backoff_ms": 100,
});

const call = (item: number): Promise<boolean> =>
  new Promise((resolve) => {
    const options = { deadline: Date.now() + 2000 };
    const { path, requestSerialize, responseDeserialize } = incr;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, item, options, (error) =>
      resolve(error === null),
    );
  });

await done.each(async (item) => {
  if (await call(item)) {
    done.add(item);
    return true;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  return false;
});
process.exit(0);

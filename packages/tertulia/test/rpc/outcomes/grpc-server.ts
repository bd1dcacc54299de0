/** The same with grpc-js: `node grpc-server.js DATABASE PORT`. */

import { DatabaseSync } from "node:sqlite";
import * as grpc from "@grpc/grpc-js";
import { incr } from "./grpc-incr.ts";

const [, , file = "", port = ""] = process.argv;
const database = new DatabaseSync(file, { timeout: 5000 });
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
database.exec("CREATE TABLE IF NOT EXISTS items (item INTEGER NOT NULL)");
const insert = database.prepare("INSERT INTO items VALUES (?)");

const server = new grpc.Server();
server.addService(
  { incr },
  {
    incr: async (call: { request: number }, callback: grpc.sendUnaryData<number>) => {
      insert.run(call.request);
      await new Promise((resolve) => setTimeout(resolve, 1));
      callback(null, call.request);
    },
  },
);
server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});

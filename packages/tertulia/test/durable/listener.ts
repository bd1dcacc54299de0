/**
 * Writes the lines that it is sent to a file, in a process that may be killed at any instant:
 * `node listener.js ADDRESS STORE FILE`. Each line carries the cursor, so that a line and the place
 * behind it are written together or not at all.
 */

import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { listen, type Session } from "../../src/index.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";

const [, , address = "", path = "", file = ""] = process.argv;
const written = existsSync(file) ? readFileSync(file, "utf8") : "";
const whole = written.slice(0, written.lastIndexOf("\n") + 1);
const output = openSync(file, existsSync(file) ? "r+" : "w");
ftruncateSync(output, Buffer.byteLength(whole));
let position = Buffer.byteLength(whole);
const [, lane0, lane1, owner] = (whole.trimEnd().split("\n").at(-1) ?? "").split("\t");

const store = await openSqliteStore(path);
const listener = await listen(address, {
  store,
  cursorOf: (id) => (id === owner ? [Number(lane0), Number(lane1)] : undefined),
});
console.log("listening");
// A teller that died before its store had the session has left one here that nobody comes back to.
for await (const session of listener) void serve(session);

async function serve(session: Session): Promise<void> {
  await session.consume((message) => {
    const line = `${message.value}\t${session.cursor.join("\t")}\t${session.id}\n`;
    position += writeSync(output, line, position);
  });
  const { outcome } = await session.closed;
  if (outcome !== "released") return;
  closeSync(output);
  await listener[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  process.exit(0);
}

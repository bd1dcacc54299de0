import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { promisify } from "node:util";

const program = `
  const { connect, listen } = await import("tertulia");
  const listener = await listen("tcp://127.0.0.1:0");
  const session = await connect("tcp://" + listener.address);
  await session.release();
  await listener[Symbol.asyncDispose]();
  console.log(process.moduleLoadList.join());
`;

// The garbage collector looks through all that is loaded, most often where messages are long.
it("a session over TCP loads neither the WebSocket library nor Node's HTTP client", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", program],
    { cwd: import.meta.dirname },
  );
  assert.match(stdout, /NativeModule net/);
  // The library needs both, and nothing else here does.
  assert.doesNotMatch(stdout, /NativeModule (https|internal\/deps\/undici)/);
});

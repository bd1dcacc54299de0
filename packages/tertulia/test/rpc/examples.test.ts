import { equal } from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";

const examples = join(import.meta.dirname, "../../../../../examples/rpc");

function output(name: string): Promise<string> {
  const parameters = ["--disable-warning=ExperimentalWarning", join(examples, name)];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, parameters, { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
}

describe("the examples of the guide on RPC", () => {
  it("run", async () => {
    equal(await output("plain.ts"), "the counter is 9\n");
    equal(await output("once.ts"), "1000 calls, and the counter is 1000\n");
    equal(await output("service.ts"), "hello, Tertulia\ntick 0\ntick 1\ntick 2\n");
  });
});

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { linesOf } from "../src/lines.ts";

describe("lines", () => {
  it("all come to whoever takes them slowly, also when their input has ended long before", async () => {
    const input = new PassThrough();
    const sent = Array.from({ length: 5000 }, (_, index) => String(index));
    input.end(sent.join("\n"));
    const taken: string[] = [];
    for await (const line of linesOf(createInterface({ input }))) {
      taken.push(line);
      if (taken.length % 500 === 0) await setImmediate();
    }
    assert.deepEqual(taken, sent);
  });

  it("end when readline is closed, and leave the rest of the input to others", async () => {
    const input = new PassThrough();
    input.write("one\n");
    const lines = createInterface({ input });
    const taken: string[] = [];
    for await (const line of linesOf(lines)) {
      taken.push(line);
      lines.close();
    }
    input.end("two\n");
    for await (const line of linesOf(createInterface({ input }))) taken.push(line);
    assert.deepEqual(taken, ["one", "two"]);
  });
});

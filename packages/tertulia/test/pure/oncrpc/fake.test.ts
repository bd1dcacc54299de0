import { deepEqual, equal, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { RpcError } from "../../../src/pure/oncrpc/failure.ts";
import { fakeBenchProgV1, type Node } from "../../fixtures/oncrpc/generated/bench.ts";
import { sampleNode } from "../../rpc/bench-program.ts";

describe("a generated fake", () => {
  it("is a client of the handlers it is given, through the codecs of the real one", async () => {
    const given: Node[] = [];
    const fake = fakeBenchProgV1({
      node: (node) => {
        given.push(node);
        return { ...node, id: 9 };
      },
    });
    const result = await fake.node(sampleNode());
    deepEqual([given, result], [[sampleNode()], { ...sampleNode(), id: 9 }]);
    await rejects(fake.node({ ...sampleNode(), id: 2 ** 31 }), { code: "ERR_ARGUMENT" });
  });

  it("says what a server says: of what is missing, of what a handler throws", async () => {
    const fake = fakeBenchProgV1({
      incr: (by) => {
        throw by === 1 ? new RpcError("GARBAGE_ARGS") : new Error("a mistake");
      },
    });
    await rejects(fake.echo(new Uint8Array()), { status: "PROC_UNAVAIL" });
    await rejects(fake.incr(1), { status: "GARBAGE_ARGS" });
    await rejects(fake.incr(2), { status: "SYSTEM_ERR" });
  });

  it("settles as a client does that calls exactly once", async () => {
    const fake = fakeBenchProgV1({
      incr: (by) => {
        if (by === 2) throw new RpcError("GARBAGE_ARGS");
        return by + 1;
      },
    });
    const settled: unknown[] = [];
    const options = {
      settle: ({
        outcome,
        result,
        error,
      }: {
        outcome: string;
        result: unknown;
        error: RpcError | undefined;
      }) => {
        settled.push([outcome, result, error?.status]);
      },
    };
    equal(await fake.incr(1, options), 2);
    await rejects(fake.incr(2, options));
    deepEqual(settled, [
      ["reply", 2, undefined],
      ["reply", undefined, "GARBAGE_ARGS"],
    ]);
  });
});

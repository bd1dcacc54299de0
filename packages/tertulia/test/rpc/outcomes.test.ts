import { deepEqual, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { hasPeers } from "../peers.ts";
import { type Contestant, kill } from "./outcomes/kill.ts";

// `npm run kill:rpc` does it 200 times over two minutes, with each of the three.
const faults = { kills: 12, overMs: 2000, seed: 3 };

describe("a client and a server that are killed with -9, either and both, their link cut besides", () => {
  it("do each item exactly once, and both know it", async () => {
    const { wanted, done, twice, missing, isClientRight } = await kill("tertulia", faults);
    deepEqual(
      { done, twice, missing, isClientRight },
      {
        done: wanted,
        twice: 0,
        missing: 0,
        isClientRight: true,
      },
    );
  });

  const others: readonly (readonly [Contestant, ...(readonly string[])])[] = [
    ["grpc-js"],
    ["libtirpc", "rpcgen", "gcc"],
  ];
  for (const [contestant, ...peers] of others) {
    it(`do some items twice with ${contestant}`, async (t) => {
      if (!hasPeers(t, ...peers)) return;
      const { wanted, done, twice } = await kill(contestant, faults);
      ok(twice > 0 && done > wanted, `${done} done, ${wanted} wanted, ${twice} twice`);
    });
  }
});

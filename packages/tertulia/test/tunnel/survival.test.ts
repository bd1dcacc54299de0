/**
 * Which failures of the network kill ssh, FTP, a PostgreSQL transaction and a Redis subscriber, and that
 * none does through a tunnel. At length: `npm run soak -- tunnel --bare`.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { programHosts } from "./program-hosts.ts";
import { failures, makeImpatient, SURVIVAL_PEERS, Survival, type Verdict } from "./survival.ts";

/** What happens to the tunnel, in turn. */
const PLAN = [
  ["silence", 8000],
  ["reset", 0],
  ["cut", 1500],
  ["address", 0],
] as const;

const all = (verdict: Verdict) => ({ ssh: verdict, ftp: verdict, psql: verdict, redis: verdict });

describe("ssh, FTP, psql and a Redis subscriber without a tunnel", { timeout: 120_000 }, () => {
  it("go on behind a short silence and a short cut, hang for ever at a new address, and a reset ends them", async (t) => {
    using hosts = programHosts(t, "bare", ...SURVIVAL_PEERS);
    if (!hosts) return;
    const bare = await Survival.begin(hosts, false);
    // TCP alone is good for that much.
    const brief = async () => {
      await failures.silence(hosts, 1500);
      await failures.cut(hosts, 1500);
    };
    assert.deepEqual(await bare.through(4, brief, 20_000), all("went on"));
    assert.deepEqual(await bare.through(8, () => failures.reset(hosts, 0), 20_000), all("failed"));
    // Neither side says anything that would be answered: it is a matter of how long one waits.
    assert.deepEqual(await bare.through(6, () => failures.address(hosts, 500), 2500), all("hung"));
  });

  it("do not go on behind a silence that is longer than their kernels wait", async (t) => {
    using hosts = programHosts(t, "bare-long", ...SURVIVAL_PEERS);
    if (!hosts) return;
    makeImpatient(hosts);
    const bare = await Survival.begin(hosts, false);
    const verdicts = await bare.through(8, () => failures.silence(hosts, 8000), 4000);
    // Who only waits to be told something may never know that there is nobody.
    assert.ok(!Object.values(verdicts).includes("went on"), JSON.stringify(verdicts));
  });
});

describe("the same through a tunnel", { timeout: 120_000 }, () => {
  it("goes on whatever it is, and however little the kernels wait", async (t) => {
    using hosts = programHosts(t, "survival", ...SURVIVAL_PEERS);
    if (!hosts) return;
    makeImpatient(hosts);
    const tunnelled = await Survival.begin(hosts, true);
    const resumed = () => hosts.changes.filter((change) => change === "resumed").length;
    const everything = async () => {
      for (const [failure, ms] of PLAN) {
        const before = resumed();
        await failures[failure](hosts, ms);
        // Each breaks the link: otherwise the next would be the same break.
        while (resumed() === before) await sleep(20);
      }
    };
    assert.deepEqual(await tunnelled.through(12, everything, 60_000), all("went on"));
  });
});

/**
 * Each failure at length, without a tunnel and with one: which of four programs go on. Prints a line of
 * JSON for each; exit code 1 when one through the tunnel noticed. Part of `soak.ts`.
 */

import { ProgramHosts } from "./program-hosts.ts";
import { failures, Survival } from "./survival.ts";

/** Work is done for so long besides the failure, and waited for: TCP may pause as long as it was silent. */
const WORK_SECONDS = 4;

export async function soakBare(lengthsMs: readonly number[]): Promise<boolean> {
  let isUnnoticed = true;
  for (const isTunnelled of [false, true]) {
    using hosts = new ProgramHosts("soak-bare");
    const programs = await Survival.begin(hosts, isTunnelled);
    const trial = async (failure: keyof typeof failures, ms: number) => {
      const start = performance.now();
      const seconds = WORK_SECONDS + Math.ceil(ms / 1000);
      const verdicts = await programs.through(
        seconds,
        () => failures[failure](hosts, ms),
        2 * ms + 10_000,
      );
      const took = Math.round((performance.now() - start) / 100) / 10;
      console.log(JSON.stringify({ isTunnelled, failure, ms, ...verdicts, seconds: took }));
      if (isTunnelled) isUnnoticed &&= Object.values(verdicts).every((one) => one === "went on");
    };
    for (const ms of lengthsMs) {
      await trial("silence", ms);
      await trial("cut", ms);
    }
    await trial("reset", 1000);
    await trial("address", 1000);
  }
  return isUnnoticed;
}

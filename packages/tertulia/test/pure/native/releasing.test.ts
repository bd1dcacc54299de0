import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FINISH, FINISHED, NOT_FINISHED } from "../../../src/pure/native/frames.ts";
import { defaultLimits } from "../../../src/pure/native/limits.ts";
import type { ReleaseInput } from "../../../src/pure/native/release.ts";
import { type ReleaseLink, Releasing } from "../../../src/pure/native/releasing.ts";

const names = new Map([
  [FINISH, "FINISH"],
  [FINISHED, "FINISHED"],
  [NOT_FINISHED, "NOT_FINISHED"],
]);

/** A link that does as it is told, and writes down what the release asks of it. */
class FakeLink implements ReleaseLink {
  readonly asked: string[] = [];
  isDrained = false;
  isAcknowledged = false;
  progress = 0;

  sendRelease(type: number): void {
    this.asked.push(`send ${names.get(type)}`);
  }

  acknowledge(): void {
    this.asked.push("acknowledge");
  }

  resumeSending(): void {
    this.asked.push("resume sending");
  }
}

/** A release on a link that has nothing more to send, and how it got so far. */
function releasing(...inputs: readonly ReleaseInput[]): { link: FakeLink; release: Releasing } {
  const link = new FakeLink();
  const release = new Releasing(link, defaultLimits);
  for (const input of inputs) {
    if (input === "SRELreq") release.request(0);
    else if (input === "SRELrsp+" || input === "SRELrsp-") release.answer(input === "SRELrsp+", 0);
    else if (input === "drained" || input === "acknowledged") {
      const has = input === "drained" ? "isDrained" : "isAcknowledged";
      link[has] = true;
      release.advance();
      link[has] = false;
    } else release.receive(input);
  }
  return { link, release };
}

describe("release of a session (9.1)", () => {
  it("says FINISH behind everything that was to be sent, and not before", () => {
    const { link, release } = releasing("SRELreq");
    assert.equal(release.advance(), undefined);
    assert.deepEqual(link.asked, []);
    link.isDrained = true;
    release.advance();
    assert.deepEqual([link.asked, release.state], [["send FINISH"], "finishing"]);
  });

  it("acknowledges FINISHED at once, and stays until RELEASED comes", () => {
    const { link, release } = releasing("SRELreq", "drained", "FINISHED");
    assert.deepEqual(link.asked, ["send FINISH", "acknowledge"]);
    assert.deepEqual([release.state, release.isAgreed], ["finished", true]);
    release.receive("RELEASED");
    assert.equal(release.state, "released");
  });

  it("agrees behind everything that it says itself, and ends when that is acknowledged", () => {
    const { link, release } = releasing("FINISH", "SRELrsp+");
    assert.deepEqual([link.asked, release.state], [[], "answering"]);
    link.isDrained = true;
    release.advance();
    assert.deepEqual([link.asked, release.state], [["send FINISHED"], "answered"]);
    link.isAcknowledged = true;
    assert.deepEqual(release.advance(), { send: "RELEASED", to: "released" });
  });

  it("takes both steps at once when all is acknowledged already", () => {
    const { link, release } = releasing("FINISH", "SRELrsp+");
    link.isDrained = link.isAcknowledged = true;
    assert.deepEqual(release.advance(), { send: "RELEASED", to: "released" });
  });

  it("asks the application of the peer, once", () => {
    const { release } = releasing();
    assert.deepEqual(release.receive("FINISH"), { tell: "releaseAsked", to: "asked" });
    assert.throws(() => release.receive("FINISH"), { code: "ERR_PROTOCOL" });
  });

  it("takes a request of its own for an answer", () => {
    for (const inputs of [
      ["FINISH", "SRELreq"],
      ["SRELreq", "FINISH"],
    ] as const) {
      assert.equal(releasing(...inputs).release.state, "answering");
    }
  });

  it("goes on sending when the peer declines, and waits for nothing", () => {
    const { link, release } = releasing("SRELreq", "drained", "NOT_FINISHED");
    assert.deepEqual(link.asked, ["send FINISH", "resume sending"]);
    assert.deepEqual([release.state, release.deadline], ["open", 0]);
  });

  it("declines, and may be asked again", () => {
    const { link, release } = releasing("FINISH", "SRELrsp-", "FINISH");
    assert.deepEqual([link.asked, release.state], [["send NOT_FINISHED"], "asked"]);
  });

  it("ends both when two FINISH cross: each answers, and whoever is acknowledged says RELEASED", () => {
    const { link, release } = releasing("SRELreq", "drained", "FINISH", "FINISHED");
    assert.deepEqual(link.asked, ["send FINISH", "send FINISHED", "acknowledge"]);
    assert.deepEqual([release.state, release.isAgreed], ["crossed", true]);
    link.isAcknowledged = true;
    assert.deepEqual(release.advance(), { send: "RELEASED", to: "released" });
    const other = releasing("SRELreq", "drained", "FINISH", "FINISHED", "RELEASED").release;
    assert.equal(other.state, "released");
  });

  it("may be requested twice: the second request changes nothing", () => {
    const { link, release } = releasing("SRELreq", "drained", "SRELreq");
    assert.deepEqual([link.asked, release.state], [["send FINISH"], "finishing"]);
  });

  it("refuses an answer to what nobody asked, and changes nothing", () => {
    const { link, release } = releasing();
    assert.throws(() => release.answer(true, 0), { code: "ERR_STATE" });
    assert.deepEqual([link.asked, release.state, release.deadline], [[], "open", 0]);
  });

  it("names what must not come, and changes nothing", () => {
    const { link, release } = releasing("SRELreq");
    for (const input of ["FINISHED", "NOT_FINISHED", "RELEASED"] as const) {
      assert.throws(() => release.receive(input), { violation: "unexpectedFrame" });
    }
    assert.deepEqual([link.asked, release.state], [[], "draining"]);
  });

  it("is over when the session ends without one, but stays what it was once begun", () => {
    const open = releasing().release;
    open.stop();
    const begun = releasing("SRELreq").release;
    begun.stop();
    assert.deepEqual([open.state, begun.state], ["released", "draining"]);
  });
});

describe("release that stands still (9.1: 30 s)", () => {
  it("has no deadline until somebody wants one", () => {
    const { release } = releasing("FINISH");
    assert.deepEqual([release.deadline, release.isStuck(1e9)], [0, false]);
  });

  it("is stuck when nothing has moved from one look to the next", () => {
    const { release } = releasing("SRELreq");
    const found = [29_999, 30_000, 59_999, 60_000].map((now) => release.isStuck(now));
    assert.deepEqual(found, [false, false, false, true]);
  });

  it("goes on as long as a long journal gets shorter", () => {
    const { link, release } = releasing("SRELreq");
    for (let now = 30_000; now < 300_000; now += 30_000) {
      link.progress += 1;
      assert.equal(release.isStuck(now), false);
    }
  });

  it("looks once more when it was looked at late: the process may have slept", () => {
    const { release } = releasing("SRELreq");
    release.isStuck(30_000);
    assert.equal(release.isStuck(62_000), false);
    assert.equal(release.deadline, 92_000);
    assert.equal(release.isStuck(92_000), true);
  });

  it("keeps its deadline when it is asked for again", () => {
    const { release } = releasing("SRELreq");
    release.request(10_000);
    assert.equal(release.deadline, 30_000);
  });

  it("has its time anew on another transport, if it had begun", () => {
    const { release } = releasing("SRELreq");
    release.resumed(20_000);
    const untouched = releasing().release;
    untouched.resumed(20_000);
    assert.deepEqual([release.deadline, untouched.deadline], [50_000, 0]);
  });

  it("goes on in another process with all of its time", () => {
    const { release } = releasing();
    release.restore("finishing", 1000);
    assert.deepEqual([release.state, release.deadline], ["finishing", 31_000]);
    const { release: open } = releasing();
    open.restore("open", 1000);
    assert.equal(open.deadline, 0);
  });
});

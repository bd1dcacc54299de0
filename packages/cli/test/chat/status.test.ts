import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Status } from "../../src/chat/status.ts";

/** The status of ana, who is in the patio with bob over TLS. */
function talking(): Status {
  const status = new Status();
  const members = [
    { name: "ana", state: "connected" },
    { name: "bob", state: "connected" },
  ] as const;
  status.apply({ type: "connected", over: "tls", address: "", session: "" }, 0);
  status.apply({ type: "joined", room: "patio", name: "ana", members }, 0);
  return status;
}

describe("the status line", () => {
  it("says where we are, with how many, and over what", () => {
    assert.equal(talking().line(0, 80), "patio · 2 here · connected over tls");
  });

  it("says since when a link is broken, counts, and then says what was replayed, for a while", () => {
    const status = talking();
    status.apply({ type: "suspended", reason: "" }, 1000);
    const broken = status.line(5000, 80);
    const since = new Date(performance.timeOrigin + 1000).toTimeString().slice(0, 8);
    status.apply({ type: "resumed", over: "tls", replayed: 3, suspendedMs: 5000 }, 6000);
    assert.deepEqual(
      [broken, status.line(6000, 80), status.line(60_000, 80)],
      [
        `patio · 2 here · suspended since ${since} (4 s), retrying`,
        "patio · 2 here · connected over tls · resumed, 3 replayed",
        "patio · 2 here · connected over tls",
      ],
    );
  });

  it("says who else is cut off, and fits", () => {
    const status = talking();
    status.apply({ type: "link", name: "bob", state: "suspended" }, 0);
    assert.deepEqual(
      [status.line(2000, 80), status.line(2000, 20)],
      ["patio · 2 here · connected over tls · bob cut off for 2 s", "patio · 2 here · co…"],
    );
  });
});

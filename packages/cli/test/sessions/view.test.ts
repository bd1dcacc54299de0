import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineOf, type SessionView } from "../../src/sessions/view.ts";

const view: SessionView = {
  id: "406b96a6144626cbb8354cd605884b87",
  role: "responder",
  identity: `ed25519:${"00".repeat(32)}`,
  state: "suspended",
  createdAt: 0,
  epoch: 3,
  sentOctets: 1234567,
  receivedOctets: 0,
  live: {
    pid: 1,
    over: "tls",
    address: "192.0.2.7:40000",
    selector: "tunnel",
    agent: "",
    durability: "memory",
    isKept: false,
  },
};
const key = "A".repeat(42);
const short = "406b96a6  suspended  SHA256:AAAA…AAAA  5 s old";
const backlog = "1234567 to send, 0 to read";

describe("a session in one line", () => {
  const cases: readonly (readonly [columns: number | undefined, line: string])[] = [
    [
      undefined,
      `${view.id}  suspended  SHA256:${key}A  5 s old  epoch 3  1234567 octets to send, 0 to read  tls 192.0.2.7:40000`,
    ],
    [120, `${short}  epoch 3  ${backlog}  tls 192.0.2.7:40000`],
    [100, `${short}  ${backlog}  tls 192.0.2.7:40000`],
    [80, `${short}  ${backlog}`],
    [72, short],
    [20, "406b96a6  suspended…"],
  ];
  for (const [columns = Infinity, line] of cases) {
    it(`is what ${columns} columns have room for`, () => {
      assert.equal(lineOf(view, 5000, columns), line);
    });
  }
});

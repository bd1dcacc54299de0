import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Session } from "../../src/io/session.ts";
import { linked } from "./linked.ts";

const wrong: readonly (readonly [request: string, make: (session: Session) => unknown])[] = [
  ["migrate(5)", (session) => session.migrate(5 as never)],
  ["goAway(-1, 0)", (session) => session.goAway(-1, 0)],
  ["goAway(0, 0, 5)", (session) => session.goAway(0, 0, 5 as never)],
  ["openStream(5)", (session) => session.openStream(5 as never)],
  ["note('text')", (session) => session.note("text" as never)],
  ["commit(5)", (session) => session.commit(5 as never)],
  ["commit({ signal: 5 })", (session) => session.commit({ signal: 5 as never })],
  ["delivered({ signl: … })", (session) => session.delivered({ signl: undefined } as never)],
  ["park(5)", (session) => session.park(5 as never)],
  ["release(5)", (session) => session.release(5 as never)],
  ["consume(5)", (session) => session.consume(5 as never)],
  ["consume(…, 5)", (session) => session.consume(() => {}, 5 as never)],
];

describe("a request of the wrong kind", () => {
  for (const [request, make] of wrong) {
    it(`is refused: ${request}`, async () => {
      await using pair = await linked("memory");
      await assert.rejects(async () => make(pair.client), { code: "ERR_ARGUMENT" });
    });
  }
});

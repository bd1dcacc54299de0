import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Session } from "../../src/io/session.ts";
import { linked } from "./linked.ts";

const octets = new Uint8Array(1);

const wrong: readonly (readonly [request: string, make: (session: Session) => unknown])[] = [
  ["send('text', 5)", (session) => session.send("text", 5 as never)],
  ["send('text', 'typed')", (session) => session.send("text", "typed" as never)],
  ["send({ kind: 'urgent' })", (session) => session.send("text", { kind: "urgent" as never })],
  ["send({ type: 'typed' })", (session) => session.send("text", { type: "typed" } as never)],
  ["abort(5)", (session) => session.abort(5 as never)],
  ["abort(…, 'no reason')", (session) => session.abort("text", "no reason" as never)],
  ["migrate(5)", (session) => session.migrate(5 as never)],
  ["goAway(-1, 0)", (session) => session.goAway(-1, 0)],
  ["goAway(0, 0, 5)", (session) => session.goAway(0, 0, 5 as never)],
  ["openStream(5)", (session) => session.openStream(5 as never)],
  ["write('text') of a stream", (session) => session.openStream().write("text" as never)],
  ["write() of a stream", (session) => session.openStream().write(undefined as never)],
  ["write(…, 5) of a stream", (session) => session.openStream().write(octets, 5 as never)],
  ["give('text') of a stream", (session) => session.openStream().give("text" as never)],
  ["read(5) of a stream", (session) => session.openStream().read(5 as never)],
  ["consume(5) of a stream", (session) => session.openStream().consume(5 as never)],
  ["reset(-1) of a stream", (session) => session.openStream().reset(-1)],
  ["note('text')", (session) => session.note("text" as never)],
  ["commit(5)", (session) => session.commit(5 as never)],
  ["commit({ signal: 5 })", (session) => session.commit({ signal: 5 as never })],
  ["delivered({ signl: … })", (session) => session.delivered({ signl: undefined } as never)],
  ["park(5)", (session) => session.park(5 as never)],
  ["release(5)", (session) => session.release(5 as never)],
  ["consume()", (session) => session.consume(undefined as never)],
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

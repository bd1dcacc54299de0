import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Listens } from "../../../src/pure/netbios/listens.ts";
import { netbiosName } from "../../../src/pure/netbios/name.ts";

const [ALICE, BOB, CAROL] = [netbiosName("ALICE"), netbiosName("BOB"), netbiosName("CAROL")];

describe("LISTEN (RFC 1002 5.2.1.2)", () => {
  it("for this caller goes before LISTEN for anyone", () => {
    const listens = new Listens<string>();
    listens.add({ called: ALICE, calling: undefined, target: "anyone" });
    listens.add({ called: ALICE, calling: BOB, target: "bob" });
    const target = (calling: typeof BOB): string | undefined => {
      const decision = listens.decide(ALICE, calling, true);
      return decision.type === "accept" ? decision.listen.target : decision.reason;
    };
    assert.deepEqual([target(BOB), target(CAROL)], ["bob", "anyone"]);
  });

  it("is refused with the code that says what is missing", () => {
    const listens = new Listens<string>();
    const listen = { called: ALICE, calling: BOB, target: "" };
    listens.add(listen);
    const reason = (called: typeof BOB, calling: typeof BOB, isPresent: boolean): string => {
      const decision = listens.decide(called, calling, isPresent);
      return decision.type === "refuse" ? decision.reason : decision.type;
    };
    assert.equal(reason(ALICE, CAROL, true), "notListeningForCallingName");
    assert.equal(reason(BOB, CAROL, true), "notListeningOnCalledName");
    assert.equal(reason(BOB, CAROL, false), "calledNameNotPresent");
    assert.equal(listens.delete(listen), true);
    assert.equal(listens.delete(listen), false);
    assert.equal(reason(ALICE, BOB, true), "notListeningOnCalledName");
    assert.equal(listens.size, 0);
  });

  it("is limited in number", () => {
    const listens = new Listens<string>(1);
    listens.add({ called: ALICE, calling: undefined, target: "" });
    assert.throws(() => listens.add({ called: BOB, calling: undefined, target: "" }), {
      reason: "tooMany",
    });
  });
});

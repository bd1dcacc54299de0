/**
 * The conversations of an independent implementation, with one of our machines in the place of each
 * of its ends: it says the same octets, and tells its user what the log of that end says.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SessionMachine } from "../../../src/pure/iso8327/machine.ts";
import type { SessionEvent } from "../../../src/pure/iso8327/primitives.ts";
import { decodeTsdu, processingOrder } from "../../../src/pure/iso8327/tsdu.ts";
import { tokensToBits, unitsToBits } from "../../../src/pure/iso8327/units.ts";
import { concatOctets, hex } from "../../../src/pure/octets.ts";
import {
  captureNames,
  conversations,
  type LogLine,
  log,
  type Said,
  type Side,
} from "./captures.ts";
import { requestOf } from "./replay.ts";

const names: Readonly<Record<string, string>> = {
  SCONind: "S-CONNECT.ind",
  "SCONcnf+": "S-CONNECT.cnf+",
  "SCONcnf-": "S-CONNECT.cnf-",
  SDTind: "S-DATA.ind",
  STDind: "S-TYPED-DATA.ind",
  SGTind: "S-TOKEN-GIVE.ind",
  SPTind: "S-TOKEN-PLEASE.ind",
  SSYNmind: "S-SYNC-MINOR.ind",
  SSYNmcnf: "S-SYNC-MINOR.cnf",
  SSYNMind: "S-SYNC-MAJOR.ind",
  SSYNMcnf: "S-SYNC-MAJOR.cnf",
  SRSYNind: "S-RESYNCHRONIZE.ind",
  SRSYNcnf: "S-RESYNCHRONIZE.cnf",
  SUERind: "S-U-EXCEPTION-REPORT.ind",
  SRELind: "S-RELEASE.ind",
  "SRELcnf+": "S-RELEASE.cnf",
  "SRELcnf-": "S-RELEASE.cnf",
  SPABind: "S-P-ABORT.ind",
};

const resyncOptions = { restart: 0, abandon: 1, set: 2 } as const;

/** What the logs say of an event, in their words. */
function asLog(event: SessionEvent): LogLine {
  const { type, userData } = event;
  const isConnect = type.startsWith("SCON");
  return {
    ev: names[type],
    data: hex(userData),
    ...(type === "SCONind" && { req: unitsToBits(event.functionalUnits ?? []) }),
    ...(type === "SCONcnf+" && {
      req: unitsToBits(event.functionalUnits ?? []),
      owned: tokensToBits(event.tokens ?? []),
    }),
    ...(isConnect && type !== "SCONcnf-" && { isn: event.initialSerialNumber ?? -1 }),
    ...(type === "SDTind" && { len: userData.length }),
    ...(type === "STDind" && { len: userData.length }),
    ...(event.tokens && !isConnect && { tokens: tokensToBits(event.tokens) }),
    ...(event.serialNumber !== undefined && { ssn: event.serialNumber }),
    ...(type === "SSYNmind" && { options: event.explicit ? 1 : 0 }),
    ...(type === "SRSYNind" && { options: resyncOptions[event.resyncType ?? "restart"] }),
    ...(type === "SUERind" && { reason: event.reason }),
    ...(type.startsWith("SRELcnf") && { affirmative: type === "SRELcnf+" ? 1 : 0 }),
  };
}

/** The lines of a log that are indications and confirms. */
function indications(name: string, side: Side): LogLine[] {
  return log(name, side).flatMap((line): LogLine[] => {
    if (line["ev"] === "LISTEN" || line["ev"] === "END") return [];
    if (line["ev"] === "ERR") {
      const isEnd = line["at"] === "S-ABORT.ind" && line["text"] === "Transport disconnect";
      return isEnd ? [{ ev: "S-P-ABORT.ind", data: "" }] : [];
    }
    return line["ev"] === undefined ? [] : [line];
  });
}

/** Our machine in the place of one side. What it says is compared, what it tells is returned. */
function replay(conversation: readonly Said[], side: Side): SessionEvent[] {
  const machine = new SessionMachine({ strict: true, extendedConcatenation: false });
  const said: Uint8Array[] = [];
  const told: SessionEvent[] = [];
  let proposed = 0;
  const drain = () => {
    for (let output = machine.poll(); output; output = machine.poll()) {
      if (output.type === "send") said.push(concatOctets([output.head, output.octets]));
      if (output.type === "sendExpedited") said.push(output.octets);
      if (output.type === "event") told.push(output.event);
      if (output.type === "connect") machine.transportConfirm(false, 0);
    }
  };
  if (side === "responder") machine.transportIndication(false, 0);
  for (const { side: speaker, type, octets } of conversation) {
    if (type === "control") continue;
    const spdus = decodeTsdu(octets);
    for (const { type: spduType, sessionUserRequirements } of spdus) {
      if (spduType === "CN") proposed = sessionUserRequirements ?? 0;
    }
    if (speaker !== side) {
      machine.receive(octets, 0);
      drain();
      continue;
    }
    for (const spdu of processingOrder(spdus)) {
      const request = requestOf(spdu, proposed);
      assert.ok(request, spdu.type);
      machine.request(request, 0);
    }
    drain();
    assert.equal(said.map((each) => hex(each)).join(" "), withoutOwnWays(hex(octets)));
    said.length = 0;
  }
  assert.deepEqual(said, []);
  machine.transportDisconnected(0);
  drain();
  return told;
}

/** ISODE gives a side to the data token in a duplex session as well, where there is none. */
function withoutOwnWays(octets: string): string {
  return octets.replace("1a01551b", "1a01541b").replace("1a01552a", "1a01542a");
}

describe("conversations of ISODE", () => {
  for (const name of captureNames) {
    for (const side of ["initiator", "responder"] as const) {
      it(`go the same with our machine as the ${side} of ${name}`, () => {
        const [conversation = []] = conversations(name);
        const told = replay(conversation, side).map(asLog);
        const logged = indications(name, side);
        const seen = logged.map((line, i) => {
          const keys = Object.keys(line).filter((key) => key in (told[i] ?? {}));
          return Object.fromEntries(keys.map((key) => [key, line[key]]));
        });
        // A log ends where its program ended; ours hears the end of the transport as well.
        const rest = told.slice(logged.length).map(({ ev }) => ev);
        assert.ok(rest.length <= 1 && rest.every((ev) => ev === "S-P-ABORT.ind"), rest.join());
        assert.deepEqual(seen, told.slice(0, logged.length));
      });
    }
  }
});

describe("conversations of libiec61850", () => {
  for (const side of ["initiator", "responder"] as const) {
    it(`go the same with our machine as the ${side}`, () => {
      const all = conversations("libiec61850-mms");
      assert.ok(all.length >= 3);
      for (const conversation of all) {
        const told = replay(conversation, side);
        const [first] = told;
        assert.equal(first?.type, side === "initiator" ? "SCONcnf+" : "SCONind");
        assert.deepEqual(first?.functionalUnits, ["duplex"]);
        // Everything else is data, until the device closes the transport without a word.
        const rest = told.slice(1).map(({ type }) => type);
        assert.deepEqual(
          rest.filter((type) => type !== "SDTind"),
          ["SPABind"],
        );
      }
    });
  }
});

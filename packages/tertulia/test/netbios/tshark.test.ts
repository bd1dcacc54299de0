import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { encodeDatagram, encodeDatagramBody } from "../../src/pure/netbios/datagram.ts";
import { fragment } from "../../src/pure/netbios/fragments.ts";
import {
  conflictDemand,
  endNodeChallenge,
  multihomedRegistrationRequest,
  negativeQueryResponse,
  overwriteRequest,
  positiveQueryResponse,
  queryRequest,
  redirectResponse,
  refreshRequest,
  registrationRequest,
  registrationResponse,
  releaseRequest,
  releaseResponse,
  statusRequest,
  statusResponse,
  wackResponse,
} from "../../src/pure/netbios/messages.ts";
import { netbiosName, WILDCARD } from "../../src/pure/netbios/name.ts";
import { encodeNamePacket } from "../../src/pure/netbios/name-packet.ts";
import type { NameEntry } from "../../src/pure/netbios/name-record.ts";
import { encodeSessionPacket } from "../../src/pure/netbios/session-packet.ts";
import { NO_STATISTICS } from "../../src/pure/netbios/statistics.ts";
import { hasPeers } from "../peers.ts";

const [ALICE, BOB] = [netbiosName("ALICE", 0x20), netbiosName("BOB")];
const entry: NameEntry = { group: false, nodeType: "H", address: "10.77.0.1" };
const owned = { id: 1, name: ALICE, entry, ttl: 600 };

/** What tshark makes of packets on a port: one line each, and no complaint. */
function judged(
  t: TestContext,
  packets: readonly Uint8Array[],
  transport: readonly string[],
  fields: readonly string[],
): string[] | undefined {
  if (!hasPeers(t, "tshark", "text2pcap")) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "tertulia-tshark-"));
  try {
    const path = join(folder, "packets.pcap");
    const text = packets.map(
      (octets) =>
        `0000 ${[...octets].map((octet) => octet.toString(16).padStart(2, "0")).join(" ")}`,
    );
    const made = spawnSync(
      "text2pcap",
      ["-q", ...transport, "-4", "10.77.0.1,10.77.0.2", "-", path],
      {
        input: `${text.join("\n")}\n`,
        encoding: "utf8",
      },
    );
    assert.equal(made.status, 0, made.stderr);
    const read = ["-r", path, "-T", "fields", "-E", "separator=;"];
    const all = [...fields, "_ws.malformed", "_ws.expert.message"];
    const { stdout } = spawnSync("tshark", [...read, ...all.flatMap((field) => ["-e", field])], {
      encoding: "utf8",
    });
    return stdout.trimEnd().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("tshark as the judge", () => {
  it("reads every packet of the name service as what it is", (t) => {
    const packets = [
      registrationRequest({ ...owned, broadcast: true }),
      overwriteRequest(owned),
      refreshRequest(owned),
      multihomedRegistrationRequest(owned),
      releaseRequest(owned),
      queryRequest(1, ALICE, true),
      statusRequest(1, WILDCARD),
      registrationResponse(1, ALICE, entry, 600),
      endNodeChallenge(1, ALICE, entry),
      conflictDemand(1, ALICE),
      releaseResponse(1, ALICE, entry),
      positiveQueryResponse(1, ALICE, [entry, { ...entry, address: "10.77.0.2" }], 600),
      negativeQueryResponse(1, ALICE, 3),
      redirectResponse(1, ALICE, { domain: "NS2.TEST", address: "10.77.0.8" }),
      wackResponse(registrationRequest(owned), ALICE, 60),
      statusResponse(1, WILDCARD, [], NO_STATISTICS),
    ].map(encodeNamePacket);
    const lines = judged(t, packets, ["-u", "137,137"], ["nbns.flags"]);
    if (!lines) return;
    const flags = [
      ...["2910", "2800", "4000", "7900", "3000", "0110", "0000", "ad80", "ad00", "ad87", "b400"],
      ...["8580", "8583", "8100", "bc00", "8400"],
    ];
    assert.deepEqual(
      lines.map((line) => line.split(";")[0]),
      flags.map((word) => `0x${word}`),
    );
    assert.doesNotMatch(lines.join("\n"), /[Mm]alformed|\bException\b/);
  });

  it("reads fragments, an error and the NBDD's packets", (t) => {
    const scope = "s".repeat(60);
    const body = encodeDatagramBody({
      source: { ...BOB, scope },
      destination: { ...ALICE, scope },
      userData: new Uint8Array(512),
    });
    const header = {
      more: false,
      first: true,
      sourceType: "P",
      id: 7,
      sourceAddress: "10.77.0.1",
      sourcePort: 138,
    } as const;
    const whole = { type: "directGroup", ...header, length: body.length, offset: 0, body } as const;
    const packets = [
      ...fragment(whole),
      { type: "error", ...header, errorCode: 0x82 } as const,
      { type: "queryRequest", ...header, destination: ALICE } as const,
      { type: "positiveQueryResponse", ...header, sourceType: "NBDD", destination: ALICE } as const,
      { type: "negativeQueryResponse", ...header, sourceType: "NBDD", destination: ALICE } as const,
    ].map(encodeDatagram);
    const fields = [
      "nbdgm.type",
      "nbdgm.first",
      "nbdgm.next",
      "nbdgm.dgram_id",
      "nbdgm.error_code",
    ];
    const lines = judged(t, packets, ["-u", "138,138"], fields);
    if (!lines) return;
    const short = lines.map((line) => line.replaceAll("True", "1").replaceAll("False", "0"));
    assert.deepEqual(
      short.map((line) => line.split(";").slice(0, 5).join(" ").trim()),
      [
        "17 1 1 0x0007",
        "17 0 0 0x0007",
        "19 1 0 0x0007 0x82",
        "20 1 0 0x0007",
        "21 1 0 0x0007",
        "22 1 0 0x0007",
      ],
    );
    assert.doesNotMatch(lines.join("\n"), /[Mm]alformed|\bException\b/);
  });

  it("reads every packet of a session", (t) => {
    const packets = [
      { type: "request", called: ALICE, calling: BOB } as const,
      { type: "positive" } as const,
      { type: "negative", errorCode: 0x80 } as const,
      { type: "retarget", address: "10.77.0.3", port: 5555 } as const,
      { type: "keepAlive" } as const,
    ].map(encodeSessionPacket);
    const fields = [
      "nbss.type",
      "nbss.error_code",
      "nbss.retarget_ip_address",
      "nbss.retarget_port",
    ];
    const lines = judged(t, packets, ["-T", "40000,139"], fields);
    if (!lines) return;
    assert.deepEqual(
      lines.map((line) => line.split(";").slice(0, 4).join(" ").trim()),
      ["0x81", "0x82", "0x83 0x80", "0x84  10.77.0.3 5555", "0x85"],
    );
  });
});

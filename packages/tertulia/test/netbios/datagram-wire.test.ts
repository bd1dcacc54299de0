import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { type Agent, address, Network } from "./network.ts";
import { type Dissection, Wire } from "./wire.ts";

/** With it, names and the largest user data are more than one packet holds. */
const SCOPE = `<00>.${"S".repeat(60)}`;

/**
 * User data of the largest size, which ends as said. The second fragment carries the last 168
 * octets; tshark 4.0 looks for names there, too, where RFC 1002 5.3.1 has none: it takes the two
 * octets of zero for two empty ones.
 */
function largest(end: string): string {
  return `${"ab".repeat(344)}0000${"cd".repeat(165)}${end}`;
}

/**
 * Ours with each other, and tshark on the wire: 1 is a name server that distributes datagrams, 2, 3
 * and 4 are P nodes of it, 5 and 6 are B nodes.
 */
describe("datagrams between ours, with tshark on the wire", () => {
  let network: Network;
  let nodes: Agent[] = [];

  const canRun = (t: TestContext): boolean => hasNamespaces(t) && hasPeers(t, "tshark");
  /** By number, from 1. */
  const node = (number: number): Agent => {
    const found = nodes[number - 1];
    assert.ok(found);
    return found;
  };
  const received = async (number: number, hex: string): Promise<void> => {
    await node(number).event(({ role, userData }) => role === "datagram" && userData === hex);
  };

  before(async () => {
    if (process.getuid?.() !== 0) return;
    network = new Network(6);
    const nameServers = [address(1)];
    const peer = { nodeType: "P", nameServers, distributionServers: nameServers } as const;
    nodes = [
      await network.agent(1, { nodeType: "P", nameServers, server: {}, distributes: true }),
      ...(await Promise.all([2, 3, 4].map((number) => network.agent(number, peer)))),
      ...(await Promise.all([5, 6].map((number) => network.agent(number)))),
    ];
    for (const one of nodes) await one.call("openDatagrams");
    await node(2).call("addName", `SENDER${SCOPE}`);
    await node(3).call("addName", `TEAM${SCOPE}`, { group: true });
    await node(4).call("addName", `TEAM${SCOPE}`, { group: true });
    await node(5).call("addName", `FIVE${SCOPE}`);
    await node(6).call("addName", `SIX${SCOPE}`);
    await node(6).call("addName", `LAN${SCOPE}`, { group: true });
  });

  after(async () => {
    await network?.[Symbol.asyncDispose]();
  });

  it("an NBDD is asked, and relays both fragments to each member, SOURCE_IP unchanged", async (t) => {
    if (!canRun(t)) return;
    await using wire = await Wire.tap(network, 1, DATAGRAMS);
    const hex = largest("01");
    await node(2).call("sendDatagram", `SENDER${SCOPE}`, `TEAM${SCOPE}`, hex, true);
    await Promise.all([received(3, hex), received(4, hex)]);
    const packets = await wire.packets(8);
    // Both fragments may be there before the first is relayed: the order is that of each link.
    const between = (link: string) => packets.filter((packet) => packet.startsWith(link));
    const fragments = ["first, more, 0 in 702", "534 in 702"];
    const relayed = fragments.map((rest) => `: 0x11 of 10.77.0.2, ${rest}`);
    assert.equal(packets.length, 8);
    assert.deepEqual(between("10.77.0.2 > 10.77.0.1"), [
      "10.77.0.2 > 10.77.0.1: 0x14 of 10.77.0.2",
      ...relayed.map((rest) => `10.77.0.2 > 10.77.0.1${rest}`),
    ]);
    assert.deepEqual(between("10.77.0.1 > 10.77.0.2"), [
      "10.77.0.1 > 10.77.0.2: 0x15 of 10.77.0.1",
    ]);
    for (const to of ["10.77.0.1 > 10.77.0.3", "10.77.0.1 > 10.77.0.4"]) {
      assert.deepEqual(
        between(to),
        relayed.map((rest) => `${to}${rest}`),
      );
    }
  });

  it("an NBDD says no to a name that nobody has", async (t) => {
    if (!canRun(t)) return;
    await using wire = await Wire.tap(network, 1, DATAGRAMS);
    await assert.rejects(
      node(2).call("sendDatagram", `SENDER${SCOPE}`, `NOBODY${SCOPE}`, "00", true),
      { reason: "nameNotFound" },
    );
    assert.deepEqual(await wire.packets(2), [
      "10.77.0.2 > 10.77.0.1: 0x14 of 10.77.0.2",
      "10.77.0.1 > 10.77.0.2: 0x16 of 10.77.0.1",
    ]);
  });

  it("B nodes fragment to one, to a group and to all", async (t) => {
    if (!canRun(t)) return;
    await using wire = await Wire.tap(network, 6, DATAGRAMS);
    await node(5).call("sendDatagram", `FIVE${SCOPE}`, `SIX${SCOPE}`, largest("01"));
    await received(6, largest("01"));
    await node(5).call("sendDatagram", `FIVE${SCOPE}`, `LAN${SCOPE}`, largest("02"), true);
    await received(6, largest("02"));
    await node(5).call("broadcastDatagram", `FIVE${SCOPE}`, largest("03"));
    await received(6, largest("03"));
    const fragments = (to: string, type: string) => [
      `10.77.0.5 > ${to}: ${type} of 10.77.0.5, first, more, 0 in 702`,
      `10.77.0.5 > ${to}: ${type} of 10.77.0.5, 534 in 702`,
    ];
    assert.deepEqual(await wire.packets(6), [
      ...fragments("10.77.0.6", "0x10"),
      ...fragments("10.77.0.255", "0x11"),
      ...fragments("10.77.0.255", "0x12"),
    ]);
  });

  it("a datagram to a name that has gone is answered with an error", async (t) => {
    if (!canRun(t)) return;
    await node(6).call("addName", `GOING${SCOPE}`);
    await node(5).call("sendDatagram", `FIVE${SCOPE}`, `GOING${SCOPE}`, "01");
    await received(6, "01");
    await node(6).call("deleteName", `GOING${SCOPE}`);
    await using wire = await Wire.tap(network, 6, DATAGRAMS);
    await node(5).call("sendDatagram", `FIVE${SCOPE}`, `GOING${SCOPE}`, "02");
    assert.deepEqual(await wire.packets(2), [
      "10.77.0.5 > 10.77.0.6: 0x10 of 10.77.0.5, first, 0 in 191",
      "10.77.0.6 > 10.77.0.5: 0x13 of 10.77.0.6, error 0x82",
    ]);
  });
});

/** What tshark makes of the datagram service. */
const DATAGRAMS: Dissection = {
  filter: "udp port 138",
  fields: [
    ...["nbdgm.type", "nbdgm.src.ip", "nbdgm.first", "nbdgm.next"],
    ...["nbdgm.pkt_offset", "nbdgm.dgram_len", "nbdgm.error_code"],
  ],
  words: ([type, source, first, next, offset, length, error]) => {
    const isSet = (field: string | undefined): boolean => field === "1" || field === "True";
    const hasBody = length !== "" && error === "";
    const parts = [
      `0x${Number(type).toString(16)} of ${source}`,
      ...(hasBody && isSet(first) ? ["first"] : []),
      ...(isSet(next) ? ["more"] : []),
      ...(hasBody ? [`${offset} in ${length}`] : []),
      ...(error === "" ? [] : [`error 0x${Number(error).toString(16)}`]),
    ];
    return parts.join(", ");
  },
};

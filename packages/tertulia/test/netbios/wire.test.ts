import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { after, before, describe, it, type TestContext } from "node:test";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { type Agent, address, Network } from "./network.ts";

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
    await using wire = await Wire.tap(network, 1);
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
    await using wire = await Wire.tap(network, 1);
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
    await using wire = await Wire.tap(network, 6);
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
    await using wire = await Wire.tap(network, 6);
    await node(5).call("sendDatagram", `FIVE${SCOPE}`, `GOING${SCOPE}`, "02");
    assert.deepEqual(await wire.packets(2), [
      "10.77.0.5 > 10.77.0.6: 0x10 of 10.77.0.5, first, 0 in 191",
      "10.77.0.6 > 10.77.0.5: 0x13 of 10.77.0.6, error 0x82",
    ]);
  });
});

/** What tshark sees of the datagram service on the interface of a node, as it goes by. */
class Wire implements AsyncDisposable {
  readonly #lines: string[] = [];
  readonly #stop: () => Promise<void>;

  private constructor(network: Network, number: number) {
    const fields = [
      ...["ip.src", "ip.dst", "nbdgm.type", "nbdgm.src.ip", "nbdgm.first", "nbdgm.next"],
      ...["nbdgm.pkt_offset", "nbdgm.dgram_len", "nbdgm.error_code", "_ws.malformed"],
      "_ws.expert.message",
    ].flatMap((field) => ["-e", field]);
    // A datagram of no meaning, to see when it has begun.
    const filter = "udp port 138 or udp dst port 9";
    const how = ["-i", "eth0", "-l", "-n", "-f", filter, "-T", "fields", "-E", "separator=;"];
    const child = network.start(number, "tshark", [...how, ...fields], "ignore");
    if (child.stdout) createInterface(child.stdout).on("line", (line) => this.#lines.push(line));
    this.#stop = () => network.stop(child, "SIGINT");
  }

  static async tap(network: Network, number: number): Promise<Wire> {
    const wire = new Wire(network, number);
    const to = `/dev/udp/10.77.0.${number === 1 ? 2 : 1}/9`;
    for (let i = 0; wire.#lines.length === 0 && i < 60; i++) {
      await network.run(number, "bash", ["-c", `echo >${to}`]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return wire;
  }

  /** The packets of the datagram service so far, once there are so many. */
  async packets(count: number): Promise<string[]> {
    const seen = (): string[] => this.#lines.map(readable).filter((line) => line !== "");
    for (let i = 0; seen().length < count && i < 200; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return seen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

/** A line of tshark's in words; one that it complains about stays as it is. */
function readable(line: string): string {
  const [from, to, type, source, first, next, offset, length, error, ...complaints] =
    line.split(";");
  if (type === "") return "";
  if (complaints.some((complaint) => complaint !== "")) return `tshark complains: ${line}`;
  const isSet = (field: string | undefined): boolean => field === "1" || field === "True";
  const hasBody = length !== "" && error === "";
  const parts = [
    `${from} > ${to}: 0x${Number(type).toString(16)} of ${source}`,
    ...(hasBody && isSet(first) ? ["first"] : []),
    ...(isSet(next) ? ["more"] : []),
    ...(hasBody ? [`${offset} in ${length}`] : []),
    ...(error === "" ? [] : [`error 0x${Number(error).toString(16)}`]),
  ];
  return parts.join(", ");
}

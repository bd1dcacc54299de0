import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findNetwork } from "../../src/netbios/route-table.ts";

const TABLE = [
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
  "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
  "tun0\t0500080A\t00000000\t0001\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
  "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
  "wlan0\t000010AC\t00000000\t0001\t0\t0\t0\t0000F0FF\t0\t0\t0",
].join("\n");

describe("the route table of Linux", () => {
  for (const [address, interfaceName, broadcastAddress] of [
    ["192.168.1.20", "eth0", "192.168.1.255"],
    ["172.17.3.4", "wlan0", "172.31.255.255"],
  ] as const) {
    it(`says where ${address} broadcasts to`, () => {
      assert.deepEqual(findNetwork(TABLE, address), { interfaceName, broadcastAddress });
    });
  }

  it("says nothing of an address behind a gateway, at the end of a tunnel, or without a table", () => {
    const found = ["8.8.8.8", "10.8.0.5"].map((address) => findNetwork(TABLE, address));
    assert.deepEqual(
      [...found, findNetwork("", "192.168.1.20")],
      [undefined, undefined, undefined],
    );
  });
});

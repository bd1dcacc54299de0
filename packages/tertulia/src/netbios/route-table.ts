/**
 * The networks that this host is on by its routes: Node does not list an interface whose cable is
 * out or whose radio has no network yet, and a node that starts then must know where its broadcasts
 * will go. Linux only; elsewhere there is none.
 *
 * @module
 */

import { readFileSync } from "node:fs";

export interface RoutedNetwork {
  readonly interfaceName: string;
  readonly broadcastAddress: string;
}

/** The network of an address, if a route leads to it without a gateway. */
export function routedNetwork(address: string): RoutedNetwork | undefined {
  return findNetwork(contentsOf("/proc/net/route"), address);
}

/** As {@link routedNetwork}, in a table as Linux writes it. */
export function findNetwork(table: string, address: string): RoutedNetwork | undefined {
  const wanted = address.split(".").map(Number);
  for (const line of table.split("\n").slice(1)) {
    const [interfaceName = "", destination = "", gateway, , , , , mask = ""] = line.split("\t");
    const network = octetsOf(destination);
    const bits = octetsOf(mask);
    // The default route has no network, a point-to-point link nobody to broadcast to.
    const isNetwork = gateway === "00000000" && bits[0] !== 0 && bits[3] !== 255;
    if (!isNetwork) continue;
    const isIn = network.every((octet, i) => octet === ((wanted[i] ?? -1) & (bits[i] ?? 0)));
    if (!isIn) continue;
    const last = network.map((octet, i) => octet | (~(bits[i] ?? 0) & 255));
    return { interfaceName, broadcastAddress: last.join(".") };
  }
  return undefined;
}

/** The octets of an address as the table has it: in the order of this machine, the low one first. */
function octetsOf(hex: string): number[] {
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

function contentsOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

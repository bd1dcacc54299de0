/**
 * This host's IPv4 interfaces: which address to register, and where its broadcasts go.
 *
 * @module
 */

import { networkInterfaces } from "node:os";
import { SessionError } from "../pure/errors.ts";
import { hex } from "../pure/octets.ts";
import { routedNetwork } from "./route-table.ts";

/** One IPv4 address of this host. */
export interface LocalInterface {
  readonly interfaceName: string;
  readonly address: string;
  readonly broadcastAddress: string;
  /** The MAC address. */
  readonly unitId: Uint8Array;
  readonly isLoopback: boolean;
}

/** Every IPv4 address of this host; those of the loopback last. */
export function localInterfaces(): LocalInterface[] {
  const found: LocalInterface[] = [];
  for (const [interfaceName, addresses] of Object.entries(networkInterfaces())) {
    for (const { family, address, netmask, mac, internal } of addresses ?? []) {
      if (family !== "IPv4") continue;
      const unitId = Uint8Array.from(mac.split(":"), (octet) => Number.parseInt(octet, 16));
      const broadcastAddress = broadcastOf(address, netmask);
      found.push({ interfaceName, address, broadcastAddress, unitId, isLoopback: internal });
    }
  }
  return found.sort((a, b) => Number(a.isLoopback) - Number(b.isLoopback));
}

/**
 * The interface with this address, or the first.
 *
 * @throws {SessionError} `ERR_ARGUMENT` when this host has no IPv4 address at all.
 */
export function chooseInterface(address?: string): LocalInterface {
  const all = localInterfaces();
  const exact = address === undefined ? all[0] : all.find((one) => one.address === address);
  if (exact) return exact;
  if (address === undefined) {
    throw new SessionError("ERR_ARGUMENT", "this host has no IPv4 address; NetBIOS needs one");
  }
  // Every 127.x.y.z is this host's own although only 127.0.0.1 is listed.
  const isLoopback = address.startsWith("127.");
  const unitId = new Uint8Array(6);
  if (isLoopback) {
    const broadcastAddress = "127.255.255.255";
    return { interfaceName: "lo", address, broadcastAddress, unitId, isLoopback };
  }
  const network = routedNetwork(address);
  const { interfaceName = "", broadcastAddress = "255.255.255.255" } = network ?? {};
  return { interfaceName, address, broadcastAddress, unitId, isLoopback };
}

/** Whether an address is on one of this host's networks, or private (RFC 1918, loopback, link). */
export function isNear(address: string): boolean {
  const [a = 0, b = 0] = address.split(".").map(Number);
  if (a === 10 || a === 127 || (a === 192 && b === 168) || (a === 172 && b >= 16 && b < 32)) {
    return true;
  }
  return (a === 169 && b === 254) || localInterfaces().some((one) => one.address === address);
}

/** An address by which a node tells itself apart in logs: its MAC. */
export function formatUnitId(unitId: Uint8Array): string {
  return hex(unitId, ":");
}

function broadcastOf(address: string, netmask: string): string {
  const mask = netmask.split(".").map(Number);
  return address
    .split(".")
    .map((octet, i) => (Number(octet) | (~(mask[i] ?? 255) & 255)).toString())
    .join(".");
}

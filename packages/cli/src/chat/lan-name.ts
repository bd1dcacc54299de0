/**
 * Finding each other on the LAN by NetBIOS name, with no node and no address to tell.
 *
 * The name only leads to an address: who is there is proven by their key, as at any address.
 *
 * @module
 */

import { type NetbiosNode, openNetbios } from "tertulia/netbios";
import { CommandError, exitCodes, messageOf } from "../exit.ts";

/** Where who is found by name listens. */
const PORT = 7700;

/** The address of whoever chats under a name. */
export async function findOnLan(text: string): Promise<string> {
  const { name, ...options } = parsed(text);
  try {
    await using node = await openNetbios({ ...options, localNamePort: 0 });
    const { entries } = await node.find(name);
    return `${entries[0]?.address}:${PORT}`;
  } catch (error) {
    throw new CommandError(exitCodes.unreachable, `${name} on the LAN: ${messageOf(error)}`);
  }
}

/** A name that is ours on the LAN until it is closed. */
export async function claimOnLan(text: string): Promise<{
  readonly node: NetbiosNode;
  /** Where to listen, for those who find us by it. */
  readonly listen: string;
}> {
  const { name, ...options } = parsed(text);
  try {
    const node = await openNetbios(options);
    await node.addName(name);
    return { node, listen: `${node.address}:${PORT}` };
  } catch (error) {
    throw new CommandError(exitCodes.unreachable, `${name} on the LAN: ${messageOf(error)}`);
  }
}

/** `NAME`, or `NAME@OUR-ADDRESS:PORT` for another interface or another port of the name service. */
function parsed(text: string): {
  readonly name: string;
  readonly address?: string;
  readonly namePort?: number;
} {
  const [name = "", where = ""] = text.split("@");
  const [address = "", port = ""] = where.split(":");
  return { name, ...(address && { address }), ...(port && { namePort: Number(port) }) };
}

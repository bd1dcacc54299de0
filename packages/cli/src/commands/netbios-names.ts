/**
 * The commands about names: lookup, status, names, register, serve-names, watch.
 *
 * @module
 */

import {
  describeStatistics,
  type FrontEvent,
  formatName,
  localInterfaces,
  meaningOfSuffix,
  NetbiosError,
  type NodeStatus,
  openFront,
  runNameHook,
  type Sighting,
  watchNetbios,
} from "tertulia/netbios";
import { CommandError, exitCodes, messageOf } from "../exit.ts";
import { type CommonOptions, open, run, show, tell, time } from "./netbios-show.ts";

/** Who only asks needs no port of its own, and waits as Windows does, 4.5 s; the RFC has 15 s. */
const ASKING = { localNamePort: 0, timers: { unicastRetryMs: 1500 } };

export async function lookup(
  name: string,
  options: CommonOptions & { readonly at?: string },
): Promise<void> {
  await run(async (signal) => {
    await using node = await open(options, ASKING);
    const at = options.at === undefined ? {} : { at: options.at };
    const found = await node.find(name, { signal, ...at });
    for (const entry of found.entries) {
      const text = `${entry.address} ${formatName(found.name)}${entry.group ? " group" : ""}`;
      show(options.json, { ...entry, name: found.name }, text);
    }
  });
}

export async function status(target: string, options: CommonOptions): Promise<void> {
  await run(async (signal) => {
    await using node = await open(options, ASKING);
    showStatus(await node.status(target, { signal }), options.json);
  });
}

/** How many addresses `names` asks at most. */
const NETWORK_MAX = 1024;

export async function listNames(
  network: string | undefined,
  options: CommonOptions,
): Promise<void> {
  await run(async (signal) => {
    // One question each, and half a second for the answer: most addresses are nobody's.
    const timers = { unicastRetryMs: 500, unicastRetryCount: 1 };
    const limits = { requestsMax: NETWORK_MAX };
    await using node = await open(options, { localNamePort: 0, timers, limits });
    const addresses = addressesOf(network ?? ownNetwork(node.address));
    const asked = addresses.map(async (address) => {
      try {
        showStatus(await node.status(address, { signal }), options.json);
        return 1;
      } catch (error) {
        if (error instanceof NetbiosError && error.reason === "noAnswer") return 0;
        throw error;
      }
    });
    const answered = (await Promise.all(asked)).reduce<number>((sum, one) => sum + one, 0);
    if (answered === 0) process.exitCode = 1;
    if (!options.json) console.error(`${answered} of ${addresses.length} addresses answered`);
  });
}

export async function register(
  names: readonly string[],
  options: CommonOptions & {
    readonly group?: boolean;
    readonly front?: string;
    readonly frontMode: number;
    readonly sessionPort: number;
  },
): Promise<void> {
  await run(async (signal) => {
    const { front: path, frontMode: mode, sessionPort } = options;
    if (names.length === 0 && path === undefined) {
      throw new CommandError(exitCodes.usage, "give a name to register, or --front");
    }
    const node = await open(options, { sessionPort });
    const telling = tell(node, options.json);
    const told = (event: FrontEvent): void => tellFront(event, options.json);
    try {
      await using _ = path === undefined ? undefined : await openFront(node, path, { mode, told });
      if (path !== undefined)
        show(options.json, { front: path }, `taking registrations at ${path}`);
      for (const name of names) {
        const claimed = await node.addName(name, { group: options.group ?? false, signal });
        const until = claimed.ttl === 0 ? "" : `, refreshed every ${claimed.ttl / 2} s`;
        show(options.json, claimed, `${formatName(claimed.name)} is ours${until}`);
      }
      await interrupted(signal);
    } finally {
      await node.close();
      await telling;
    }
  });
}

function tellFront(event: FrontEvent, json: boolean | undefined): void {
  const { type } = event;
  const what = event.type === "refused" ? messageOf(event.error) : formatName(event.called);
  const where = event.type === "refused" ? "" : `, port ${event.port}`;
  const at = new Date().toISOString();
  show(json, { at, role: "front", event }, `${time()} front: ${type} ${what}${where}`);
}

export async function serveNames(
  options: CommonOptions & {
    readonly name?: string;
    readonly database?: string;
    readonly nonSecured?: boolean;
    readonly groups: "members" | "windows";
    readonly distribute?: boolean;
    readonly hook?: string;
  },
): Promise<void> {
  await run(async (signal) => {
    const { database, groups, nonSecured = false, distribute = false, hook } = options;
    const server = {
      secured: !nonSecured,
      groups,
      ...(database !== undefined && { database }),
    };
    const node = await open(options, { server, distributes: distribute });
    const telling = tell(node, options.json);
    const failed = ({ message }: Error): void => console.error(`hook: ${message.trim()}`);
    const hooked = hook === undefined ? undefined : runNameHook(node, hook, { signal, failed });
    try {
      if (distribute) await node.openDatagrams();
      if (options.name !== undefined) await node.addName(options.name, { signal });
      const { address } = node;
      show(options.json, { serving: address }, `serving names at ${address}, port ${options.port}`);
      await interrupted(signal);
    } finally {
      await node.close();
      await hooked;
      await telling;
    }
  });
}

export async function watch(options: {
  readonly address?: string;
  readonly port: number;
  readonly datagramPort: number;
  readonly json?: boolean;
}): Promise<void> {
  await run(async (signal) => {
    const { address, port: namePort, datagramPort } = options;
    const where = { namePort, datagramPort, ...(address !== undefined && { address }) };
    if (!options.json) console.error("watching broadcasts; Ctrl-C ends");
    for await (const sighting of watchNetbios({ ...where, signal })) {
      const { from } = sighting;
      const text = `${time()} ${from.address}:${from.port} ${describeSighting(sighting)}`;
      show(options.json, { at: new Date().toISOString(), ...sighting }, text);
    }
  });
}

function describeSighting(sighting: Sighting): string {
  if (sighting.service === "malformed") return `malformed: ${sighting.error.message}`;
  if (sighting.service === "names") {
    const { kind, name, packet } = sighting;
    const record = packet.additional[0] ?? packet.answers[0];
    const owner = record?.type === "NB" ? record.entries.map(({ address }) => address) : [];
    const whose = owner.length > 0 ? ` by ${owner.join(", ")}` : "";
    return `${kind} ${name ? formatName(name) : ""}${whose}`;
  }
  const { kind, body } = sighting;
  if (!body) return `datagram ${kind}`;
  const { source, destination, userData } = body;
  const to = `${formatName(source)} > ${formatName(destination)}`;
  return `datagram ${kind} ${to}, ${userData.length} octets ${printable(userData)}`;
}

/** What can be read of octets. */
function printable(octets: Uint8Array): string {
  const text = Buffer.from(octets.subarray(0, 200)).toString("latin1");
  return text.replace(/[^\x20-\x7e]+/g, " ").trim();
}

function showStatus({ from, names, statistics }: NodeStatus, json: boolean | undefined): void {
  const fields = describeStatistics(statistics);
  const listed = names.map((one) => ({
    ...one,
    name: formatName({ label: one.label, scope: "" }),
    meaning: meaningOfSuffix(one.label.charCodeAt(15), one.group),
  }));
  const lines = listed.map(({ name, group, nodeType, conflict, meaning = "" }) => {
    const kind = group ? "group" : "unique";
    return `  ${name.padEnd(24)} ${kind} ${nodeType}${conflict ? " CONFLICT" : ""}  ${meaning}`;
  });
  const text = [`${from.address} (${fields["unitId"] ?? "no unit id"})`, ...lines].join("\n");
  show(json, { address: from.address, statistics: fields, names: listed }, text);
}

async function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  // The sockets keep the process alive; the signal ends it.
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function ownNetwork(address: string): string {
  const found = localInterfaces().find((one) => one.address === address);
  return found ? `${address}/24` : `${address}/32`;
}

/** The addresses of `a.b.c.d/n`. */
function addressesOf(network: string): string[] {
  const [base = "", bits = "32"] = network.split("/");
  const size = 2 ** (32 - Number(bits));
  if (!(size >= 1 && size <= NETWORK_MAX) || !/^(\d{1,3}\.){3}\d{1,3}$/.test(base)) {
    const want = `write A.B.C.D/BITS with 22 bits or more, that is ${NETWORK_MAX} addresses`;
    throw new CommandError(exitCodes.usage, `${network}: ${want}`);
  }
  const number = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  const isNetwork = size > 2;
  return Array.from({ length: isNetwork ? size - 2 : size }, (_, i) => {
    const one = first + i + (isNetwork ? 1 : 0);
    return [24, 16, 8, 0].map((shift) => Math.floor(one / 2 ** shift) % 256).join(".");
  });
}

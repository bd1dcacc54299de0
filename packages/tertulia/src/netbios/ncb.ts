/**
 * The NetBIOS commands, as programs for DOS and Windows issued them in network control blocks
 * (RFC 1001 5; the codes are of IBM's NetBIOS 3.0 interface).
 *
 * Names and sessions go by number, as they did. What was a command with a post routine is a
 * promise; what was CANCEL is an AbortSignal.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Datagram } from "../pure/netbios/datagram-node.ts";
import { formatName, type NetbiosName, sameName } from "../pure/netbios/name.ts";
import type { NodeStatus } from "../pure/netbios/node-events.ts";
import { type NameLike, nameOf } from "./name-like.ts";
import { NcbError } from "./ncb-codes.ts";
import { type CommandOptions, runCommand, untilAborted } from "./ncb-command.ts";
import { ANY_NAME, freeNumber } from "./ncb-numbers.ts";
import { type NcbReceived, type NcbSessionStatus, NcbSessions } from "./ncb-sessions.ts";
import type { NetbiosNode } from "./node.ts";

/** How a receive command waits. */
export interface ReceiveOptions extends CommandOptions {
  /** The buffer: a longer message comes in parts. Default: 131,071, so it never does. */
  readonly octetsMax?: number;
}

/** The NetBIOS commands over a node. The node stays yours to close. */
export function openNcb(node: NetbiosNode): NcbAdapter {
  return new NcbAdapter(node);
}

/**
 * The NetBIOS commands over one node; made by {@link openNcb}. Names and sessions go by number, 1
 * to 254.
 */
export class NcbAdapter {
  readonly #node: NetbiosNode;
  readonly #names = new Map<number, NetbiosName>();
  readonly #sessions = new NcbSessions();
  #lastName = 1;
  #resetting = new AbortController();

  constructor(node: NetbiosNode) {
    this.#node = node;
  }

  /** RESET (0x32): ends every session, forgets every name but the permanent one, and waits. */
  async reset(): Promise<void> {
    this.#resetting.abort(new NcbError("commandCancelled", "RESET"));
    this.#resetting = new AbortController();
    this.#sessions.clear();
    const names = [...this.#names].filter(([number]) => number !== 1);
    for (const [number] of names) this.#names.delete(number);
    await Promise.allSettled(names.map(([, name]) => this.#node.deleteName(name)));
    this.#lastName = 1;
  }

  /** ADD NAME (0x30): claims a unique name; returns its number. */
  async addName(name: NameLike, options: CommandOptions = {}): Promise<number> {
    return await this.#add(name, false, options);
  }

  /** ADD GROUP NAME (0x36). */
  async addGroupName(name: NameLike, options: CommandOptions = {}): Promise<number> {
    return await this.#add(name, true, options);
  }

  /** ADD NAME of the permanent node name, which is number 1 and survives a RESET. */
  async addPermanentName(name: NameLike, options: CommandOptions = {}): Promise<number> {
    return await this.#run(options, async (signal) => {
      const parsed = nameOf(name);
      await this.#node.addName(parsed, { permanent: true, signal });
      this.#names.set(1, parsed);
      return 1;
    });
  }

  /** DELETE NAME (0x31). 0x0F while a session of the name is open. */
  async deleteName(name: NameLike, options: CommandOptions = {}): Promise<void> {
    const number = this.nameNumber(name);
    if (this.#sessions.hasSessionsOf(number)) {
      throw new NcbError("nameHasSessions", formatName(nameOf(name)));
    }
    await this.#run(options, async (signal) => {
      // From here on it is being released, whether anyone waits for it or not.
      this.#names.delete(number);
      await this.#node.deleteName(nameOf(name), { signal });
    });
  }

  /** FIND NAME (0x78): the addresses of whoever has a name. */
  async findName(name: NameLike, options: CommandOptions = {}): Promise<readonly string[]> {
    const found = await this.#run(options, (signal) => this.#node.find(name, { signal }));
    return found.entries.map(({ address }) => address);
  }

  /** The number of one of our names. @throws {NcbError} `invalidNameNumber`. */
  nameNumber(name: NameLike): number {
    const parsed = nameOf(name);
    for (const [number, one] of this.#names) if (sameName(one, parsed)) return number;
    throw new NcbError("invalidNameNumber", formatName(parsed));
  }

  /** ENUM (0x37): our names by their numbers. */
  enum(): readonly (readonly [number: number, name: string])[] {
    return [...this.#names].map(([number, name]) => [number, formatName(name)] as const);
  }

  /** CALL (0x10): opens a session from one of our names to another; returns its number. */
  async call(local: NameLike, remote: NameLike, options: CommandOptions = {}): Promise<number> {
    const nameNumber = this.nameNumber(local);
    const number = this.#sessions.reserve();
    const session = await this.#run(options, (signal) =>
      this.#node.call(remote, { calling: nameOf(local), signal }),
    );
    return this.#sessions.add(number, session, nameNumber);
  }

  /**
   * LISTEN (0x11): waits for one call of a name, by one caller or by anyone (`"*"`).
   *
   * @returns The session's number, and who is calling.
   */
  async listen(
    local: NameLike,
    remote: NameLike | "*" = "*",
    options: CommandOptions = {},
  ): Promise<{ readonly sessionNumber: number; readonly remote: string }> {
    const nameNumber = this.nameNumber(local);
    const session = await this.#run(options, async (signal) => {
      const calling = remote === "*" ? {} : { calling: remote };
      for await (const one of this.#node.listen(local, { backlog: 1, signal, ...calling })) {
        return one;
      }
      signal.throwIfAborted();
      throw new SessionError("ERR_CLOSED", "the node was closed");
    });
    const sessionNumber = this.#sessions.add(this.#sessions.reserve(), session, nameNumber);
    return { sessionNumber, remote: formatName(session.remote) };
  }

  /** HANG UP (0x12): what was sent arrives, then the session ends; if cancelled, at once. */
  async hangUp(sessionNumber: number, options: CommandOptions = {}): Promise<void> {
    const session = this.#sessions.remove(sessionNumber);
    try {
      await this.#run(options, (signal) => untilAborted(session.hangUp(), signal));
    } catch (error) {
      session.abort();
      throw error;
    }
  }

  /** SEND (0x14): one message. A timeout or a cancellation ends the session, as it always did. */
  async send(
    sessionNumber: number,
    userData: Uint8Array,
    options: CommandOptions = {},
  ): Promise<void> {
    await this.#run(options, (signal) => this.#sessions.send(sessionNumber, userData, signal));
  }

  /** CHAIN SEND (0x17): two buffers as one message. */
  async chainSend(
    sessionNumber: number,
    first: Uint8Array,
    second: Uint8Array,
    options: CommandOptions = {},
  ): Promise<void> {
    const whole = new Uint8Array(first.length + second.length);
    whole.set(first);
    whole.set(second, first.length);
    await this.send(sessionNumber, whole, options);
  }

  /** SEND NO ACK (0x71): as SEND, for TCP acknowledges whatever is sent. */
  async sendNoAck(
    sessionNumber: number,
    userData: Uint8Array,
    options: CommandOptions = {},
  ): Promise<void> {
    await this.send(sessionNumber, userData, options);
  }

  /** RECEIVE (0x15): the next message of a session, or as much of it as the buffer takes. */
  async receive(sessionNumber: number, options: ReceiveOptions = {}): Promise<NcbReceived> {
    const { octetsMax } = options;
    return await this.#run(options, (signal) =>
      this.#sessions.receive(sessionNumber, octetsMax, signal),
    );
  }

  /**
   * RECEIVE ANY (0x16): the next message of any session of a name, or of any ({@link ANY_NAME}),
   * for which no RECEIVE waits.
   */
  async receiveAny(
    nameNumber: number = ANY_NAME,
    options: ReceiveOptions = {},
  ): Promise<NcbReceived> {
    const { octetsMax } = options;
    return await this.#run(options, (signal) =>
      this.#sessions.receiveAny(nameNumber, octetsMax, signal),
    );
  }

  /** SESSION STATUS (0x34): the sessions of a name, or all of them (`"*"`). */
  sessionStatus(name: NameLike | "*" = "*"): readonly NcbSessionStatus[] {
    return this.#sessions.status(name === "*" ? undefined : this.nameNumber(name));
  }

  /** SEND DATAGRAM (0x20): up to 512 octets from one of our names to a name or a group. */
  async sendDatagram(
    nameNumber: number,
    to: NameLike,
    userData: Uint8Array,
    options: CommandOptions = {},
  ): Promise<void> {
    const source = this.#name(nameNumber);
    await this.#run(options, (signal) => this.#node.sendDatagram(source, to, userData, { signal }));
  }

  /** SEND BROADCAST DATAGRAM (0x22). */
  async sendBroadcastDatagram(
    nameNumber: number,
    userData: Uint8Array,
    options: CommandOptions = {},
  ): Promise<void> {
    const source = this.#name(nameNumber);
    await this.#run(options, () => this.#node.broadcastDatagram(source, userData));
  }

  /** RECEIVE DATAGRAM (0x21): the next to a name, or to any of ours ({@link ANY_NAME}). */
  async receiveDatagram(
    nameNumber: number = ANY_NAME,
    options: CommandOptions = {},
  ): Promise<Datagram> {
    const to = nameNumber === ANY_NAME ? {} : { to: this.#name(nameNumber) };
    return await this.#datagram(options, to, ({ kind }) => kind !== "broadcast");
  }

  /** RECEIVE BROADCAST DATAGRAM (0x23). */
  async receiveBroadcastDatagram(options: CommandOptions = {}): Promise<Datagram> {
    return await this.#datagram(options, {}, ({ kind }) => kind === "broadcast");
  }

  /** ADAPTER STATUS (0x33): the names and statistics of a node, by name or address. */
  async adapterStatus(name: NameLike, options: CommandOptions = {}): Promise<NodeStatus> {
    return await this.#run(options, (signal) => this.#node.status(name, { signal }));
  }

  /** LAN STATUS ALERT (0x73): resolves when the network goes wrong: a name of ours in conflict. */
  async lanStatusAlert(options: CommandOptions = {}): Promise<string> {
    return await this.#run(options, async (signal) => {
      for await (const { event } of this.#node.events({ signal })) {
        if (event.type === "conflict") return `${formatName(event.name)} is in conflict`;
        if (event.type === "lost") return `${formatName(event.name)} was taken away`;
      }
      signal.throwIfAborted();
      throw new SessionError("ERR_CLOSED", "the node was closed");
    });
  }

  /** UNLINK (0x70): was for a machine that had started over the network; does nothing, as in 3.0. */
  unlink(): void {}

  async #add(name: NameLike, group: boolean, options: CommandOptions): Promise<number> {
    const parsed = nameOf(name);
    return await this.#run(options, async (signal) => {
      await this.#node.addName(parsed, { group, signal });
      this.#lastName = freeNumber(this.#names, this.#lastName, 2, "nameTableFull");
      this.#names.set(this.#lastName, parsed);
      return this.#lastName;
    });
  }

  #name(nameNumber: number): NetbiosName {
    const name = this.#names.get(nameNumber);
    if (name) return name;
    throw new NcbError("invalidNameNumber", `${nameNumber}`);
  }

  async #datagram(
    options: CommandOptions,
    filter: { readonly to?: NetbiosName },
    isWanted: (datagram: Datagram) => boolean,
  ): Promise<Datagram> {
    return await this.#run(options, async (signal) => {
      for await (const datagram of this.#node.datagrams({ signal, ...filter })) {
        if (isWanted(datagram)) return datagram;
      }
      signal.throwIfAborted();
      throw new SessionError("ERR_CLOSED", "the node was closed");
    });
  }

  #run<T>(options: CommandOptions, command: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return runCommand(options, this.#resetting.signal, command);
  }
}

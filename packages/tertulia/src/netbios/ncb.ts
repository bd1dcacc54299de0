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
import { NetbiosError } from "../pure/netbios/errors.ts";
import { formatName, type NetbiosName, sameName } from "../pure/netbios/name.ts";
import type { NodeStatus } from "../pure/netbios/node-events.ts";
import { type NameLike, nameOf } from "./name-like.ts";
import { NcbError, returnCodeOf } from "./ncb-codes.ts";
import type { NetbiosNode, Waiting } from "./node.ts";
import type { NetbiosSession } from "./session.ts";

/** How long a command may wait. NetBIOS counts in half seconds; here it is milliseconds. */
export interface CommandOptions extends Waiting {
  /** Default: for ever. A SEND that takes longer ends the session; a RECEIVE does not. */
  readonly timeoutMs?: number;
}

export interface ReceiveOptions extends CommandOptions {
  /** The buffer: a longer message comes in parts. Default: 131,071, so it never does. */
  readonly octetsMax?: number;
}

/** What RECEIVE gives. */
export interface NcbReceived {
  readonly sessionNumber: number;
  readonly userData: Uint8Array;
  /** 0x06, message incomplete: the rest comes with the next RECEIVE. */
  readonly isIncomplete: boolean;
}

/** What SESSION STATUS tells of a session. */
export interface NcbSessionStatus {
  readonly sessionNumber: number;
  readonly nameNumber: number;
  readonly local: string;
  readonly remote: string;
  readonly receivesPending: number;
  readonly sendsPending: number;
}

interface Open {
  readonly session: NetbiosSession;
  readonly nameNumber: number;
  receivesPending: number;
  sendsPending: number;
  /** The next message, being waited for by RECEIVE ANY. */
  next: Promise<Uint8Array | undefined> | undefined;
}

/** Numbers go from 1 to 254; 0 and 255 mean something else. */
const NUMBER_MAX = 254;
/** Any name, in RECEIVE ANY and RECEIVE DATAGRAM. */
export const ANY_NAME = 255;

/** The NetBIOS commands over a node. The node stays yours to close. */
export function openNcb(node: NetbiosNode): NcbAdapter {
  return new NcbAdapter(node);
}

export class NcbAdapter {
  readonly #node: NetbiosNode;
  readonly #names = new Map<number, NetbiosName>();
  readonly #sessions = new Map<number, Open>();
  readonly #arrivals = new Set<() => void>();
  #lastName = 1;
  #lastSession = 0;
  #resetting = new AbortController();

  constructor(node: NetbiosNode) {
    this.#node = node;
  }

  /** RESET (0x32): ends every session, forgets every name but the permanent one, and waits. */
  async reset(): Promise<void> {
    this.#resetting.abort(new NcbError("commandCancelled", "RESET"));
    this.#resetting = new AbortController();
    for (const { session } of this.#sessions.values()) session.abort();
    this.#sessions.clear();
    const names = [...this.#names].filter(([number]) => number !== 1);
    for (const [number] of names) this.#names.delete(number);
    await Promise.allSettled(names.map(([, name]) => this.#node.deleteName(name)));
    this.#lastName = 1;
    this.#lastSession = 0;
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
    for (const { nameNumber } of this.#sessions.values()) {
      if (nameNumber === number) throw new NcbError("nameHasSessions", formatName(nameOf(name)));
    }
    await this.#run(options, (signal) => this.#node.deleteName(nameOf(name), { signal }));
    this.#names.delete(number);
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
    const number = this.#freeSession();
    const session = await this.#run(options, (signal) =>
      this.#node.call(remote, { calling: nameOf(local), signal }),
    );
    return this.#open(number, session, nameNumber);
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
    const sessionNumber = this.#open(this.#freeSession(), session, nameNumber);
    return { sessionNumber, remote: formatName(session.remote) };
  }

  /** HANG UP (0x12): what was sent arrives, then the session ends. */
  async hangUp(sessionNumber: number): Promise<void> {
    const { session } = this.#session(sessionNumber);
    this.#sessions.delete(sessionNumber);
    await session.hangUp();
  }

  /** SEND (0x14): one message. A timeout or a cancellation ends the session, as it always did. */
  async send(
    sessionNumber: number,
    userData: Uint8Array,
    options: CommandOptions = {},
  ): Promise<void> {
    const open = this.#session(sessionNumber);
    open.sendsPending += 1;
    try {
      await this.#run(options, (signal) => untilAborted(open.session.send(userData), signal));
    } catch (error) {
      this.#sessions.delete(sessionNumber);
      open.session.abort();
      throw error;
    } finally {
      open.sendsPending -= 1;
    }
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
    const open = this.#session(sessionNumber);
    open.receivesPending += 1;
    try {
      const message = await this.#run(options, (signal) =>
        open.next === undefined
          ? open.session.receive({ signal })
          : untilAborted(open.next, signal),
      );
      open.next = undefined;
      return this.#received(sessionNumber, open, message, options.octetsMax);
    } catch (error) {
      if (error instanceof NcbError && error.returnCode === 0x18) this.#drop(sessionNumber);
      throw error;
    } finally {
      open.receivesPending -= 1;
    }
  }

  /** RECEIVE ANY (0x16): the next message of any session of a name, or of any ({@link ANY_NAME}). */
  async receiveAny(
    nameNumber: number = ANY_NAME,
    options: ReceiveOptions = {},
  ): Promise<NcbReceived> {
    return await this.#run(options, async (signal) => {
      for (;;) {
        signal.throwIfAborted();
        const arrived = new Promise<undefined>((resolve) => {
          this.#arrivals.add(() => resolve(undefined));
        });
        const waits = [...this.#sessions].flatMap(([number, open]) => {
          if (nameNumber !== ANY_NAME && open.nameNumber !== nameNumber) return [];
          open.next ??= open.session.receive();
          // Looked at below, or by the next RECEIVE; it must not be "unhandled" until then.
          open.next.catch(() => {});
          return open.next.then(
            (message) => ({ number, open, message }),
            (error: unknown) => ({ number, open, error }),
          );
        });
        const first = await untilAborted(Promise.race([...waits, arrived]), signal);
        if (!first || this.#sessions.get(first.number) !== first.open) continue;
        first.open.next = undefined;
        if ("error" in first) {
          this.#drop(first.number);
          throw first.error;
        }
        return this.#received(first.number, first.open, first.message, options.octetsMax);
      }
    });
  }

  /** SESSION STATUS (0x34): the sessions of a name, or all of them (`"*"`). */
  sessionStatus(name: NameLike | "*" = "*"): readonly NcbSessionStatus[] {
    const wanted = name === "*" ? undefined : this.nameNumber(name);
    return [...this.#sessions]
      .filter(([, { nameNumber }]) => wanted === undefined || nameNumber === wanted)
      .map(([sessionNumber, { session, nameNumber, receivesPending, sendsPending }]) => ({
        sessionNumber,
        nameNumber,
        local: formatName(session.local),
        remote: formatName(session.remote),
        receivesPending,
        sendsPending,
      }));
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
  async sendBroadcastDatagram(nameNumber: number, userData: Uint8Array): Promise<void> {
    await this.#node.broadcastDatagram(this.#name(nameNumber), userData);
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
      this.#lastName = free(this.#names, this.#lastName, 2, "nameTableFull");
      this.#names.set(this.#lastName, parsed);
      return this.#lastName;
    });
  }

  #freeSession(): number {
    this.#lastSession = free(this.#sessions, this.#lastSession, 1, "sessionTableFull");
    return this.#lastSession;
  }

  #open(number: number, session: NetbiosSession, nameNumber: number): number {
    const counts = { receivesPending: 0, sendsPending: 0, next: undefined };
    this.#sessions.set(number, { session, nameNumber, ...counts });
    for (const arrived of this.#arrivals) arrived();
    this.#arrivals.clear();
    return number;
  }

  #drop(sessionNumber: number): void {
    this.#sessions.get(sessionNumber)?.session.abort();
    this.#sessions.delete(sessionNumber);
  }

  #session(sessionNumber: number): Open {
    const open = this.#sessions.get(sessionNumber);
    if (open) return open;
    throw new NcbError("invalidSessionNumber", `${sessionNumber}`);
  }

  #name(nameNumber: number): NetbiosName {
    const name = this.#names.get(nameNumber);
    if (name) return name;
    throw new NcbError("invalidNameNumber", `${nameNumber}`);
  }

  #received(
    sessionNumber: number,
    open: Open,
    message: Uint8Array | undefined,
    octetsMax = Number.POSITIVE_INFINITY,
  ): NcbReceived {
    if (message === undefined) {
      // 0x0A: the other side has hung up.
      this.#sessions.delete(sessionNumber);
      open.session.abort();
      throw new NcbError("sessionClosed", `session ${sessionNumber}`);
    }
    const isIncomplete = message.length > octetsMax;
    if (isIncomplete) open.session.unreceive(message.subarray(octetsMax));
    const userData = isIncomplete ? message.subarray(0, octetsMax) : message;
    return { sessionNumber, userData, isIncomplete };
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

  /** Runs a command with its timeout, and turns what goes wrong into a return code. */
  async #run<T>(
    { signal, timeoutMs }: CommandOptions,
    command: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const signals = [signal, timeout, this.#resetting.signal].filter((one) => one !== undefined);
    try {
      return await command(AbortSignal.any(signals));
    } catch (cause) {
      if (signal?.aborted) throw new NcbError("commandCancelled", "", { cause });
      if (timeout?.aborted) throw new NcbError("timedOut", `${timeoutMs} ms`, { cause });
      if (cause instanceof NcbError) throw cause;
      if (cause instanceof NetbiosError || cause instanceof SessionError) {
        throw new NcbError(returnCodeOf(cause), cause.message, { cause });
      }
      throw cause;
    }
  }
}

/** The next number after the last that is not in use; from the first again after 254. */
function free(
  used: ReadonlyMap<number, unknown>,
  last: number,
  first: number,
  full: "nameTableFull" | "sessionTableFull",
): number {
  for (let i = 1; i <= NUMBER_MAX; i++) {
    const number = first + ((last - first + i) % (NUMBER_MAX - first + 1));
    if (!used.has(number)) return number;
  }
  throw new NcbError(full, `at most ${NUMBER_MAX}`);
}

/** The promise, or the signal's reason if that is first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let aborted: (() => void) | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        aborted = () => reject(signal.reason);
        signal.addEventListener("abort", aborted, { once: true });
      }),
    ]);
  } finally {
    if (aborted) signal.removeEventListener("abort", aborted);
  }
}

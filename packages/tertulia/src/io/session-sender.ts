/**
 * What a session sends: the way of a value into the link, and who waits until it is accepted there, is
 * stored, or has arrived.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { type MessageKind, messageFrame, messageKinds } from "../pure/native/frames.ts";
import type { PresentationContext } from "../pure/native/message.ts";
import { Deliveries, isDelivered } from "./deliveries.ts";
import type { Keeping } from "./keeping.ts";
import {
  aBoolean,
  aSignal,
  aString,
  checkOptions,
  type OptionKinds,
  oneOf,
} from "./option-kinds.ts";
import { contextIndex, encodeIn } from "./presentation.ts";
import type { Account } from "./quotas.ts";
import type { SessionDriver } from "./session-driver.ts";
import type { SendOptions, SessionParts } from "./session-parts.ts";
import { raced } from "./wait.ts";

const NORMAL = messageFrame("normal", 0);
const SETTLED: Promise<void> = Promise.resolve();

const sendOptions: OptionKinds<SendOptions> = {
  kind: oneOf(messageKinds),
  context: aString,
  isGathered: aBoolean,
  signal: aSignal,
};

export class SessionSender {
  readonly #driver: SessionDriver;
  readonly #contexts: readonly PresentationContext[];
  readonly #account: Account | undefined;
  /** Options that were looked at and cannot have changed. */
  #checked: SendOptions | undefined;
  /** What of the backlog the account knows. */
  #charged = 0;
  /** What waits in the store before it is the link's. */
  #apartOctets = 0;
  /** Sends that wait for credit, by their ticket. */
  #waiters: Map<number, PromiseWithResolvers<void>> | undefined;
  /** Who waits for the peer to have what was sent. */
  #deliveries: Deliveries | undefined;

  constructor(driver: SessionDriver, { contexts, account }: SessionParts) {
    this.#driver = driver;
    this.#contexts = contexts;
    this.#account = account;
  }

  /** As `Session.send`. */
  send(value: unknown, options: SendOptions | undefined): Promise<void> {
    try {
      if (options !== this.#checked && options !== undefined) this.#check(options);
      options?.signal?.throwIfAborted();
      const index = contextIndex(this.#contexts, value, options?.context);
      const octets = encodeIn(this.#contexts[index] as PresentationContext, value); // it was found
      const kind = options?.kind ?? "normal";
      return this.#send(kind, index, octets, options?.signal, options?.isGathered);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #check(options: SendOptions): void {
    checkOptions(options, sendOptions);
    if (Object.isFrozen(options)) this.#checked = options;
  }

  #send(
    kind: MessageKind,
    context: number,
    octets: Uint8Array,
    signal: AbortSignal | undefined,
    isGathered: boolean | undefined,
  ): Promise<void> {
    const { machine } = this.#driver;
    this.#account?.check(octets.length, this.#driver.keeping !== undefined);
    let ticket: number;
    if (kind === "normal") {
      ticket = machine.send(NORMAL | context, octets);
    } else {
      this.#driver.checkUnit(kind);
      const frame = messageFrame(kind, context);
      ticket =
        kind === "expedited" ? machine.sendExpedited(frame, octets) : machine.send(frame, octets);
    }
    return this.#sent(ticket, octets.length, signal, isGathered);
  }

  /** The octets of a value, and the frame type that they go by, as {@link sendEncoded} takes them. */
  encode(value: unknown, options?: SendOptions): { type: number; octets: Uint8Array } {
    if (options !== undefined) checkOptions(options, sendOptions);
    const index = contextIndex(this.#contexts, value, options?.context);
    const kind = options?.kind ?? "normal";
    if (kind === "expedited") throw new SessionError("ERR_ARGUMENT", "it is not to wait");
    if (kind !== "normal") this.#driver.checkUnit(kind);
    const octets = encodeIn(this.#contexts[index] as PresentationContext, value); // it was found
    const { messageOctetsMax } = this.#driver.session.peer.limits;
    if (octets.length > messageOctetsMax) {
      const message = `${octets.length} octets, the peer takes ${messageOctetsMax}`;
      throw new SessionError("ERR_LIMIT", message);
    }
    return { type: messageFrame(kind, index), octets };
  }

  /** As {@link send}, of what has passed {@link check}. */
  sendEncoded(type: number, octets: Uint8Array): Promise<void> {
    const ticket = this.#driver.machine.send(type, octets);
    return this.#sent(ticket, octets.length);
  }

  /** @throws {SessionError} `ERR_CLOSED`, `ERR_LIMIT`, `ERR_STATE` after a release was asked for. */
  check(octets = 0): void {
    this.#driver.checkOpen();
    this.#account?.check(octets, this.#driver.keeping !== undefined);
    const { releaseState } = this.#driver.machine;
    if (releaseState === "open" || releaseState === "asked") return;
    throw new SessionError("ERR_STATE", "the release was asked for");
  }

  /** Octets that are sent and not yet acknowledged, or wait to be sent; a backlog before it counts. */
  get backlogOctets(): number {
    return this.#driver.machine.link.backlogOctets + this.#apartOctets;
  }

  /** Says how much waits apart from the session, and is its backlog all the same. */
  setApart(octets: number): void {
    this.#apartOctets = octets;
    this.charge();
  }

  /** Tells the account how much the backlog is now. */
  charge(): void {
    if (this.#account === undefined) return;
    const octets = this.#driver.end ? 0 : this.backlogOctets;
    this.#account.changed(octets - this.#charged);
    this.#charged = octets;
  }

  /** As `Session.delivered`. */
  async delivered(signal: AbortSignal | undefined): Promise<void> {
    this.#driver.checkOpen();
    const last = [...(this.#waiters?.values() ?? [])].at(-1);
    if (last) await raced(last.promise, signal);
    const { ends, acknowledged } = this.#driver.machine.link;
    if (isDelivered(ends, acknowledged)) return;
    this.#deliveries ??= new Deliveries();
    await raced(this.#deliveries.wait(ends), signal);
  }

  // What the driver tells.

  /** The link has taken what waited for credit. */
  accepted(ticket: number): void {
    this.#waiters?.get(ticket)?.resolve();
    this.#waiters?.delete(ticket);
  }

  /** The peer may have acknowledged something. */
  acknowledged(): void {
    if (this.#deliveries === undefined) return;
    this.#deliveries.acknowledged(this.#driver.machine.link.acknowledged);
    if (this.#deliveries.isEmpty) this.#deliveries = undefined;
  }

  /** The session is over. */
  ended(reason: SessionError): void {
    for (const { reject } of this.#waiters?.values() ?? []) reject(reason);
    this.#waiters = undefined;
    this.#deliveries?.end(reason);
    this.#deliveries = undefined;
  }

  /** Something is in the link; settles when it is journaled, and stored where it is kept. */
  #sent(
    ticket: number,
    size: number,
    signal?: AbortSignal | undefined,
    isGathered = false,
  ): Promise<void> {
    this.charge();
    this.#driver.gather(size + 2, isGathered);
    const { keeping } = this.#driver;
    if (keeping !== undefined) return this.#whenStored(keeping, ticket, signal);
    if (ticket === 0) return SETTLED;
    const waiter = this.#waitFor(ticket);
    return signal ? raced(waiter, signal) : waiter;
  }

  #waitFor(ticket: number): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    this.#waiters ??= new Map();
    this.#waiters.set(ticket, waiter);
    return waiter.promise;
  }

  /** Settles when our store has what was just sent. */
  #whenStored(keeping: Keeping, ticket: number, signal: AbortSignal | undefined): Promise<void> {
    const { machine } = this.#driver;
    const stored =
      ticket === 0
        ? keeping.wait(machine.nextMark)
        : this.#waitFor(ticket).then(() => keeping.wait(machine.nextMark));
    // Not everybody who sends waits: that is theirs to decide.
    if (ticket !== 0) stored.catch(() => {});
    return signal ? raced(stored, signal) : stored;
  }
}

/**
 * What moves a session: does everything that its machine says, keeps its timer, and tells the parts of
 * the session what has happened.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { functionalUnits } from "../pure/native/establishment.ts";
import type { MessageKind } from "../pure/native/frames.ts";
import type { Limits } from "../pure/native/limits.ts";
import { SessionMachine } from "../pure/native/machine.ts";
import type { MachineChanges, SessionEvent, SessionOutput } from "../pure/native/session-output.ts";
import type { TimerEntry } from "../pure/timer-wheel.ts";
import { Broadcast } from "./broadcast.ts";
import { Gate } from "./gate.ts";
import type { Keeping } from "./keeping.ts";
import type { Flushable, Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import { SessionDialogue } from "./session-dialogue.ts";
import type { SessionChange, SessionEnd, SessionParts } from "./session-parts.ts";
import { SessionReader } from "./session-reader.ts";
import { SessionSender } from "./session-sender.ts";
import { SessionStreams } from "./session-streams.ts";
import { SessionTransports } from "./session-transports.ts";
import { asSessionError, raced } from "./wait.ts";

/** Octets that may gather before the end of the turn: then they are sent at once. */
const GATHERED_OCTETS = 64 * 1024;
/** Changes that may wait for one who iterates over them. */
const CHANGES_MAX = 256;

export class SessionDriver implements Flushable, TimerEntry {
  readonly session: Session;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly machine: SessionMachine;
  /** Present when everything is stored before it has an effect. */
  readonly keeping: Keeping | undefined;
  readonly sender: SessionSender;
  readonly reader: SessionReader;
  readonly transports: SessionTransports;
  timerSlot = 0;
  readonly #onClosed: SessionParts["onClosed"];
  #streams: SessionStreams | undefined;
  #dialogue: SessionDialogue | undefined;
  /** Messages that were gathered since all was sent, and their octets. */
  #gathered = 0;
  #gatheredOctets = 0;
  #isDirty = false;
  #isSettling = false;
  /** Opens whenever something was done. */
  #done: Gate | undefined;
  #changes: Broadcast<SessionChange> | undefined;
  #end: SessionEnd | undefined;
  #closed: PromiseWithResolvers<SessionEnd> | undefined;

  constructor(session: Session, parts: SessionParts) {
    const { runtime, limits, keeping, onClosed } = parts;
    this.session = session;
    this.runtime = runtime;
    this.limits = limits;
    this.keeping = keeping;
    this.#onClosed = onClosed;
    const isKept = keeping !== undefined;
    this.machine = new SessionMachine({ ...parts, isKept, transport: 0 }, runtime.now());
    this.sender = new SessionSender(this, parts);
    this.reader = new SessionReader(this, parts);
    this.transports = new SessionTransports(this, parts);
  }

  /** Begins, once the session is there to be told. */
  begin(isTakenUp: boolean): void {
    this.transports.begin();
    // One that was kept dials at once.
    if (isTakenUp) this.machine.tick(this.now());
    this.settle();
  }

  now(): number {
    return this.runtime.now();
  }

  get streams(): SessionStreams {
    this.#streams ??= new SessionStreams(this, this.limits.streamsMax);
    return this.#streams;
  }

  get dialogue(): SessionDialogue {
    this.#dialogue ??= new SessionDialogue(this);
    return this.#dialogue;
  }

  // What becomes of it.

  /** How it ended, or `undefined` while it lives. */
  get end(): SessionEnd | undefined {
    return this.#end;
  }

  /** As `Session.closed`. */
  get closed(): Promise<SessionEnd> {
    if (this.#end) return Promise.resolve(this.#end);
    this.#closed ??= Promise.withResolvers();
    return this.#closed.promise;
  }

  /** As `Session.changes`. */
  changes(): AsyncIterableIterator<SessionChange, undefined> {
    this.#changes ??= new Broadcast(CHANGES_MAX);
    if (this.#end) this.#changes.end();
    return this.#changes.subscribe();
  }

  /** Resolves when something was sent, has come, or was stored: look again. */
  async changed(): Promise<void> {
    if (this.#end) return;
    this.#done ??= new Gate();
    await this.#done.wait();
  }

  checkOpen(): void {
    if (this.#end) throw new SessionError("ERR_CLOSED", "the session has ended");
  }

  checkUnit(unit: Exclude<MessageKind, "normal"> | "streams"): void {
    if ((this.machine.agreement.functionalUnits & functionalUnits[unit]) === 0) {
      throw new SessionError("ERR_STATE", `the functional unit ${unit} was not agreed on`);
    }
  }

  // What is stored.

  /** Has everything stored up to a mark; resolves when it is. */
  async storeUpTo(mark: number, signal?: AbortSignal): Promise<void> {
    this.settle();
    if (this.keeping === undefined || this.machine.storedMark >= mark) return;
    await raced(this.keeping.wait(mark), signal);
  }

  /** Has what was told to `keeping` stored; resolves when it is. */
  keepMore(keeping: Keeping): Promise<void> {
    const mark = this.machine.keepMore();
    this.markDirty();
    return keeping.wait(mark);
  }

  /** What the application has taken is settled, where that is stored. */
  settleTaken(): void {
    if (this.keeping !== undefined) this.machine.link.settle(this.now());
  }

  /** Octets of a stream were taken. */
  streamRead(): void {
    if (this.keeping !== undefined) this.machine.link.keepLater(this.now());
    this.markDirty();
  }

  // When it moves.

  get deadline(): number | undefined {
    return this.machine.deadline;
  }

  fire(now: number): void {
    this.machine.tick(now);
    this.flush();
  }

  /** The end of the turn: sends what there is. */
  flush(): void {
    this.#isDirty = false;
    this.settle();
  }

  /** There is something to do, at the end of the turn. */
  markDirty(): void {
    // While it settles, what there is to send is sent at the end of that.
    if (this.#isDirty || this.#isSettling) return;
    this.#isDirty = true;
    this.runtime.flushLater(this);
  }

  /** There are so many octets more to send, at the end of the turn or, when it is time, at once. */
  gather(octets: number, isTime: boolean): void {
    if (!isTime) this.#gathered += 1;
    this.#gatheredOctets += octets;
    if (isTime || (this.#isDirty && this.#gatheredOctets >= GATHERED_OCTETS)) this.settle();
    else this.markDirty();
  }

  /** The same of octets of a stream, of which nobody waits for an answer to just these. */
  gatherStream(octets: number): void {
    this.#gatheredOctets += octets;
    if (this.#isDirty && this.#gatheredOctets >= GATHERED_OCTETS) this.settle();
    else this.markDirty();
  }

  /** Does everything that the machine says, and sees to its timer. */
  settle(at?: number): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    const now = at ?? this.now();
    const { machine } = this;
    try {
      for (let output = machine.poll(now); output; output = machine.poll(now)) this.#do(output);
    } finally {
      this.#isSettling = false;
    }
    // Who says one short thing at a time waits for the answer to it.
    if (this.#gathered === 1 && this.#gatheredOctets < GATHERED_OCTETS) {
      this.runtime.loopPoll?.sent(this);
    }
    this.#gathered = 0;
    this.#gatheredOctets = 0;
    this.sender.charge();
    this.#done?.open();
    this.runtime.schedule(this);
  }

  #do(output: SessionOutput): void {
    switch (output.type) {
      case "send":
        return this.transports.write(output.transport, output.chunks);
      case "close":
        return this.transports.drop(output.transport, output.error);
      case "dial":
        return this.transports.dial(output.transport, output.location);
      case "store":
        return this.#store(output.mark, output.changes);
      case "event":
        return this.#happened(output.event);
    }
  }

  #store(mark: number, changes: MachineChanges): void {
    this.keeping?.write(changes).then(
      () => {
        this.machine.stored(mark);
        this.settle();
        this.keeping?.stored(mark);
      },
      (error) => {
        const reason = asSessionError(error);
        this.machine.storeFailed(reason);
        this.settle();
        this.keeping?.ended(reason);
      },
    );
  }

  #happened(event: SessionEvent): void {
    switch (event.type) {
      case "readable":
        return this.reader.wake();
      case "accepted":
        return this.sender.accepted(event.ticket);
      case "suspended":
        this.transports.suspended();
        return this.#tell(event);
      case "resumed":
        return this.#tell(this.transports.resumed(event));
      case "retrying":
      case "moving":
      case "releaseRefused":
        return this.#tell(event);
      case "releaseAsked":
        return this.reader.releaseAsked();
      case "dialogue":
        return this.dialogue.received(event);
      case "streamOpened":
        return this.streams.opened(event.stream);
      case "streamReadable":
      case "streamWritable":
      case "streamEnded":
      case "streamReset":
        return this.#streams?.happened(event);
      case "closed":
        return this.#ended(event);
    }
  }

  #tell(change: SessionChange): void {
    this.#changes?.push(change);
  }

  #ended({ outcome, error, abort }: Extract<SessionEvent, { type: "closed" }>): void {
    const end = { outcome, ...(error && { error }), ...(abort && { abort }) };
    this.#end = end;
    this.runtime.unschedule(this);
    this.transports.closed();
    const reason = error ?? new SessionError("ERR_CLOSED", "the session has ended");
    this.sender.ended(reason);
    if (!this.machine.hasRest) this.keeping?.ended(reason);
    this.#streams?.ended(reason);
    this.#dialogue?.ended();
    this.#tell({ type: "closed", end });
    this.#changes?.end();
    this.#closed?.resolve(end);
    this.reader.wake();
    this.#onClosed?.(this.session, end);
  }
}

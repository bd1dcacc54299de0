/**
 * The server's side of exactly-once: the same programs, over durable sessions.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../pure/errors.ts";
import { hex } from "../pure/octets.ts";
import { XDR_LIMITS } from "../pure/oncrpc/limits.ts";
import { AUTH_NONE, encodeReply } from "../pure/oncrpc/message.ts";
import {
  type Decision,
  decide,
  decideCancel,
  decodeHello,
  encodePlace,
  encodeWelcome,
  freshSlot,
  OnceMessage,
  OUTCOMES,
  type Outcome,
  type ServedSlot,
} from "../pure/oncrpc/once.ts";
import type { Caller, PeerAddress } from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Origin } from "./job.ts";
import { eachFrame, type OnceChannel, OnceFrames } from "./once-channel.ts";
import { MemoryOutcomes, type OutcomeRecord, type OutcomeStore } from "./once-store.ts";
import type { ReplyTarget } from "./reply.ts";

export interface OnceServerOptions {
  /** Where outcomes are kept. Default: in memory. */
  readonly store?: OutcomeStore;
  /** Slots of a client: its calls in flight. Default 64. */
  readonly slotsMax?: number;
  /** Clients remembered. Default 10,000; beyond, whoever has been gone longest is forgotten. */
  readonly clientsMax?: number;
  /** Octets of a reply that is kept; of a larger one is told that it is lost. Default 1 MiB. */
  readonly replyMax?: number;
}

interface Client {
  readonly key: string;
  readonly memory: Uint8Array;
  readonly slots: ServedSlot[];
  connection: Connection | undefined;
}

/** Answers calls exactly once, on as many channels as there are. */
export class OnceServer {
  readonly dispatcher: Dispatcher;
  readonly store: OutcomeStore;
  readonly slotsMax: number;
  readonly replyMax: number;
  readonly #clientsMax: number;
  readonly #clients = new Map<string, Client>();
  #batch: { call: OnceCall | undefined; record: OutcomeRecord; slot: ServedSlot }[] = [];
  readonly #commitNow = (): void => this.#commit();

  /** @param dispatcher - That of an `RpcServer`, so that plain and durable clients find the same programs. */
  constructor(dispatcher: Dispatcher, options: OnceServerOptions = {}) {
    this.dispatcher = dispatcher;
    this.store = options.store ?? new MemoryOutcomes();
    this.slotsMax = options.slotsMax ?? 64;
    this.replyMax = options.replyMax ?? 1024 * 1024;
    this.#clientsMax = options.clientsMax ?? 10_000;
  }

  /** Serves a channel until it ends. */
  async serve(channel: OnceChannel): Promise<void> {
    const connection = new Connection(this, channel);
    try {
      await channel.consume((octets) => connection.receive(octets));
    } catch (error) {
      if (!(error instanceof ProtocolError)) return;
      channel.close();
      throw error;
    } finally {
      connection.end();
    }
  }

  /** The state of a client: a new one, if it is not known. */
  client(key: string): Client {
    const known = this.#clients.get(key);
    if (known !== undefined) {
      // To the end of the line of those who may be forgotten.
      this.#clients.delete(key);
      this.#clients.set(key, known);
      return known;
    }
    const { memory, outcomes } = this.store.greet(key);
    const client: Client = { key, memory, slots: [], connection: undefined };
    for (const { slot, serial, state, reply } of outcomes) {
      const octets = reply?.slice();
      const entry = { serial, state, octets, start: 0, end: octets?.length ?? 0 };
      while (client.slots.length <= slot) client.slots.push(freshSlot());
      client.slots[slot] = entry;
    }
    this.#makeRoom();
    this.#clients.set(key, client);
    return client;
  }

  forget(client: Client): void {
    this.#clients.delete(client.key);
    this.store.forget(client.key);
  }

  /** Keeps an outcome, then tells it: at once in memory, else with the others of this turn. */
  keep(call: OnceCall | undefined, record: OutcomeRecord, slot: ServedSlot): void {
    this.#batch.push({ call, record, slot });
    if (!this.store.isDurable) this.#commit();
    else if (this.#batch.length === 1) setImmediate(this.#commitNow);
  }

  #commit(): void {
    const batch = this.#batch;
    this.#batch = [];
    let errors: readonly unknown[];
    try {
      errors = this.store.commit(batch.map(({ record }) => record));
    } catch {
      // Nothing was kept and no effect is there: that is what the clients are told.
      for (const { call, slot } of batch) {
        slot.state = "cancelled";
        call?.tellNotExecuted();
      }
      return;
    }
    for (const [index, { call, record, slot }] of batch.entries()) {
      const octets = errors[index] === undefined ? record.reply : record.failed();
      slot.state = record.state;
      slot.octets = octets;
      slot.start = 0;
      slot.end = octets?.length ?? 0;
      call?.tell(octets);
    }
  }

  #makeRoom(): void {
    if (this.#clients.size < this.#clientsMax) return;
    for (const client of this.#clients.values()) {
      if (client.connection !== undefined) continue;
      this.forget(client);
      return;
    }
    throw new SessionError("ERR_LIMIT", `${this.#clientsMax} clients are connected already`);
  }
}

/** One client on one channel. */
class Connection {
  readonly server: OnceServer;
  readonly channel: OnceChannel;
  readonly frames: OnceFrames;
  /** For replies that are kept before they are told. */
  readonly scratch: XdrWriter = new XdrWriter(new Uint8Array(16 * 1024));
  readonly peer: PeerAddress;
  readonly #reader = new XdrReader(new Uint8Array(), XDR_LIMITS);
  readonly #abort = new AbortController();
  client: Client | undefined;
  isEnded = false;

  constructor(server: OnceServer, channel: OnceChannel) {
    this.server = server;
    this.channel = channel;
    this.frames = new OnceFrames(
      (octets) => channel.send(octets),
      // The client asks again over the next one.
      () => channel.close(),
    );
    this.frames.messageOctetsMax = channel.messageOctetsMax;
    const address = channel.identity;
    this.peer = { transport: "session", address, port: 0, isLocal: false, local: "" };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Takes a message. The next one waits for the client, while that does not take what it asked for. */
  receive(octets: Uint8Array): Promise<void> | undefined {
    if (this.isEnded) return undefined;
    this.frames.isHeld = true;
    try {
      eachFrame(octets, this.#reader, this.#take);
    } finally {
      this.frames.isHeld = false;
      this.frames.flush();
    }
    return this.frames.drained;
  }

  readonly #take = (): void => {
    const reader = this.#reader;
    const type = reader.uint();
    if (type === OnceMessage.HELLO) {
      this.#greet(reader);
      return;
    }
    const { client } = this;
    if (client === undefined) throw broken("noHello", `type ${type} before HELLO`);
    if (type === OnceMessage.BYE) {
      this.server.forget(client);
      return;
    }
    const number = reader.uint();
    const serial = reader.uint();
    const slot = client.slots[number];
    if (slot === undefined) throw broken("badSlot", `${number}, there are ${client.slots.length}`);
    if (type === OnceMessage.CALL) {
      const decision = decide(slot, serial);
      if (decision === "execute") this.#execute(reader, number, slot);
      else this.#repeat(decision, number, slot);
    } else if (type === OnceMessage.CANCEL) {
      const isNew = serial === slot.serial + 1;
      const decision = decideCancel(slot, serial);
      if (isNew) this.#cancel(client, number, slot);
      else this.#repeat(decision, number, slot);
    } else throw broken("badType", `${type}`);
  };

  /** The frame that tells what became of a call without a reply. */
  tell(outcome: Outcome, slot: number, serial: number): Uint8Array {
    encodePlace(this.scratch, OnceMessage.REPLY, slot, serial);
    this.scratch.uint(OUTCOMES.indexOf(outcome));
    return this.scratch.takeWritten();
  }

  end(): void {
    this.isEnded = true;
    this.frames.discard();
    if (this.client?.connection === this) this.client.connection = undefined;
    this.#abort.abort(new SessionError("ERR_CLOSED", "the client's session has ended"));
  }

  #greet(reader: XdrReader): void {
    if (this.client !== undefined) throw broken("secondHello", "one a channel");
    const hello = decodeHello(reader);
    const { server, channel } = this;
    const client = server.client(`${channel.identity}/${hex(hello.clientId)}`);
    // Whoever comes with the same identity has given up the channel before.
    const former = client.connection;
    client.connection = this;
    this.client = client;
    former?.channel.close();
    const slots = Math.max(client.slots.length, Math.min(hello.slots, server.slotsMax));
    while (client.slots.length < slots) client.slots.push(freshSlot());
    encodeWelcome(this.frames.begin(), { memory: client.memory, slots });
    this.frames.end();
  }

  #execute(reader: XdrReader, number: number, slot: ServedSlot): void {
    const xid = reader.uint();
    if (reader.uint() !== 0) throw broken("notACall", "a CALL carries a call of RFC 5531");
    const call = new OnceCall(this, number, slot, slot.serial);
    this.server.dispatcher.handle(reader, xid, call, call);
  }

  #repeat(decision: Decision, number: number, slot: ServedSlot): void {
    if (decision === "wait") return;
    const { frames } = this;
    if (decision === "replay" && slot.octets !== undefined) {
      frames.send(slot.octets, slot.start, slot.end);
      return;
    }
    const outcome = decision === "lost" ? "executed, reply lost" : decision;
    if (outcome !== "execute" && outcome !== "replay") {
      frames.send(this.tell(outcome, number, slot.serial));
    }
  }

  #cancel(client: Client, number: number, slot: ServedSlot): void {
    const { serial } = slot;
    const reply = this.tell("not executed", number, serial);
    const failed = (): Uint8Array => reply;
    const key = client.key;
    this.server.keep(
      new OnceCall(this, number, slot, serial),
      { client: key, slot: number, serial, state: "cancelled", reply, effects: [], failed },
      slot,
    );
  }
}

const NO_EFFECTS: readonly (() => void)[] = [];

/** One call: where the dispatcher writes the reply, and where the handler's effects gather. */
class OnceCall implements Origin, ReplyTarget {
  readonly isTlsRequired = false;
  running = 0;
  duplicates: undefined;
  readonly #connection: Connection;
  readonly #number: number;
  readonly #slot: ServedSlot;
  readonly #serial: number;
  #effects: ((transaction: unknown) => void)[] | undefined;

  constructor(connection: Connection, number: number, slot: ServedSlot, serial: number) {
    this.#connection = connection;
    this.#number = number;
    this.#slot = slot;
    this.#serial = serial;
  }

  get peer(): PeerAddress {
    return this.#connection.peer;
  }
  get signal(): AbortSignal {
    return this.#connection.signal;
  }
  get back(): Caller {
    throw new SessionError("ERR_STATE", "calls back go over a session of their own");
  }
  get effects(): (effect: (transaction: unknown) => void) => void {
    return this.#addEffect;
  }
  readonly #addEffect = (effect: (transaction: unknown) => void): void => {
    this.#effects ??= [];
    this.#effects.push(effect);
  };

  settled(): void {}

  begin(): XdrWriter {
    // What is to be kept first, together with effects or on a disk, must not be on its way already.
    const { server, frames, scratch } = this.#connection;
    this.#isDirect = this.#effects === undefined && !server.store.isDurable;
    const writer = this.#isDirect ? frames.begin() : scratch;
    encodePlace(writer, OnceMessage.REPLY, this.#number, this.#serial);
    writer.uint(0);
    return writer;
  }

  commit(): void {
    const { server, client, frames, scratch } = this.#connection;
    const slot = this.#slot;
    if (this.#isDirect && !frames.fits) {
      frames.cancel();
      slot.state = "done";
      this.#current().frames.send(this.#lost());
      return;
    }
    if (this.#isDirect) {
      const { writer } = frames;
      const { octets, at: end } = writer;
      const start = frames.end();
      slot.state = "done";
      slot.octets = end - start <= server.replyMax ? octets : undefined;
      slot.start = start;
      slot.end = end;
      const present = client?.connection;
      if (present !== this.#connection) present?.frames.send(octets, start, end);
      return;
    }
    let octets = scratch.takeWritten();
    const isKept = octets.length <= server.replyMax;
    if (octets.length + 4 > frames.messageOctetsMax) octets = this.#lost();
    const record: OutcomeRecord = {
      client: client?.key ?? "",
      slot: this.#number,
      serial: this.#serial,
      state: "done",
      reply: isKept ? octets : undefined,
      effects: this.#effects ?? NO_EFFECTS,
      failed: () => this.#failure(octets),
    };
    this.#whole = octets;
    server.keep(this, record, slot);
  }

  #isDirect = false;
  /** The reply when it is too large to keep: it is told once all the same. */
  #whole: Uint8Array | undefined;

  /** The frame that says that the reply is longer than the client takes. */
  #lost(): Uint8Array {
    return this.#connection.tell("executed, reply lost", this.#number, this.#serial);
  }

  tell(octets: Uint8Array | undefined): void {
    this.#current().frames.send(octets ?? this.#whole ?? new Uint8Array());
  }

  tellNotExecuted(): void {
    const connection = this.#current();
    connection.frames.send(connection.tell("not executed", this.#number, this.#serial));
  }

  cancel(): void {
    const { frames, scratch } = this.#connection;
    if (this.#isDirect) frames.cancel();
    else scratch.rewind(scratch.start);
  }

  /** Where the client is now: it may have come back over another session while the call ran. */
  #current(): Connection {
    return this.#connection.client?.connection ?? this.#connection;
  }

  #failure(reply: Uint8Array): Uint8Array {
    const { scratch: writer } = this.#connection;
    encodePlace(writer, OnceMessage.REPLY, this.#number, this.#serial);
    writer.uint(0);
    const xid = new DataView(reply.buffer, reply.byteOffset).getUint32(16);
    encodeReply(writer, xid, { type: "SYSTEM_ERR", verifier: AUTH_NONE });
    return writer.takeWritten();
  }
}

function broken(violation: string, detail: string): ProtocolError {
  return new ProtocolError(violation, "docs/design/exactly-once.md", detail);
}

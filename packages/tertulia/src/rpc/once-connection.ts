/**
 * A client that calls exactly once, on one channel: what comes in is decided about, executed or answered again.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../pure/errors.ts";
import { hex } from "../pure/octets.ts";
import { XDR_LIMITS } from "../pure/oncrpc/limits.ts";
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
  serialAfter,
} from "../pure/oncrpc/once.ts";
import type { PeerAddress } from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import { eachFrame, type OnceChannel, OnceFrames } from "./once-channel.ts";
import type { OnceServed, OnceServer } from "./once-server.ts";
import { ServedCall } from "./served-call.ts";

/** One client on one channel. */
export class OnceConnection {
  readonly server: OnceServer;
  readonly channel: OnceChannel;
  readonly frames: OnceFrames;
  /** For replies that are kept before they are told. */
  readonly scratch: XdrWriter = new XdrWriter(new Uint8Array(16 * 1024));
  readonly peer: PeerAddress;
  readonly #reader = new XdrReader(new Uint8Array(), XDR_LIMITS);
  readonly #abort = new AbortController();
  client: OnceServed | undefined;
  isEnded = false;

  constructor(server: OnceServer, channel: OnceChannel) {
    this.server = server;
    this.channel = channel;
    this.frames = new OnceFrames(
      (octets) => channel.send(octets),
      // The client asks again over the next one.
      () => channel.close(),
      server.poll,
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
    this.server.poll?.received();
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
      const isNew = serial === serialAfter(slot.serial);
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
    const call = new ServedCall(this, number, slot, slot.serial);
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

  #cancel(client: OnceServed, number: number, slot: ServedSlot): void {
    const { serial } = slot;
    const reply = this.tell("not executed", number, serial);
    const failed = (): Uint8Array => reply;
    const key = client.key;
    this.server.keep(
      new ServedCall(this, number, slot, serial),
      { client: key, slot: number, serial, state: "cancelled", reply, effects: [], failed },
      slot,
    );
  }
}

function broken(violation: string, detail: string): ProtocolError {
  return new ProtocolError(violation, "docs/design/exactly-once.md", detail);
}

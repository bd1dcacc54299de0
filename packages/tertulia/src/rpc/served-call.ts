/**
 * One call that is executed exactly once: where the dispatcher writes the reply, where the handler's effects
 * gather, and how the outcome is told.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { AUTH_NONE, encodeReply } from "../pure/oncrpc/message.ts";
import { encodePlace, OnceMessage, type ServedSlot } from "../pure/oncrpc/once.ts";
import type { Caller, PeerAddress } from "../pure/oncrpc/program.ts";
import type { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import type { Origin } from "./job.ts";
import type { OnceConnection } from "./once-connection.ts";
import type { OutcomeRecord } from "./once-store.ts";
import type { ReplyTarget } from "./reply.ts";

const NO_EFFECTS: readonly (() => void)[] = [];

export class ServedCall implements Origin, ReplyTarget {
  readonly isTlsRequired = false;
  running = 0;
  duplicates: undefined;
  readonly #connection: OnceConnection;
  readonly #number: number;
  readonly #slot: ServedSlot;
  readonly #serial: number;
  #effects: ((transaction: unknown) => void)[] | undefined;
  /** Whether the reply is written where it goes out from: it needs not be kept before. */
  #isDirect = false;
  /** The reply when it is too large to keep: it is told once all the same. */
  #whole: Uint8Array | undefined;

  constructor(connection: OnceConnection, number: number, slot: ServedSlot, serial: number) {
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
  #current(): OnceConnection {
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

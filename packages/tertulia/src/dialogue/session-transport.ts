/**
 * The transport service of a dialogue over a durable session: a broken link is no provider abort but
 * nothing at all. Tokens, points and activities are where they were when the next link is there.
 *
 * What a session carries for its dialogue is frames with one octet of header: whether it is the last
 * part of a TSDU, or the end of the dialogue. The session outlives its dialogues.
 *
 * @module
 */

import { Gate } from "../io/gate.ts";
import type { Session } from "../io/session.ts";
import { SessionError } from "../pure/errors.ts";
import { concatOctets } from "../pure/octets.ts";
import type { DialogueKeeping, TransportConnection, TransportUser } from "./transport.ts";

/** How a session carries a dialogue. Only `isInitiator` must be given. */
export interface SessionTransportOptions {
  /** Whether this side asks for the dialogue: one side says so, the other does not. */
  readonly isInitiator: boolean;
  /** Whether to use the session's expedited flow. Both sides have to say the same. Default true. */
  readonly expedited?: boolean;
  /** Octets in one frame of the session, if the peer takes as many; what is longer goes in parts. Default 16,000. */
  readonly segmentOctets?: number;
  /** One TSDU, put together: what a peer can make us hold. Default 16 MiB. */
  readonly tsduOctets?: number;
  /** Octets that may wait in the session before `room` is a promise. Default 256 KiB. */
  readonly sendOctetsMax?: number;
}

const PART = 0;
const LAST = 1;
const END = 2;
const ROOM_CHECK_MS = 5;

/**
 * A transport connection for a dialogue, in a session.
 *
 * A session has one at a time: a dialogue that keeps its transport can be followed by another.
 *
 * @example
 * const dialogue = await connectDialogue(sessionTransport(session, { isInitiator: true }));
 */
export function sessionTransport(
  session: Session,
  options: SessionTransportOptions,
): TransportConnection {
  return new SessionConnection(session, options);
}

type Message =
  /** One TSDU, and how many frames it came in. */
  | { readonly type: "data"; readonly octets: Uint8Array; readonly frames: number }
  | { readonly type: "expedited"; readonly octets: Uint8Array }
  /** The last frame, or no frame: the session has ended. */
  | { readonly type: "end"; readonly error: SessionError | undefined };

class SessionConnection implements TransportConnection {
  readonly isInitiator: boolean;
  readonly expedited: boolean;
  readonly keeping: DialogueKeeping | undefined;
  readonly #session: Session;
  readonly #segmentOctets: number;
  readonly #tsduOctets: number;
  readonly #sendOctetsMax: number;
  readonly #waiting: Message[] = [];
  #user: TransportUser | undefined;
  #isPaused = false;
  #isEnded = false;
  /** Opens when there may be something to read for. */
  readonly #gate = new Gate();
  #parts: Uint8Array[] = [];
  #partOctets = 0;
  #room: Promise<void> | undefined;

  constructor(
    session: Session,
    {
      isInitiator,
      expedited = true,
      segmentOctets = 16_000,
      tsduOctets = 16_777_216,
      sendOctetsMax = 262_144,
    }: SessionTransportOptions,
  ) {
    this.#session = session;
    this.isInitiator = isInitiator;
    this.expedited = expedited;
    this.#segmentOctets = segmentOctets;
    this.#tsduOctets = tsduOctets;
    this.#sendOctetsMax = sendOctetsMax;
    this.keeping = session.isKept ? keepingIn(session) : undefined;
    this.#read().catch((error: unknown) => {
      const ended = error instanceof SessionError ? error : undefined;
      this.#take({ type: "end", error: ended ?? new SessionError("ERR_CLOSED", String(error)) });
    });
  }

  get room(): Promise<void> | undefined {
    if (this.#isEnded || this.#session.backlogOctets <= this.#sendOctetsMax) return undefined;
    this.#room ??= this.#waitForRoom();
    return this.#room;
  }

  get isFull(): boolean {
    return this.#session.dialogue.isFull;
  }

  attach(user: TransportUser): void {
    this.#user = user;
    queueMicrotask(() => this.#deliver());
  }

  detach(): void {
    this.#user = undefined;
  }

  data(head: Uint8Array, octets: Uint8Array): void {
    this.#checkOpen();
    const tsdu = concatOctets([head, octets]);
    const size = Math.min(this.#segmentOctets, this.#session.dialogue.octetsMax - 1);
    for (let at = 0; at === 0 || at < tsdu.length; at += size) {
      const part = tsdu.subarray(at, at + size);
      const isLast = at + part.length >= tsdu.length;
      this.#session.dialogue.send(concatOctets([Uint8Array.of(isLast ? LAST : PART), part]));
    }
  }

  expeditedData(octets: Uint8Array): void {
    this.#checkOpen();
    if (!this.expedited) throw new SessionError("ERR_STATE", "no expedited flow");
    this.#session.dialogue.send(octets, true);
  }

  disconnect(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#gate.open();
    if (this.#session.state !== "closed") this.#session.dialogue.send(Uint8Array.of(END));
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) queueMicrotask(() => this.#deliver());
  }

  async #read(): Promise<void> {
    for await (const { octets, isExpedited } of this.#session.dialogue) {
      if (isExpedited) this.#take({ type: "expedited", octets });
      else this.#takePart(octets);
      // What is not read is no credit for the peer.
      while (this.#isHeld) await this.#gate.wait();
      if (this.#isEnded) return;
    }
    const { error } = await this.#session.closed;
    this.#take({ type: "end", error });
  }

  /** Whether something waits here that nobody wants now. */
  get #isHeld(): boolean {
    return this.#waiting.length > 0 && !this.#isEnded;
  }

  #takePart(octets: Uint8Array): void {
    const [kind] = octets;
    if (kind === END) {
      this.#take({ type: "end", error: undefined });
      return;
    }
    const part = octets.subarray(1);
    this.#partOctets += part.length;
    if (this.#partOctets > this.#tsduOctets) {
      throw new SessionError("ERR_LIMIT", `a TSDU: at most ${this.#tsduOctets} octets`);
    }
    this.#parts.push(part);
    if (kind !== LAST) return;
    const [only] = this.#parts;
    const frames = this.#parts.length;
    const whole = frames === 1 && only ? only : concatOctets(this.#parts);
    this.#parts = [];
    this.#partOctets = 0;
    this.#take({ type: "data", octets: whole, frames });
  }

  #take(message: Message): void {
    this.#waiting.push(message);
    this.#deliver();
  }

  #deliver(): void {
    while (this.#user && !this.#isEnded && (!this.#isPaused || this.#waiting[0]?.type === "end")) {
      const message = this.#waiting.shift();
      if (!message) break;
      if (message.type === "data") {
        this.#user.data(message.octets);
        // In the same turn: a store never has the one without the other.
        for (let i = 0; i < message.frames; i++) this.#session.dialogue.took(false);
      } else if (message.type === "expedited") {
        this.#user.expeditedData(message.octets);
        this.#session.dialogue.took(true);
      } else {
        this.#session.dialogue.took(false);
        this.#isEnded = true;
        this.#user.disconnected(message.error);
      }
    }
    this.#gate.open();
  }

  async #waitForRoom(): Promise<void> {
    // The session says when messages have room, not when its dialogue has; while the link is broken
    // this may last, and the end of the session ends it.
    while (!this.#isEnded && this.#session.backlogOctets > this.#sendOctetsMax / 2) {
      await new Promise((resolve) => setTimeout(resolve, ROOM_CHECK_MS));
      if (this.#session.state === "closed") break;
    }
    this.#room = undefined;
  }

  #checkOpen(): void {
    if (this.#isEnded) throw new SessionError("ERR_CLOSED", "the transport connection has ended");
  }
}

function keepingIn(session: Session): DialogueKeeping {
  return {
    get kept() {
      return session.keptDialogue;
    },
    keep: (snapshot) => session.dialogue.keep(snapshot),
    changed: () => session.dialogue.changed(),
  };
}

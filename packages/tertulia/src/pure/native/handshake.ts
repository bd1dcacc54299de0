/**
 * What both sides of a handshake have in common: frames in turn, the transcript of all of them, and
 * the keys that come of it. docs/protocol.md, sections 3.1 and 4.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { FrameReader } from "./frame-reader.ts";
import { ACCEPT, encodeFrame } from "./frames.ts";
import { authenticationBinding, deriveKeys, Transcript } from "./keys.ts";
import type { Limits } from "./limits.ts";
import type { Suite } from "./suite.ts";

/** A frame of the peer's. */
export interface Heard {
  readonly type: number;
  /** Ours: it stays when the reader goes on. */
  readonly body: Uint8Array;
}

export class Handshake {
  readonly #suite: Suite;
  readonly #binding: Uint8Array;
  readonly #reader: FrameReader;
  readonly #transcript: Transcript;

  /** @param binding - The channel binding of the transport; empty where it has none. */
  constructor(suite: Suite, limits: Limits, binding: Uint8Array) {
    this.#suite = suite;
    this.#binding = binding;
    this.#reader = new FrameReader(limits.handshakeOctetsMax);
    this.#transcript = new Transcript(suite);
  }

  /** The peer's next frame, or `undefined` until all of it is here. */
  hear(octets: Uint8Array): Heard | undefined {
    const reader = this.#reader;
    // Each side waits for the other's answer: nothing is sent ahead.
    if (reader.rest().length > 0) {
      throw new ProtocolError("unexpectedFrame", "Tertulia 3.1", "before our answer");
    }
    reader.feed(octets);
    if (!reader.next()) return undefined;
    return { type: reader.type, body: reader.body().slice() };
  }

  /** Octets behind the frame that was heard last. */
  rest(): Uint8Array {
    return this.#reader.rest();
  }

  /** Adds a frame of the peer's to the transcript. */
  note(type: number, body: Uint8Array): void {
    this.#transcript.add(type, body);
  }

  /** Adds a frame of ours to the transcript, and gives its octets. */
  say(type: number, body: Uint8Array): Uint8Array {
    this.#transcript.add(type, body);
    return encodeFrame(type, body);
  }

  /** The transcript so far, as a digest. */
  get digest(): Uint8Array {
    return this.#transcript.digest;
  }

  /** What a proof has to cover that answers what the transcript had come to. */
  bindingOf(digest: Uint8Array): Uint8Array {
    return authenticationBinding(this.#suite, this.#binding, digest);
  }

  /**
   * The end of it, on both sides: the session's secret, and the proof that goes behind the claim of
   * ACCEPT.
   */
  conclude(
    agreed: Uint8Array,
    claim: Uint8Array,
  ): { readonly secret: Uint8Array; readonly proof: Uint8Array } {
    this.#transcript.add(ACCEPT, claim);
    const { digest } = this;
    const { secret, acceptKey } = deriveKeys(this.#suite, agreed, this.#binding, digest);
    return { secret, proof: this.#suite.hmac(acceptKey, digest) };
  }
}

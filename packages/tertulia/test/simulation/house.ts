/**
 * The responder's side of the world: it opens to whoever comes, finds sessions, remembers the dead
 * ones, and is not ready right after a start.
 */

import { ProtocolError } from "../../src/pure/errors.ts";
import { encodeProposal } from "../../src/pure/native/establishment.ts";
import { encodeFrame, RESUME } from "../../src/pure/native/frames.ts";
import type { Established } from "../../src/pure/native/initiation.ts";
import { ID_OCTETS } from "../../src/pure/native/keys.ts";
import type { Limits } from "../../src/pure/native/limits.ts";
import { Reception, refuse } from "../../src/pure/native/reception.ts";
import type { Refusal } from "../../src/pure/native/refusal.ts";
import { type ResumeRequest, withProof } from "../../src/pure/native/resume.ts";
import type { Suite } from "../../src/pure/native/suite.ts";
import { hex } from "../../src/pure/octets.ts";
import type { Wire } from "../../src/testing/network.ts";
import { proposalOf } from "../pure/native/pair.ts";
import type { Driver, Host } from "./host.ts";

export interface HouseOptions {
  readonly host: Host;
  readonly suite: Suite;
  readonly limits: Limits;
  /** Somebody was let in. */
  readonly established: (session: Established, wire: Wire) => Driver;
  readonly trace: (line: string) => void;
}

export class House {
  /** Whether the store is loaded. */
  isReady = true;
  /** What is said of sessions that have ended. */
  readonly tombstones: Map<string, Refusal> = new Map();
  readonly sessions: Map<string, Driver> = new Map();
  /** Every RESUME that was taken, for those who replay them. */
  readonly resumes: Uint8Array[] = [];
  readonly #options: HouseOptions;
  #nextTransport = 1;

  constructor(options: HouseOptions) {
    this.#options = options;
  }

  /** Somebody comes, on side 1 of a wire. */
  open(wire: Wire, binding: Uint8Array): void {
    const { host, suite, limits } = this.#options;
    const reception = new Reception(suite, limits, binding);
    let isDone = false;
    const close = (refusal?: Refusal) => {
      isDone = true;
      if (refusal) wire.write(1, [refuse(refusal)]);
      wire.end(1);
    };
    host.at(host.now + limits.handshakeMs, () => {
      if (!isDone) close();
    });
    const received = (octets: Uint8Array) => {
      if (isDone) return;
      try {
        const step = reception.receive(octets);
        if (step.type === "more") return;
        if (step.type === "answer") throw new Error("nobody was asked anything");
        if (step.type === "resume") {
          isDone = true;
          const refusal = this.#resume(step.request, wire, binding, reception.rest());
          if (refusal) close(refusal);
          return;
        }
        const proposal = proposalOf(limits);
        const agreement = reception.agree(proposal);
        if ("incompatible" in agreement) {
          return close({ reason: "incompatible", isPersistent: true });
        }
        const id = suite.random(ID_OCTETS);
        const { frame, session } = reception.accept(id, encodeProposal(proposal), agreement);
        isDone = true;
        wire.write(1, [frame]);
        this.sessions.set(hex(id), this.#options.established(session, wire));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        close({ reason: "protocolError", isPersistent: true, message: error.message });
      }
    };
    wire.attach(1, {
      received: (octets) => host.awake(() => received(octets)),
      drained: () => {},
      ended: () => {
        isDone = true;
      },
    });
  }

  #resume(
    request: ResumeRequest,
    wire: Wire,
    binding: Uint8Array,
    rest: Uint8Array,
  ): Refusal | undefined {
    const { host, trace } = this.#options;
    if (!this.isReady) return { reason: "notReady", isPersistent: false, retryMs: 300 };
    const id = hex(request.sessionId);
    const driver = this.sessions.get(id);
    if (driver === undefined) {
      return this.tombstones.get(id) ?? { reason: "unknownSession", isPersistent: true };
    }
    const transport = this.#nextTransport++;
    const refusal = driver.machine.resume(transport, request, binding, rest, host.now);
    trace(`RESUME ${request.epoch}: ${refusal ? refusal.reason : `transport ${transport}`}`);
    if (refusal === undefined) {
      this.resumes.push(encodeFrame(RESUME, withProof(request.claim, request.proof)));
      driver.plug(transport, wire, 1);
    }
    driver.settle();
    return refusal;
  }
}

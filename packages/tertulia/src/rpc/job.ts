/**
 * One call from its arrival to its reply, and whom it is from.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { DuplicateCaller, DuplicateEntry } from "../pure/oncrpc/duplicates.ts";
import type { CallHeader, OpaqueAuth } from "../pure/oncrpc/message.ts";
import type {
  Caller,
  PeerAddress,
  ServedProcedure,
  ServerCall,
  Signal,
} from "../pure/oncrpc/program.ts";
import type { AuthVerdict } from "./auth.ts";
import type { ReplyTarget } from "./reply.ts";

/** Who calls: the same for all calls of a connection. */
export interface Origin {
  readonly peer: PeerAddress;
  readonly signal: Signal;
  readonly back: Caller;
  /** Calls of this connection that run now. */
  running: number;
  /** Says that one of them has ended. */
  settled(): void;
  /** The connection's caller in the duplicate request cache. */
  duplicates: DuplicateCaller<ReplyTarget> | undefined;
  /** Begins TLS, RFC 9289, once the reply says STARTTLS. Absent: not offered here. */
  startTls?(): void;
  /** Whether calls in the clear are refused. */
  readonly isTlsRequired: boolean;
  /** Where {@link ServerCall.commit} puts effects, on a durable session. */
  readonly effects?: (effect: (transaction: unknown) => void) => void;
}

/** One call from its arrival to its reply, which is also what the handler is given. */
export class Job implements ServerCall {
  readonly header: CallHeader;
  readonly served: ServedProcedure;
  readonly verdict: AuthVerdict & { type: "accepted" };
  readonly origin: Origin;
  readonly target: ReplyTarget;
  readonly entry: DuplicateEntry<ReplyTarget> | undefined;

  constructor(
    header: CallHeader,
    served: ServedProcedure,
    verdict: AuthVerdict & { type: "accepted" },
    origin: Origin,
    target: ReplyTarget,
    entry: DuplicateEntry<ReplyTarget> | undefined,
  ) {
    this.header = header;
    this.served = served;
    this.verdict = verdict;
    this.origin = origin;
    this.target = target;
    this.entry = entry;
  }

  get name(): string {
    return this.served.name;
  }
  get xid(): number {
    return this.header.xid;
  }
  get program(): number {
    return this.header.program;
  }
  get version(): number {
    return this.header.version;
  }
  get procedure(): number {
    return this.header.procedure;
  }
  get credential(): OpaqueAuth {
    return this.header.credential;
  }
  get identity(): unknown {
    return this.verdict.identity;
  }
  get peer(): PeerAddress {
    return this.origin.peer;
  }
  get signal(): Signal {
    return this.origin.signal;
  }
  get back(): Caller {
    return this.origin.back;
  }
  commit(effect: (transaction: unknown) => void): void {
    if (this.origin.effects === undefined) {
      throw new SessionError("ERR_STATE", "a plain connection has no transaction to commit with");
    }
    this.origin.effects(effect);
  }
}

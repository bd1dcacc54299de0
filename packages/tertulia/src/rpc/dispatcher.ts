/**
 * From a call to its reply, RFC 5531 9, whatever the call came over: credential, program, version,
 * procedure, the duplicate request cache, arguments, handler, results.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../pure/errors.ts";
import {
  DuplicateCache,
  type DuplicateCaller,
  type DuplicateEntry,
  type DuplicateLimits,
  type DuplicateRecord,
  identityOf,
} from "../pure/oncrpc/duplicates.ts";
import { RpcError } from "../pure/oncrpc/failure.ts";
import {
  AUTH_NONE,
  AuthFlavor,
  type CallHeader,
  decodeCall,
  encodeReply,
  type OpaqueAuth,
  type ReplyBody,
  RPC_VERSION,
} from "../pure/oncrpc/message.ts";
import {
  type Caller,
  NO_REPLY,
  type PeerAddress,
  type ServedProcedure,
  type ServedProgram,
  type ServerCall,
  type Signal,
} from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import { type AuthVerdict, acceptNone, acceptSys, type ServerAuth } from "./auth.ts";

/** Where the reply to one call goes. */
export interface ReplyTarget {
  begin(): XdrWriter;
  commit(): void;
  cancel(): void;
}

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
  /** Answers AUTH_TLS, RFC 9289: true when the reply says STARTTLS. Absent: not offered here. */
  startTls?(): boolean;
  /** Whether calls in the clear are refused. */
  readonly isTlsRequired: boolean;
  /** Where {@link ServerCall.commit} puts effects, on a durable session. */
  readonly effects?: (effect: (transaction: unknown) => void) => void;
}

/** Where the duplicate request cache outlives the process. All synchronous: before the reply goes out. */
export interface DuplicateStore {
  load(): Iterable<DuplicateRecord>;
  save(record: DuplicateRecord): void;
}

export interface DispatcherOptions {
  /** How credentials are judged. Default: AUTH_NONE and AUTH_SYS are believed. */
  readonly auth?: readonly ServerAuth[];
  /**
   * The duplicate request cache: its bounds, or false for none. Default on, for procedures that are
   * not marked idempotent.
   */
  readonly duplicates?: false | (Partial<DuplicateLimits> & { readonly store?: DuplicateStore });
  /** Told of what a handler threw that has no status of its own; the caller gets `SYSTEM_ERR`. */
  readonly onError?: (error: unknown, call: ServerCall) => void;
}

/** What stands in the reply when the server offers TLS, RFC 9289 4.1. */
const STARTTLS: OpaqueAuth = {
  flavor: AuthFlavor.NONE,
  body: new Uint8Array([0x53, 0x54, 0x41, 0x52, 0x54, 0x54, 0x4c, 0x53]),
};
const NO_VALUE: ServedProcedure = {
  name: "NULL",
  number: 0,
  isIdempotent: true,
  decodeArgument: () => undefined,
  run: () => undefined,
  encodeResult: () => {},
};

export class Dispatcher {
  readonly #programs = new Map<number, Map<number, Map<number, ServedProcedure>>>();
  readonly #auth = new Map<number, ServerAuth>();
  readonly #duplicates: DuplicateCache<ReplyTarget> | undefined;
  readonly #store: DuplicateStore | undefined;
  readonly #onError: ((error: unknown, call: ServerCall) => void) | undefined;
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(programs: readonly ServedProgram[], options: DispatcherOptions = {}) {
    for (const served of programs) this.add(served);
    for (const auth of options.auth ?? [acceptNone, ...acceptSys()]) {
      this.#auth.set(auth.flavor, auth);
    }
    if (options.duplicates !== false) {
      this.#duplicates = new DuplicateCache(options.duplicates);
      this.#store = options.duplicates?.store;
      if (this.#store !== undefined) this.#duplicates.load(this.#store.load(), Date.now());
    }
    this.#onError = options.onError;
  }

  /** Adds a program's version; procedure 0 needs not be in it. @throws `ERR_ARGUMENT` for a second one. */
  add(served: ServedProgram): void {
    const versions = this.#programs.get(served.program) ?? new Map();
    this.#programs.set(served.program, versions);
    if (versions.has(served.version)) {
      throw new SessionError("ERR_ARGUMENT", `${served.name} is served already`);
    }
    // RFC 5531 12.1.. "By convention, procedure zero of any protocol should take and return nothing."
    const procedures = new Map([[0, NO_VALUE]]);
    for (const procedure of served.procedures) procedures.set(procedure.number, procedure);
    versions.set(served.version, procedures);
  }

  /** All programs and versions, for registration. */
  *programs(): Iterable<{ program: number; version: number }> {
    for (const [program, versions] of this.#programs) {
      for (const version of versions.keys()) yield { program, version };
    }
  }

  /** Handlers that run now. */
  get running(): number {
    return this.#running;
  }

  /** Waits until no handler runs. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /**
   * Answers one call; xid and message type are read already.
   *
   * @throws {ProtocolError} when the octets are no call. Whoever has a connection ends it then.
   */
  handle(reader: XdrReader, xid: number, origin: Origin, target: ReplyTarget): void {
    const start = reader.at - 8;
    const header = decodeCall(reader, xid);
    if (header.rpcVersion !== RPC_VERSION) {
      reply(target, xid, { type: "RPC_MISMATCH", low: RPC_VERSION, high: RPC_VERSION });
      return;
    }
    const { flavor } = header.credential;
    if (flavor === AuthFlavor.TLS) {
      this.#handleTls(reader, header, origin, target);
      return;
    }
    const auth = this.#auth.get(flavor);
    // RFC 9289 4.2 leaves the policy to the server; AUTH_TOOWEAK says "rejected for security reasons".
    if (auth === undefined || (origin.isTlsRequired && origin.peer.transport !== "tls")) {
      const status = auth === undefined ? "AUTH_REJECTEDCRED" : "AUTH_TOOWEAK";
      reply(target, xid, { type: "AUTH_ERROR", status });
      return;
    }
    const verdict = auth.judge(
      header.credential,
      header.verifier,
      flavor === AuthFlavor.NONE || flavor === AuthFlavor.SYS
        ? NO_HEADER
        : reader.octets.subarray(start, reader.at - 8 - padded(header.verifier.body.length)),
    );
    if (verdict.type === "dropped") return;
    if (verdict.type === "rejected") {
      reply(target, xid, { type: "AUTH_ERROR", status: verdict.status });
      return;
    }
    const procedure = this.#procedure(header, verdict.verifier ?? AUTH_NONE, target);
    if (procedure !== undefined) {
      this.#execute(reader, start + 24, header, procedure, verdict, origin, target);
    }
  }

  #handleTls(reader: XdrReader, header: CallHeader, origin: Origin, target: ReplyTarget): void {
    const { xid, procedure, credential } = header;
    // RFC 9289 4.1: only with procedure 0, an empty credential, and not inside TLS; else AUTH_BADCRED.
    const isProbe =
      procedure === 0 && credential.body.length === 0 && header.verifier === AUTH_NONE;
    if (!isProbe || origin.peer.transport === "tls" || reader.remaining > 0) {
      reply(target, xid, { type: "AUTH_ERROR", status: "AUTH_BADCRED" });
      return;
    }
    if (origin.startTls === undefined) {
      reply(target, xid, { type: "AUTH_ERROR", status: "AUTH_REJECTEDCRED" });
      return;
    }
    reply(target, xid, { type: "SUCCESS", verifier: STARTTLS });
    origin.startTls();
  }

  /** The procedure that is called, or `undefined` when the reply says already that there is none. */
  #procedure(
    { xid, program, version, procedure }: CallHeader,
    verifier: OpaqueAuth,
    target: ReplyTarget,
  ): ServedProcedure | undefined {
    const versions = this.#programs.get(program);
    if (versions === undefined) {
      reply(target, xid, { type: "PROG_UNAVAIL", verifier });
      return undefined;
    }
    const procedures = versions.get(version);
    if (procedures === undefined) {
      const all = [...versions.keys()];
      const [low, high] = [Math.min(...all), Math.max(...all)];
      reply(target, xid, { type: "PROG_MISMATCH", verifier, low, high });
      return undefined;
    }
    const found = procedures.get(procedure);
    if (found === undefined) reply(target, xid, { type: "PROC_UNAVAIL", verifier });
    return found;
  }

  #execute(
    reader: XdrReader,
    identityStart: number,
    header: CallHeader,
    procedure: ServedProcedure,
    verdict: AuthVerdict & { type: "accepted" },
    origin: Origin,
    target: ReplyTarget,
  ): void {
    let entry: DuplicateEntry<ReplyTarget> | undefined;
    if (!procedure.isIdempotent && this.#duplicates !== undefined && !origin.effects) {
      entry = this.#enter(reader, identityStart, header, origin, target);
      if (entry === undefined) return;
    }
    const job = new Job(header, procedure, verdict, origin, target, entry);
    let argument: unknown;
    try {
      let source = reader;
      if (verdict.unwrap !== undefined) {
        source = new XdrReader(verdict.unwrap(reader.rest()), reader.limits);
      }
      argument = procedure.decodeArgument(source);
      source.finish();
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.#onError?.(error, job);
      this.#settle(job, undefined, new RpcError("GARBAGE_ARGS", { cause: error }));
      return;
    }
    let result: unknown;
    try {
      result = procedure.run(argument, job);
    } catch (error) {
      this.#settle(job, undefined, error);
      return;
    }
    if (!(result instanceof Promise)) {
      this.#settle(job, result, undefined);
      return;
    }
    this.#running += 1;
    origin.running += 1;
    result.then(
      (value) => this.#settleLater(job, value, undefined),
      (error) => this.#settleLater(job, undefined, error ?? new Error("rejected with nothing")),
    );
  }

  /** Puts the call in the duplicate request cache; `undefined` when it is in there already. */
  #enter(
    reader: XdrReader,
    identityStart: number,
    header: CallHeader,
    origin: Origin,
    target: ReplyTarget,
  ): DuplicateEntry<ReplyTarget> | undefined {
    const cache = this.#duplicates;
    if (cache === undefined) return undefined;
    origin.duplicates ??= cache.caller(origin.peer.address);
    const identity = identityOf(header, reader.view, identityStart, reader.end);
    const found = cache.begin(origin.duplicates, identity, Date.now());
    if (found.type === "new") return found.entry;
    if (found.type === "running") {
      // The first is still at work; whoever asks again gets its reply. A few, not a flood of them.
      found.entry.waiters ??= [];
      if (found.entry.waiters.length < 4) found.entry.waiters.push(target);
      return undefined;
    }
    const { reply: kept } = found.entry;
    if (kept === undefined) {
      // It was executed and the reply is gone: RPC has no words for that, and silence has no end.
      reply(target, header.xid, { type: "SYSTEM_ERR", verifier: AUTH_NONE });
    } else {
      target.begin().raw(kept);
      target.commit();
    }
    return undefined;
  }

  #settleLater(job: Job, result: unknown, error: unknown): void {
    this.#settle(job, result, error);
    this.#running -= 1;
    job.origin.running -= 1;
    job.origin.settled();
    if (this.#running > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #settle(job: Job, result: unknown, error: unknown): void {
    const { header, target, entry, verdict, served } = job;
    let failure = error;
    if (result === NO_REPLY && failure === undefined) {
      if (entry !== undefined) this.#duplicates?.drop(entry);
      if (job.origin.effects === undefined) return;
      // Exactly once, every call has an outcome.
      failure = new RpcError("SYSTEM_ERR");
    }
    const verifier = verdict.verifier ?? AUTH_NONE;
    const writer = target.begin();
    const offset = writer.at - writer.start;
    if (failure === undefined) {
      try {
        if (verifier === AUTH_NONE) encodeSuccess(writer, header.xid);
        else encodeReply(writer, header.xid, { type: "SUCCESS", verifier });
        if (verdict.wrap === undefined) served.encodeResult(writer, result);
        else {
          const plain = new XdrWriter();
          served.encodeResult(plain, result);
          writer.raw(verdict.wrap(plain.finish()));
        }
      } catch (encodingError) {
        failure = encodingError;
        writer.rewind(writer.start + offset);
      }
    }
    if (failure !== undefined) this.#encodeFailure(writer, job, failure, verifier);
    if (entry !== undefined) {
      const octets = writer.octets.slice(writer.start + offset, writer.at);
      this.#keep(entry, octets);
    }
    target.commit();
  }

  #keep(entry: DuplicateEntry<ReplyTarget>, octets: Uint8Array): void {
    const now = Date.now();
    this.#duplicates?.finish(entry, octets, now);
    const { identity, caller, reply: kept, waiters } = entry;
    this.#store?.save({ caller: caller.name, identity, reply: kept, at: now });
    if (waiters === undefined) return;
    entry.waiters = undefined;
    for (const waiter of waiters) {
      waiter.begin().raw(octets);
      waiter.commit();
    }
  }

  #encodeFailure(writer: XdrWriter, job: Job, failure: unknown, verifier: OpaqueAuth): void {
    if (!(failure instanceof RpcError)) {
      this.#onError?.(failure, job);
      encodeReply(writer, job.xid, { type: "SYSTEM_ERR", verifier });
      return;
    }
    const { status, low = 0, high = 0, authStatus = "AUTH_FAILED" } = failure;
    encodeReply(
      writer,
      job.xid,
      status === "AUTH_ERROR"
        ? { type: status, status: authStatus }
        : status === "RPC_MISMATCH"
          ? { type: status, low, high }
          : { type: status, verifier, low, high },
    );
  }
}

const NO_HEADER = new Uint8Array();

/** One call from its arrival to its reply, which is also what the handler is given. */
class Job implements ServerCall {
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

/** The six words of the usual reply. */
function encodeSuccess(writer: XdrWriter, xid: number): void {
  const at = writer.reserve(24);
  const { view } = writer;
  view.setUint32(at, xid);
  view.setUint32(at + 4, 1);
  view.setUint32(at + 8, 0);
  view.setUint32(at + 12, 0);
  view.setUint32(at + 16, 0);
  view.setUint32(at + 20, 0);
}

function reply(target: ReplyTarget, xid: number, body: ReplyBody): void {
  encodeReply(target.begin(), xid, body);
  target.commit();
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

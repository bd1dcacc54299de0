/**
 * From a call to its reply, RFC 5531 9, whatever the call came over: credential, program, version,
 * procedure, the duplicate request cache, arguments, handler, results.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../pure/errors.ts";
import type { DuplicateEntry, DuplicateLimits } from "../pure/oncrpc/duplicates.ts";
import { RpcError } from "../pure/oncrpc/failure.ts";
import {
  AUTH_NONE,
  AuthFlavor,
  type CallHeader,
  decodeCall,
  encodeReply,
  type OpaqueAuth,
  RPC_VERSION,
} from "../pure/oncrpc/message.ts";
import {
  NO_REPLY,
  type ServedProcedure,
  type ServedProgram,
  type ServerCall,
} from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import { type AuthVerdict, acceptNone, acceptSys, type ServerAuth } from "./auth.ts";
import { DuplicateReplies, type DuplicateStore } from "./duplicate-replies.ts";
import { Job, type Origin } from "./job.ts";
import { encodeFailure, encodeSuccess, type ReplyTarget, reply } from "./reply.ts";

/** How calls are judged and answered, whatever they came over. All optional. */
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
  readonly #duplicates: DuplicateReplies | undefined;
  readonly #onError: ((error: unknown, call: ServerCall) => void) | undefined;
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(programs: readonly ServedProgram[], options: DispatcherOptions = {}) {
    for (const served of programs) this.add(served);
    for (const auth of options.auth ?? [acceptNone, ...acceptSys()]) {
      this.#auth.set(auth.flavor, auth);
    }
    if (options.duplicates !== false) {
      this.#duplicates = new DuplicateReplies(options.duplicates);
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
      entry = this.#duplicates.enter(reader, identityStart, header, origin, target);
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
      this.#settle(job, undefined, error ?? new Error("threw nothing"));
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
    if (failure !== undefined) {
      if (!(failure instanceof RpcError)) this.#onError?.(failure, job);
      encodeFailure(writer, job.xid, failure, verifier);
    }
    if (entry === undefined) {
      target.commit();
      return;
    }
    const wanted = this.#duplicates?.keep(entry, writer, writer.start + offset);
    target.commit();
    if (wanted !== undefined) this.#duplicates?.answer(entry, wanted);
  }
}

const NO_HEADER = new Uint8Array();

function padded(length: number): number {
  return (length + 3) & ~3;
}

/**
 * What generated code and the network agree on: a version of a program with its procedures, whoever
 * calls them, and what a handler is told about the call.
 *
 * @module
 */

import type { RpcError } from "./failure.ts";
import type { OpaqueAuth } from "./message.ts";
import type { Outcome } from "./once.ts";
import type { XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** One remote procedure: its number, and how its argument and result are written and read. */
export interface Procedure<Argument, Result> {
  readonly name: string;
  readonly number: number;
  /**
   * Whether calling it twice is the same as calling it once. Only such calls are sent again by
   * themselves when a connection breaks, and only such are not kept in the duplicate request cache.
   */
  readonly isIdempotent: boolean;
  readonly encodeArgument: (writer: XdrWriter, argument: Argument) => void;
  readonly decodeArgument: (reader: XdrReader) => Argument;
  readonly encodeResult: (writer: XdrWriter, result: Result) => void;
  readonly decodeResult: (reader: XdrReader) => Result;
}

/** One version of a program. */
export interface ProgramVersion {
  readonly name: string;
  readonly program: number;
  readonly version: number;
}

/** A procedure together with who answers it. */
export interface ServedProcedure {
  readonly name: string;
  readonly number: number;
  readonly isIdempotent: boolean;
  /** Reads the argument, runs the handler: the result, or a promise of it. */
  readonly decodeArgument: (reader: XdrReader) => unknown;
  readonly run: (argument: unknown, call: ServerCall) => unknown;
  readonly encodeResult: (writer: XdrWriter, result: unknown) => void;
}

/** A version of a program together with who answers it. */
export interface ServedProgram extends ProgramVersion {
  readonly procedures: readonly ServedProcedure[];
}

/**
 * Puts a procedure and its handler together.
 *
 * @param run - May return the result or a promise of it; a thrown `RpcError` becomes the reply of its
 *   status, anything else `SYSTEM_ERR`.
 */
export function serveProcedure<Argument, Result>(
  procedure: Procedure<Argument, Result>,
  run: (argument: Argument, call: ServerCall) => Result | Promise<Result>,
): ServedProcedure {
  // The three functions are of one procedure, so that what one gives the next one takes; the table
  // of a server cannot say so because it holds procedures of all types.
  const { name, number, isIdempotent, decodeArgument } = procedure;
  return {
    name,
    number,
    isIdempotent,
    decodeArgument,
    run: run as ServedProcedure["run"],
    encodeResult: procedure.encodeResult as ServedProcedure["encodeResult"],
  };
}

/**
 * Puts procedures and an object of handlers together, by their names; what has no handler is left out
 * and answered with PROC_UNAVAIL.
 */
export function serve(
  program: ProgramVersion,
  procedures: object,
  handlers: object,
): ServedProgram {
  const served: ServedProcedure[] = [];
  // Generated code gives procedures and handlers of the same names and types.
  for (const [key, procedure] of Object.entries(procedures) as [
    string,
    Procedure<unknown, unknown>,
  ][]) {
    const run: unknown = Reflect.get(handlers, key);
    if (typeof run !== "function") continue;
    served.push(serveProcedure(procedure, (argument, call) => run.call(handlers, argument, call)));
  }
  const { name, program: number, version } = program;
  return { name, program: number, version, procedures: served };
}

/** An `AbortSignal`, of any runtime. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** How one call is made. All optional. */
export interface CallOptions {
  /** How long to wait for the reply. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number;
  /** Stops the waiting, with the signal's own reason. The server may have executed the call. */
  readonly signal?: Signal;
  /**
   * Over an `OnceClient`: what to do in the one transaction that also forgets the call, now that its
   * outcome is known; the promise is settled after that. If it throws, the promise rejects with its
   * error. A call that was never begun is not settled: its promise rejects. Other clients have no such
   * transaction: `ERR_STATE`.
   */
  readonly settle?: (settled: SettledCall, transaction: unknown) => void;
}

/** A call of which the outcome is known. */
export interface SettledCall {
  readonly outcome: Outcome;
  /** With the outcome `reply`: the result. */
  readonly result: unknown;
  /** With the outcome `reply`: the refusal, in place of a result. */
  readonly error: RpcError | undefined;
}

/** Whoever can call: a client, a connection's way back, a durable session, a fake. */
export interface Caller {
  /** Calls a procedure; resolves with its result. Generated clients are made of it. */
  call<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
    options?: CallOptions,
  ): Promise<Result>;
}

/** Where a call came from. */
export interface PeerAddress {
  readonly transport: "tcp" | "udp" | "unix" | "tls" | "session";
  /** An IP address, a socket's path, or a session's client identity. */
  readonly address: string;
  readonly port: number;
  /** Whether the address is of this machine. */
  readonly isLocal: boolean;
  /** Our own address that was called; empty where it is not known (UDP on all addresses). */
  readonly local: string;
}

/** What a handler is told about the call that it answers. */
export interface ServerCall extends ProgramVersion {
  readonly xid: number;
  readonly procedure: number;
  readonly credential: OpaqueAuth;
  /** What the flavor made of the credential: a `SysCredential` for AUTH_SYS, what a plug-in says for others. */
  readonly identity: unknown;
  readonly peer: PeerAddress;
  /** Aborted when the connection is lost or the server stops. */
  readonly signal: Signal;
  /** Calls the client back over the same connection. Not over UDP: `ERR_STATE`. */
  readonly back: Caller;
  /**
   * What to do in the one transaction that also keeps the reply: see the guide on exactly once. On a
   * plain connection there is no such transaction: `ERR_STATE`.
   */
  commit(effect: (transaction: unknown) => void): void;
}

/** What a handler returns in place of a result when there is to be no reply: batching, RFC 5531 8.4.1. */
export const NO_REPLY: unique symbol = Symbol("no reply");

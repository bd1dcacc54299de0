/**
 * RPC for those who have no `.x` file: a service is an object of methods with schemas, the types are
 * TypeScript's own, and calls go over a Tertulia session.
 *
 * Arguments are checked by the server, results by the client. A method may give one result or a stream
 * of results.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { InputOf, OutputOf, Schema } from "./schema.ts";

/** A method: what it takes, and what it gives, once or many times. */
export interface Method<
  Argument extends Schema = Schema,
  Result extends Schema = Schema,
  IsStream extends boolean = boolean,
> {
  readonly argument: Argument;
  readonly result: Result;
  readonly isStream: IsStream;
}

/** Methods by name: what {@link serveService} serves and {@link serviceClient} calls. */
export type Service = Readonly<Record<string, Method>>;

/** A method with one result. */
export function method<Argument extends Schema, Result extends Schema>(
  argument: Argument,
  result: Result,
): Method<Argument, Result, false> {
  return { argument, result, isStream: false };
}

/** A method with a stream of results. */
export function stream<Argument extends Schema, Result extends Schema>(
  argument: Argument,
  result: Result,
): Method<Argument, Result, true> {
  return { argument, result, isStream: true };
}

/** What a method is told of the call besides its argument. */
export interface ServiceCall {
  /** Aborted when the caller no longer wants the result, or is gone. */
  readonly signal: AbortSignal;
}

/** Who answers a service. */
export type Implementation<S extends Service> = {
  readonly [Name in keyof S]: S[Name]["isStream"] extends true
    ? (
        argument: OutputOf<S[Name]["argument"]>,
        call: ServiceCall,
      ) => AsyncIterable<InputOf<S[Name]["result"]>>
    : (
        argument: OutputOf<S[Name]["argument"]>,
        call: ServiceCall,
      ) => InputOf<S[Name]["result"]> | Promise<InputOf<S[Name]["result"]>>;
};

/** How one call is made. All optional. */
export interface ServiceCallOptions {
  /** Cancels the call, on the server too; it rejects with the signal's own reason. */
  readonly signal?: AbortSignal;
  /** How long to wait for the result, or for the next one of a stream. Default: for ever. */
  readonly timeoutMs?: number;
}

/** Whoever calls a service. */
export type ServiceClient<S extends Service> = {
  readonly [Name in keyof S]: S[Name]["isStream"] extends true
    ? (
        argument: InputOf<S[Name]["argument"]>,
        options?: ServiceCallOptions,
      ) => AsyncIterable<OutputOf<S[Name]["result"]>>
    : (
        argument: InputOf<S[Name]["argument"]>,
        options?: ServiceCallOptions,
      ) => Promise<OutputOf<S[Name]["result"]>>;
};

/** How a service is carried by its session, and how many calls run. All optional. */
export interface ServiceOptions {
  /** The presentation context of the session to use. Default `json`. */
  readonly context?: string;
  /** Calls of one session that run at a time; more are refused. Default 1,024. */
  readonly callsMax?: number;
  /** Told what a method threw that the caller is only told the message of. */
  readonly onError?: (error: unknown, method: string) => void;
}

/** The server could not or would not: its method threw, or the argument was not in order. */
export class ServiceError extends SessionError {
  override readonly name = "ServiceError";
  /** `argument`: the schema refused it; `unknownMethod`; `failed`: the method threw; `result`; `tooMany`. */
  readonly reason: ServiceFailure;

  constructor(reason: ServiceFailure, message: string) {
    super("ERR_REFUSED", `${reason}: ${message}`);
    this.reason = reason;
  }
}

/**
 * Why a call failed: the argument was wrong, there is no such method, it threw, its result was
 * wrong, or there were too many calls.
 */
export type ServiceFailure = "argument" | "unknownMethod" | "failed" | "result" | "tooMany";

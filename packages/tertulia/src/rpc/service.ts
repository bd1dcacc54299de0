/**
 * RPC for those who have no `.x` file: a service is an object of methods with schemas, the types are
 * TypeScript's own, and calls go over a Tertulia session.
 *
 * Any library of schemas that follows Standard Schema (zod, valibot, arktype, …) will do. Arguments are
 * checked by the server, results by the client. A method may give one result or a stream of results.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Message } from "../pure/native/message.ts";

/** What a library of schemas has to offer: https://standardschema.dev, version 1. */
export interface Schema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

type InputOf<S> = S extends Schema<infer Input, unknown> ? Input : never;
type OutputOf<S> = S extends Schema<unknown, infer Output> ? Output : never;

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

export interface ServiceCallOptions {
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

/** The part of a `Session` that services need; the context that they speak is `json` or `cbor`. */
export interface ServiceSession {
  send(value: unknown, options?: { readonly context?: string }): Promise<void>;
  consume(handler: (message: Message) => void | Promise<void>): Promise<void>;
}

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

export type ServiceFailure = "argument" | "unknownMethod" | "failed" | "result" | "tooMany";

/**
 * What goes over the session. A stream's results are `next`, with credit from the caller, so that a slow
 * reader holds the producer, not the memory.
 */
type Wire =
  | { readonly t: "call"; readonly id: number; readonly m: string; readonly a?: unknown }
  | { readonly t: "more"; readonly id: number; readonly n: number }
  | { readonly t: "cancel"; readonly id: number }
  | { readonly t: "result"; readonly id: number; readonly v?: unknown }
  | { readonly t: "next"; readonly id: number; readonly v?: unknown }
  | { readonly t: "end"; readonly id: number }
  | { readonly t: "error"; readonly id: number; readonly r: string; readonly d: string };

/** Results of a stream that may be under way. */
const STREAM_CREDIT = 64;

interface Running {
  readonly abort: AbortController;
  credit: number;
  wake: (() => void) | undefined;
}

/** Serves a session until it ends: resolves then, or rejects with what ended it. */
export async function serveService<S extends Service>(
  session: ServiceSession,
  service: S,
  implementation: Implementation<S>,
  options: ServiceOptions = {},
): Promise<void> {
  const { context = "json", callsMax = 1024, onError } = options;
  const running = new Map<number, Running>();
  const send = (wire: Wire): Promise<void> => session.send(wire, { context }).catch(ignore);
  const refuse = (id: number, reason: ServiceFailure, message: string): Promise<void> =>
    send({ t: "error", id, r: reason, d: message });

  const run = async (id: number, name: string, value: unknown): Promise<void> => {
    const described = Object.hasOwn(service, name) ? service[name] : undefined;
    const handler: unknown = Object.hasOwn(implementation, name) ? implementation[name] : undefined;
    if (described === undefined || typeof handler !== "function") {
      await refuse(id, "unknownMethod", name);
      return;
    }
    const call: Running = { abort: new AbortController(), credit: STREAM_CREDIT, wake: undefined };
    running.set(id, call);
    try {
      const argument = await validated(described.argument, value);
      if ("problem" in argument) {
        await refuse(id, "argument", argument.problem);
        return;
      }
      const { signal } = call.abort;
      const given: unknown = handler.call(implementation, argument.value, { signal });
      if (!described.isStream) {
        const result = await given;
        if (!signal.aborted) await send({ t: "result", id, v: result });
        return;
      }
      // The implementation's type says that a stream's method gives an iterable.
      for await (const result of given as AsyncIterable<unknown>) {
        while (call.credit === 0 && !signal.aborted) {
          await new Promise<void>((resolve) => {
            call.wake = resolve;
          });
        }
        if (signal.aborted) return;
        call.credit -= 1;
        await send({ t: "next", id, v: result });
      }
      if (!signal.aborted) await send({ t: "end", id });
    } catch (error) {
      if (call.abort.signal.aborted) return;
      onError?.(error, name);
      await refuse(id, "failed", error instanceof Error ? error.message : String(error));
    } finally {
      running.delete(id);
    }
  };

  try {
    await session.consume((message) => {
      const wire = wireOf(message.value);
      if (wire === undefined) return;
      const call = running.get(wire.id);
      if (wire.t === "call") {
        if (call !== undefined) return;
        if (running.size >= callsMax) void refuse(wire.id, "tooMany", `at most ${callsMax}`);
        else void run(wire.id, wire.m, wire.a);
      } else if (call !== undefined && wire.t === "more") {
        call.credit = Math.min(call.credit + Math.max(wire.n, 0), 65_536);
        call.wake?.();
      } else if (call !== undefined && wire.t === "cancel") {
        call.abort.abort(new SessionError("ERR_ABORTED", "the caller does not want it any more"));
        call.wake?.();
      }
    });
  } finally {
    for (const { abort, wake } of running.values()) {
      abort.abort(new SessionError("ERR_CLOSED", "the session has ended"));
      wake?.();
    }
  }
}

interface Waiting {
  readonly take: (wire: Wire) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * A client of a service over a session, which is the client's alone from now on.
 *
 * A call outlives any number of transports. When the session itself ends, calls reject with `ERR_CLOSED`.
 */
export function serviceClient<S extends Service>(
  session: ServiceSession,
  service: S,
  options: Pick<ServiceOptions, "context"> = {},
): ServiceClient<S> {
  const { context = "json" } = options;
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let ended: unknown;
  const over = (error: unknown): void => {
    ended = error;
    for (const { fail } of [...waiting.values()]) fail(error);
  };
  session
    .consume((message) => {
      const wire = wireOf(message.value);
      if (wire !== undefined) waiting.get(wire.id)?.take(wire);
    })
    .then(
      () => over(new SessionError("ERR_CLOSED", "the session has ended")),
      (error) => over(error),
    );
  const send = (wire: Wire): Promise<void> => session.send(wire, { context });

  const begin = (name: string, argument: unknown, entry: Waiting): number => {
    if (ended !== undefined) throw ended;
    lastId += 1;
    waiting.set(lastId, entry);
    const id = lastId;
    send({ t: "call", id, m: name, a: argument }).catch((error) => entry.fail(error));
    return id;
  };
  const give = (id: number): void => {
    if (waiting.delete(id)) send({ t: "cancel", id }).catch(ignore);
  };

  const callOnce = (
    name: string,
    { result }: Method,
    argument: unknown,
    { signal, timeoutMs }: ServiceCallOptions = {},
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      let timer: NodeJS.Timeout | undefined;
      const settle = (action: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        waiting.delete(id);
        action();
      };
      const id = begin(name, argument, {
        take: (wire) => {
          if (wire.t === "error") settle(() => reject(errorOf(wire)));
          else if (wire.t === "result") {
            settle(() => resolve(checkedResult(result, wire.v)));
          }
        },
        fail: (error) => settle(() => reject(error)),
      });
      const stop = (error: unknown): void => {
        give(id);
        settle(() => reject(error));
      };
      const onAbort = (): void => stop(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      if (timeoutMs !== undefined) {
        const error = new SessionError("ERR_TIMEOUT", `${name}: no result in ${timeoutMs} ms`);
        timer = setTimeout(() => stop(error), timeoutMs);
      }
    });

  async function* callStream(
    name: string,
    { result }: Method,
    argument: unknown,
    { signal, timeoutMs }: ServiceCallOptions = {},
  ): AsyncGenerator<unknown, void> {
    signal?.throwIfAborted();
    const results: Wire[] = [];
    let failure: { error: unknown } | undefined;
    let wake: () => void = ignore;
    const id = begin(name, argument, {
      take: (wire) => {
        results.push(wire);
        wake();
      },
      fail: (error) => {
        failure ??= { error };
        wake();
      },
    });
    const onAbort = (): void => {
      failure ??= { error: signal?.reason };
      wake();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    let taken = 0;
    let timer: NodeJS.Timeout | undefined;
    try {
      for (;;) {
        const wire = failure === undefined ? results.shift() : undefined;
        if (failure !== undefined) throw failure.error;
        if (wire === undefined) {
          if (timeoutMs !== undefined) {
            timer = setTimeout(() => {
              const error = new SessionError(
                "ERR_TIMEOUT",
                `${name}: no result in ${timeoutMs} ms`,
              );
              failure ??= { error };
              wake();
            }, timeoutMs);
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          clearTimeout(timer);
        } else if (wire.t === "error") {
          waiting.delete(id);
          throw errorOf(wire);
        } else if (wire.t === "end") {
          waiting.delete(id);
          return;
        } else if (wire.t === "next") {
          yield await checkedResult(result, wire.v);
          taken += 1;
          if (taken % (STREAM_CREDIT / 2) === 0) {
            send({ t: "more", id, n: STREAM_CREDIT / 2 }).catch(ignore);
          }
        }
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      give(id);
    }
  }

  const client: Record<string, unknown> = {};
  for (const [name, described] of Object.entries(service)) {
    client[name] = (argument: unknown, callOptions?: ServiceCallOptions) =>
      described.isStream
        ? callStream(name, described, argument, callOptions)
        : callOnce(name, described, argument, callOptions);
  }
  // One function for each method of the service, of the kind that its description says.
  return client as ServiceClient<S>;
}

async function checkedResult(schema: Schema, value: unknown): Promise<unknown> {
  const checked = await validated(schema, value);
  if ("problem" in checked) throw new ServiceError("result", checked.problem);
  return checked.value;
}

async function validated(
  schema: Schema,
  value: unknown,
): Promise<{ readonly value: unknown } | { readonly problem: string }> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return { value: result.value };
  const words = result.issues.slice(0, 5).map(({ message, path = [] }) => {
    const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return place === "" ? message : `${place}: ${message}`;
  });
  return { problem: words.join("; ") };
}

function errorOf({ r, d }: Wire & { t: "error" }): ServiceError {
  const reasons: readonly string[] = ["argument", "unknownMethod", "failed", "result", "tooMany"];
  // One of the words above, or the most general of them.
  return new ServiceError((reasons.includes(r) ? r : "failed") as ServiceFailure, d);
}

/** What a peer sent, if it has the form; what has not is ignored: the session is for services alone. */
function wireOf(value: unknown): Wire | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { t, id, m, n, r, d } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(id)) return undefined;
  const isWhole =
    t === "call"
      ? typeof m === "string"
      : t === "more"
        ? Number.isSafeInteger(n)
        : t === "error"
          ? typeof r === "string" && typeof d === "string"
          : t === "cancel" || t === "result" || t === "next" || t === "end";
  // Every field that the type has was looked at, for the type that `t` says.
  return isWhole ? (value as Wire) : undefined;
}

function ignore(): void {}

/**
 * The client of a service: calls with one result or a stream of them, each ended by signal or deadline.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../pure/errors.ts";
import { deadline } from "./deadline.ts";
import { type Schema, validated } from "./schema.ts";
import {
  type Method,
  type Service,
  type ServiceCallOptions,
  type ServiceClient,
  ServiceError,
  type ServiceFailure,
  type ServiceOptions,
} from "./service.ts";
import {
  ServiceSender,
  type ServiceSession,
  STREAM_CREDIT,
  type Wire,
  wireOf,
} from "./service-wire.ts";

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
  const sender = new ServiceSender(session, context);
  const send = (wire: Wire): Promise<void> => sender.send(wire);

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
          } else if (wire.t === "next" || wire.t === "end") {
            stop(new ServiceError("result", `${name} gives a stream there`));
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
      const timer = deadline(timeoutMs, () =>
        stop(new SessionError("ERR_TIMEOUT", `${name}: no result in ${timeoutMs} ms`)),
      );
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
        // As many results as credit, and the end behind them: a server cannot make us keep more.
        if (results.length <= STREAM_CREDIT) results.push(wire);
        else failure ??= { error: new ProtocolError("creditExceeded", "docs/guide/rpc.md", name) };
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
          timer = deadline(timeoutMs, () => {
            const error = new SessionError("ERR_TIMEOUT", `${name}: no result in ${timeoutMs} ms`);
            failure ??= { error };
            wake();
          });
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
        } else if (wire.t === "result") {
          throw new ServiceError("result", `${name} gives one result there, and no stream`);
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

function errorOf({ r, d }: Wire & { t: "error" }): ServiceError {
  const reasons: readonly string[] = ["argument", "unknownMethod", "failed", "result", "tooMany"];
  // One of the words above, or the most general of them.
  return new ServiceError((reasons.includes(r) ? r : "failed") as ServiceFailure, d);
}

function ignore(): void {}

/**
 * The server of a service: one session, any number of calls at a time.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { validated } from "./schema.ts";
import type { Implementation, Service, ServiceFailure, ServiceOptions } from "./service.ts";
import {
  ServiceSender,
  type ServiceSession,
  STREAM_CREDIT,
  type Wire,
  wireOf,
} from "./service-wire.ts";

/** Characters of an error's message that the caller is told. */
const MESSAGE_MAX = 8192;

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
  const sender = new ServiceSender(session, context);
  const send = (wire: Wire): Promise<void> => sender.send(wire);
  const refuse = (id: number, reason: ServiceFailure, message: string): Promise<void> =>
    // When that cannot be sent, the session has ended, and the caller knows.
    send({ t: "error", id, r: reason, d: message.slice(0, MESSAGE_MAX) }).catch(ignore);

  const run = async (id: number, name: string, value: unknown): Promise<void> => {
    const described = Object.hasOwn(service, name) ? service[name] : undefined;
    const handler = handlerOf(implementation, name);
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
      void refuse(id, "failed", messageOf(error));
      onError?.(error, name);
    } finally {
      running.delete(id);
    }
  };

  try {
    await session.consume((message) => {
      const wire = wireOf(message.value);
      if (wire === undefined) return undefined;
      const call = running.get(wire.id);
      if (wire.t === "call") {
        if (call !== undefined) return undefined;
        if (running.size >= callsMax) void refuse(wire.id, "tooMany", `at most ${callsMax}`);
        else void run(wire.id, wire.m, wire.a);
      } else if (call !== undefined && wire.t === "more") {
        call.credit = Math.min(call.credit + Math.max(wire.n, 0), 65_536);
        call.wake?.();
      } else if (call !== undefined && wire.t === "cancel") {
        call.abort.abort(new SessionError("ERR_ABORTED", "the caller does not want it any more"));
        call.wake?.();
      }
      return sender.behind;
    });
  } finally {
    for (const { abort, wake } of running.values()) {
      abort.abort(new SessionError("ERR_CLOSED", "the session has ended"));
      wake?.();
    }
  }
}

/** The implementation's method: its own, or of its class, but not what every object has. */
function handlerOf(implementation: object, name: string): unknown {
  const found: unknown = Reflect.get(implementation, name);
  return found === Reflect.get(Object.prototype, name) ? undefined : found;
}

/** What an error says, whatever was thrown: nothing, a proxy, an object whose getters throw. */
function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "what was thrown says nothing";
  }
}

function ignore(): void {}

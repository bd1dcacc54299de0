/**
 * Two ends of a session over a real transport, for tests.
 *
 * @module
 */

import { type ConnectOptions, connect } from "../../src/io/connect.ts";
import { type BoundListener, type ListenOptions, listen } from "../../src/io/listen.ts";
import { Listener } from "../../src/io/listener.ts";
import { memoryPair } from "../../src/io/memory-transport.ts";
import { nodeRuntime } from "../../src/io/node-runtime.ts";
import type { Session } from "../../src/io/session.ts";
import type { SessionChange } from "../../src/io/session-parts.ts";
import { certificate } from "./certificates.ts";

export const kinds = ["tcp", "tls", "unix", "websocket", "memory"] as const;
export type Kind = (typeof kinds)[number];

/** Breaks are mended at once: tests need not wait for what people do not notice. */
export const quick = { backoffMs: 1, backoffMsMax: 20 } as const;

export interface Linked extends AsyncDisposable {
  readonly client: Session;
  readonly server: Session;
  readonly listener: Listener;
  /** Where the listener is; empty in memory. */
  readonly address: string;
}

export interface LinkedOptions {
  readonly connect?: ConnectOptions;
  readonly listen?: ListenOptions;
}

let sockets = 0;

/** A listener of a kind, and what leads to it. */
export async function listening(
  kind: Exclude<Kind, "memory">,
  options: ListenOptions = {},
): Promise<{ listener: BoundListener; address: string }> {
  const { key, cert } = certificate;
  const path = `/tmp/tertulia-${process.pid}-${++sockets}.sock`;
  const target = kind === "unix" ? `unix:${path}` : "tcp://127.0.0.1:0";
  const tls = kind === "tls" ? { tls: { key, cert } } : {};
  const listener = await listen(target, { ...tls, ...options });
  const schemes = { tcp: "tcp", tls: "tls", websocket: "ws", unix: "" };
  const address =
    kind === "unix"
      ? target
      : `${schemes[kind]}://${kind === "tls" ? "localhost" : "127.0.0.1"}:${listener.port}`;
  return { listener, address };
}

export async function linked(kind: Kind, options: LinkedOptions = {}): Promise<Linked> {
  if (kind === "memory") return linkedInMemory(options);
  const { listener, address } = await listening(kind, options.listen);
  const client = await connectTo(address, options.connect);
  const server = await first(listener);
  return withDisposal({ client, server, listener, address });
}

export function connectTo(address: string, options: ConnectOptions = {}): Promise<Session> {
  const limits = { ...quick, ...options.limits };
  return connect(address, { tls: { ca: certificate.cert }, ...options, limits });
}

async function linkedInMemory(options: LinkedOptions): Promise<Linked> {
  const listener = new Listener(nodeRuntime(), options.listen);
  const dial = async () => {
    const [ours, theirs] = memoryPair();
    listener.receive(theirs);
    return ours;
  };
  const limits = { ...quick, ...options.connect?.limits };
  const client = await connect(dial, { ...options.connect, limits });
  const server = await first(listener);
  return withDisposal({ client, server, listener, address: "" });
}

function withDisposal(parts: Omit<Linked, typeof Symbol.asyncDispose>): Linked {
  return {
    ...parts,
    async [Symbol.asyncDispose]() {
      await parts.client[Symbol.asyncDispose]();
      await parts.listener[Symbol.asyncDispose]();
    },
  };
}

/** The first item; the iteration goes on elsewhere, if it does. */
export async function first<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item;
  throw new Error("ended before the first item");
}

/** The next change of a type. Ask before you cause it. */
export async function change<T extends SessionChange["type"]>(
  session: Session,
  type: T,
): Promise<Extract<SessionChange, { type: T }>> {
  for await (const one of session.changes()) {
    // The types are the same, so the shapes are.
    if (one.type === type) return one as Extract<SessionChange, { type: T }>;
  }
  throw new Error(`the session ended without ${type}`);
}

/** Takes so many messages, as text. */
export async function texts(session: Session, count: number): Promise<string[]> {
  const taken: string[] = [];
  if (count === 0) return taken;
  for await (const message of session) {
    taken.push(message.toString());
    if (taken.length === count) break;
  }
  return taken;
}

export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
}

/** The error a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error; // whatever else would be a bug, and the assertion says so
  }
  throw new Error("nothing was thrown");
}

/** Waits until something is so, at most 10 seconds. */
export async function eventually(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !isSo(); ) {
    if (Date.now() > deadline) throw new Error(`not so within 10 s: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/**
 * A LISTEN as its user sees it: the sessions that have been called, one after the other.
 *
 * @module
 */

import { addAbortListener } from "node:events";
import type { NetbiosName } from "../pure/netbios/name.ts";
import type { NetbiosSession } from "./session.ts";
import type { SessionListener } from "./session-listener.ts";

export interface ListenQueueOptions {
  readonly called: NetbiosName;
  /** The only caller that is wanted; `undefined` for anyone. */
  readonly calling: NetbiosName | undefined;
  /** Sessions that may wait to be taken. Default: 16; callers then get 0x83. */
  readonly backlog?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The sessions until the signal, the end of the loop or the end of the session server. */
export async function* listenQueue(
  server: SessionListener,
  { called, calling, backlog = 16, signal }: ListenQueueOptions,
): AsyncGenerator<NetbiosSession, void, undefined> {
  const waiting: NetbiosSession[] = [];
  let wake: () => void = () => {};
  const listen = {
    called,
    calling,
    target: {
      type: "take",
      hasRoom: () => waiting.length < backlog,
      take: (session: NetbiosSession) => {
        waiting.push(session);
        wake();
      },
    },
  } as const;
  server.add(listen);
  const { closed } = server;
  using _ = signal && addAbortListener(signal, () => wake());
  using __ = addAbortListener(closed, () => wake());
  try {
    while (!signal?.aborted && !closed.aborted) {
      const session = waiting.shift();
      if (session) {
        yield session;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    server.listens.delete(listen);
    for (const session of waiting) session.abort();
  }
}

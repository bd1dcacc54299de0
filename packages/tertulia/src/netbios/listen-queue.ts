/**
 * A LISTEN as its user sees it: the sessions that have been called, one after the other.
 *
 * @module
 */

import { addAbortListener } from "node:events";
import type { Listen } from "../pure/netbios/listens.ts";
import type { NetbiosName } from "../pure/netbios/name.ts";
import type { NetbiosSession } from "./session.ts";
import type { ListenTarget, SessionListener } from "./session-listener.ts";

export interface ListenQueueOptions {
  readonly called: NetbiosName;
  /** The only caller that is wanted; `undefined` for anyone. */
  readonly calling: NetbiosName | undefined;
  /** Sessions that may wait to be taken. Default: 16; callers then get 0x83. */
  readonly backlog?: number | undefined;
}

/** Takes calls from the moment it is made until it is disposed of. */
export class ListenQueue implements Disposable {
  readonly #server: SessionListener;
  readonly #listen: Listen<ListenTarget>;
  readonly #waiting: NetbiosSession[] = [];
  #wake: () => void = () => {};

  /** @throws {NetbiosError} `tooMany`. */
  constructor(server: SessionListener, { called, calling, backlog = 16 }: ListenQueueOptions) {
    this.#server = server;
    this.#listen = {
      called,
      calling,
      target: {
        type: "take",
        hasRoom: () => this.#waiting.length < backlog,
        take: (session) => {
          this.#waiting.push(session);
          this.#wake();
        },
      },
    };
    server.add(this.#listen);
  }

  /** The sessions until the signal or the end of the session server. One reader at a time. */
  async *sessions(signal: AbortSignal | undefined): AsyncGenerator<NetbiosSession, void> {
    const { closed } = this.#server;
    const wake = (): void => this.#wake();
    using _ = signal && addAbortListener(signal, wake);
    using __ = addAbortListener(closed, wake);
    while (!signal?.aborted && !closed.aborted) {
      const session = this.#waiting.shift();
      if (session) {
        yield session;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Who has called and was not taken is hung up on. */
  [Symbol.dispose](): void {
    this.#server.listens.delete(this.#listen);
    for (const session of this.#waiting.splice(0)) session.abort();
  }
}

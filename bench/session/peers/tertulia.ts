/**
 * Ours: `Session.send`, awaited each time, and `consume` or `for await`.
 *
 * @module
 */

import { connect, listen, octetsContext, type Session } from "tertulia";
import { certificate } from "../certificate.ts";
import type { Connection, Peer } from "../peer.ts";

export interface TertuliaOptions {
  readonly isTls?: boolean;
  /** Reads with `for await` instead of `consume`. */
  readonly isIterated?: boolean;
}

export function tertulia({ isTls = false, isIterated = false }: TertuliaOptions = {}): Peer {
  const scheme = isTls ? "tls" : "tcp";
  const contexts = [octetsContext];
  const sessions = new Set<Session>();
  let resumed = 0;
  const watch = async (session: Session) => {
    for await (const { type } of session.changes()) if (type === "resumed") resumed += 1;
  };
  const connectionOf = (session: Session): Connection => {
    sessions.add(session);
    return new SessionConnection(session, isIterated);
  };
  return {
    async listen(accept) {
      const { key, cert } = certificate();
      const listener = await listen(`${scheme}://127.0.0.1:0`, {
        contexts,
        ...(isTls && { tls: { key, cert } }),
      });
      const accepting = async () => {
        for await (const session of listener) accept(connectionOf(session));
      };
      accepting().catch(fail);
      return listener.port;
    },
    async connect(port) {
      const tls = { rejectUnauthorized: false };
      return connectionOf(await connect(`${scheme}://127.0.0.1:${port}`, { contexts, tls }));
    },
    survival: {
      breakLinks() {
        for (const session of sessions) session.breakTransport();
      },
      watch() {
        for (const session of sessions) watch(session).catch(fail);
      },
      resumed: () => resumed,
    },
  };
}

class SessionConnection implements Connection {
  readonly #session: Session;
  readonly #isIterated: boolean;

  constructor(session: Session, isIterated: boolean) {
    this.#session = session;
    this.#isIterated = isIterated;
  }

  receive(handler: (octets: Uint8Array) => void): void {
    const session = this.#session;
    const reading = this.#isIterated
      ? iterate(session, handler)
      : session.consume((message) => handler(message.octets));
    // It ends when the bench is done with the session.
    reading.catch(() => {});
  }

  send(octets: Uint8Array): Promise<void> {
    return this.#session.send(octets);
  }

  close(): void {
    this.#session.abort("done");
  }
}

async function iterate(session: Session, handler: (octets: Uint8Array) => void): Promise<void> {
  for await (const message of session) handler(message.octets);
}

function fail(error: unknown): never {
  throw error;
}

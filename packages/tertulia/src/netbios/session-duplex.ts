/**
 * A NetBIOS session as a Node duplex of octets: for what knows streams and no message boundaries.
 *
 * @module
 */

import { Duplex } from "node:stream";
import { MESSAGE_OCTETS_MAX } from "../pure/netbios/session-packet.ts";
import type { NetbiosSession } from "./session.ts";

/** The session is the duplex's from now on. What is written goes out in messages as large as fit. */
export function sessionDuplex(session: NetbiosSession): Duplex {
  const read = async (duplex: Duplex): Promise<void> => {
    const message = await session.receive();
    duplex.push(message === undefined ? null : message);
  };
  const write = async (octets: Uint8Array): Promise<void> => {
    for (let at = 0; at < octets.length; at += MESSAGE_OCTETS_MAX) {
      // Copied: the session keeps what it sends, and the stream's owner may reuse its buffer.
      await session.send(octets.slice(at, at + MESSAGE_OCTETS_MAX));
    }
  };
  return new Duplex({
    read() {
      read(this).catch((error) => this.destroy(error));
    },
    write(octets: Uint8Array, _encoding, done) {
      write(octets).then(() => done(), done);
    },
    final(done) {
      session.hangUp().then(() => done(), done);
    },
    destroy(error, done) {
      session.abort();
      done(error);
    },
  });
}

/**
 * A stream of a session as a Node duplex.
 *
 * @module
 */

import { Duplex } from "node:stream";
import type { SessionStream } from "./stream.ts";

/**
 * A Node duplex over a stream: piping, `end` as half-close, `destroy` as reset. The duplex is the
 * stream's owner from then on.
 */
export function toDuplex(stream: SessionStream): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      stream.read().then(
        (octets) => duplex.push(octets ?? null),
        (error) => duplex.destroy(error),
      );
    },
    write(octets: Uint8Array, _encoding, done) {
      stream.write(octets).then(() => done(), done);
    },
    final(done) {
      stream.end();
      done();
    },
    destroy(error, done) {
      if (error || !duplex.readableEnded || !duplex.writableFinished) stream.reset();
      done(error);
    },
  });
  return duplex;
}

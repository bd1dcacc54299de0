/**
 * Raw sockets with a length before each message: what one writes by hand. Plain, it writes once a
 * message; with slabs it gathers what is sent in one turn into 64 KiB, which is about the limit of
 * what a program in Node can do.
 *
 * @module
 */

import { connect as connectSocket, createServer, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { certificate } from "../certificate.ts";
import type { Connection, Peer } from "../peer.ts";

const HEADER_OCTETS = 4;
const SLAB_OCTETS = 64 * 1024;
/** From here on a payload is written as it is, beside its header, rather than copied behind it. */
const COPY_OCTETS_MAX = 4096;

export interface FramedOptions {
  readonly isTls?: boolean;
  readonly hasSlabs?: boolean;
}

export function framed({ isTls = false, hasSlabs = false }: FramedOptions = {}): Peer {
  const connectionOf = (socket: Socket): Connection => {
    socket.setNoDelay(true);
    // The other side may leave first.
    socket.on("error", () => {});
    return {
      receive: (handler) => receive(socket, handler),
      send: hasSlabs ? slabSender(socket) : plainSender(socket),
      close: () => (isTls ? socket.destroy() : socket.resetAndDestroy()),
    };
  };
  return {
    listen(accept) {
      const { key, cert } = certificate();
      const take = (socket: Socket) => accept(connectionOf(socket));
      const server = isTls ? createTlsServer({ key, cert }, take) : createServer(take);
      return new Promise((resolve) => {
        server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => {
          resolve((server.address() as { port: number }).port); // it is TCP
        });
      });
    },
    connect(port) {
      return new Promise((resolve, reject) => {
        const host = "127.0.0.1";
        const socket: Socket = isTls
          ? connectTls({ port, host, rejectUnauthorized: false, minVersion: "TLSv1.3" })
          : connectSocket(port, host);
        socket.once("error", reject);
        socket.once(isTls ? "secureConnect" : "connect", () => {
          socket.off("error", reject);
          resolve(connectionOf(socket));
        });
      });
    },
  };
}

/** Cuts messages out of the chunks that arrive, as views wherever a message is in one chunk. */
function receive(socket: Socket, handler: (octets: Uint8Array) => void): void {
  let rest: Buffer | undefined;
  /** Pieces of a message that is longer than a chunk. */
  let pieces: Buffer[] = [];
  let missing = 0;
  socket.on("data", (arrived: Buffer) => {
    let chunk = arrived;
    if (missing > 0) {
      if (chunk.length < missing) {
        pieces.push(chunk);
        missing -= chunk.length;
        return;
      }
      pieces.push(chunk.subarray(0, missing));
      chunk = chunk.subarray(missing);
      missing = 0;
      handler(Buffer.concat(pieces));
      pieces = [];
    } else if (rest) {
      chunk = Buffer.concat([rest, chunk]);
      rest = undefined;
    }
    const { buffer, byteOffset, length } = chunk;
    let at = 0;
    while (at + HEADER_OCTETS <= length) {
      const size = chunk.readUInt32BE(at);
      const start = at + HEADER_OCTETS;
      if (start + size > length) {
        pieces = [chunk.subarray(start)];
        missing = start + size - length;
        return;
      }
      at = start + size;
      handler(new Uint8Array(buffer, byteOffset + start, size));
    }
    if (at < length) rest = chunk.subarray(at);
  });
}

function plainSender(socket: Socket): Connection["send"] {
  return (octets) => {
    let hasRoom: boolean;
    if (octets.length <= COPY_OCTETS_MAX) {
      const frame = Buffer.allocUnsafe(HEADER_OCTETS + octets.length);
      frame.writeUInt32BE(octets.length);
      frame.set(octets, HEADER_OCTETS);
      hasRoom = socket.write(frame);
    } else {
      const header = Buffer.allocUnsafe(HEADER_OCTETS);
      header.writeUInt32BE(octets.length);
      socket.cork();
      socket.write(header);
      hasRoom = socket.write(octets);
      socket.uncork();
    }
    return hasRoom ? undefined : drained(socket);
  };
}

function slabSender(socket: Socket): Connection["send"] {
  let slab = Buffer.allocUnsafeSlow(SLAB_OCTETS);
  let start = 0;
  let end = 0;
  let isScheduled = false;
  const flush = () => {
    const hasRoom = start === end || socket.write(slab.subarray(start, end));
    start = end;
    return hasRoom;
  };
  const onTurn = () => {
    isScheduled = false;
    flush();
  };
  return (octets) => {
    const isLarge = octets.length > COPY_OCTETS_MAX;
    const size = HEADER_OCTETS + (isLarge ? 0 : octets.length);
    let hasRoom = true;
    if (end + size > SLAB_OCTETS) {
      hasRoom = flush();
      slab = Buffer.allocUnsafeSlow(SLAB_OCTETS);
      start = 0;
      end = 0;
    }
    slab.writeUInt32BE(octets.length, end);
    if (!isLarge) slab.set(octets, end + HEADER_OCTETS);
    end += size;
    if (isLarge) {
      socket.cork();
      flush();
      hasRoom = socket.write(octets);
      socket.uncork();
    } else if (!isScheduled) {
      isScheduled = true;
      setImmediate(onTurn);
    }
    return hasRoom ? undefined : drained(socket);
  };
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("drain", resolve));
}

/**
 * Joins a socket and a stream: octets both ways, each end's pace the other's, half-close as
 * half-close, reset as reset.
 *
 * @module
 */

import type { Socket } from "node:net";
import { resetSocket } from "../io/reset.ts";
import type { SessionStream } from "../io/stream.ts";
import { failureOf, failures } from "./opening.ts";

/** Octets that went through, kept up to date. */
export interface Traffic {
  /** From the socket into the stream. */
  sentOctets: number;
  /** From the stream into the socket. */
  receivedOctets: number;
}

export function noTraffic(): Traffic {
  return { sentOctets: 0, receivedOctets: 0 };
}

/**
 * Runs until both directions have ended. The socket, open and with `allowHalfOpen`, and the stream
 * are its own from now on.
 *
 * @param early - What was read of the stream already.
 * @throws what ended it out of order; both sides are reset then.
 */
export async function splice(
  socket: Socket,
  stream: SessionStream,
  traffic: Traffic,
  early?: Uint8Array,
): Promise<void> {
  socket.setNoDelay(true);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  socket.on("error", reject);
  // After both directions have ended nobody listens to this any more.
  socket.on("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  try {
    if (early && early.length > 0) {
      traffic.receivedOctets += early.length;
      socket.write(early);
    }
    const both = Promise.all([upload(socket, stream, traffic), download(socket, stream, traffic)]);
    await Promise.race([both, failed]);
  } catch (error) {
    // Whichever side failed, the other is to know: a reset is not an end.
    stream.reset(failures[failureOf(error)]);
    resetSocket(socket);
    throw error;
  }
}

/** Socket to stream. While the stream has no credit the socket is not read: its peer sees a slow one. */
function upload(socket: Socket, stream: SessionStream, traffic: Traffic): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("data", (octets: Uint8Array) => {
    traffic.sentOctets += octets.length;
    try {
      const waiting = stream.tryWrite(octets);
      if (waiting === undefined) return;
      socket.pause();
      waiting.then(() => socket.resume(), reject);
    } catch (error) {
      reject(error);
    }
  });
  socket.on("end", () => {
    stream.end();
    resolve();
  });
  socket.resume();
  return promise;
}

/** Stream to socket. While the socket is full the stream is not read: its writer runs out of credit. */
async function download(socket: Socket, stream: SessionStream, traffic: Traffic): Promise<void> {
  for (let octets = await stream.read(); octets; octets = await stream.read()) {
    traffic.receivedOctets += octets.length;
    if (socket.write(octets)) continue;
    await new Promise((resolve) => socket.once("drain", resolve));
  }
  socket.end();
}

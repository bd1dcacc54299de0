/**
 * Joins a socket and a stream: octets both ways, each end's pace the other's, half-close as
 * half-close, reset as reset.
 *
 * @module
 */

import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { QuotaError } from "../io/quotas.ts";
import { resetSocket } from "../io/reset.ts";
import type { SessionStream } from "../io/stream.ts";
import { failureOf, failures } from "./opening.ts";

/** Told of octets that went through; when more may, if not at once. */
export type Pace = (octets: number) => Promise<void> | undefined;

/** Between two attempts to write what exceeds the quota of octets that wait. */
const QUOTA_PAUSE_MS = 20;

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
 * @param pace - Keeps both directions to a rate.
 * @throws what ended it out of order; both sides are reset then.
 */
export async function splice(
  socket: Socket,
  stream: SessionStream,
  traffic: Traffic,
  early?: Uint8Array,
  pace?: Pace,
): Promise<void> {
  socket.setNoDelay(true);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  socket.on("error", reject);
  socket.on("close", () => {
    // In order: what it said last may still wait for room in the stream.
    if (socket.readableEnded && socket.writableFinished) return;
    reject(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
  });
  try {
    if (early && early.length > 0) {
      traffic.receivedOctets += early.length;
      socket.write(early);
    }
    const up = upload(socket, stream, traffic, pace);
    const down = download(socket, stream, traffic, pace);
    await Promise.race([Promise.all([up, down]), failed]);
  } catch (error) {
    // Whichever side failed, the other is to know: a reset is not an end.
    stream.reset(failures[failureOf(error)]);
    resetSocket(socket);
    throw error;
  }
}

/** Socket to stream. While the stream has no credit the socket is not read: its peer sees a slow one. */
function upload(
  socket: Socket,
  stream: SessionStream,
  traffic: Traffic,
  pace: Pace | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  /** Until this has come to something, the octets before are not in the stream. */
  let writing: Promise<unknown> = Promise.resolve();
  socket.on("data", (octets: Uint8Array) => {
    traffic.sentOctets += octets.length;
    try {
      const pausing = pace?.(octets.length);
      const waiting = give(stream, octets);
      if (waiting === undefined && pausing === undefined) return;
      socket.pause();
      writing = Promise.all([waiting, pausing]);
      writing.then(() => socket.resume(), reject);
    } catch (error) {
      reject(error);
    }
  });
  // Of a socket that is paused, too, an end is told when there is nothing before it to be read.
  socket.on("end", () => {
    writing.then(() => {
      stream.end();
      resolve();
    }, reject);
  });
  socket.resume();
  return promise;
}

/** When the next octets may be given, if not at once. */
function give(stream: SessionStream, octets: Uint8Array): Promise<void> | undefined {
  try {
    return stream.give(octets);
  } catch (error) {
    if (!canWait(error, octets)) throw error;
    return giveLater(stream, octets);
  }
}

/** Nothing tells when others of the same identity have read: we look again. */
async function giveLater(stream: SessionStream, octets: Uint8Array): Promise<void> {
  for (;;) {
    await sleep(QUOTA_PAUSE_MS, undefined, { ref: false });
    try {
      return await stream.give(octets);
    } catch (error) {
      if (!canWait(error, octets)) throw error;
    }
  }
}

/** Whether it only has to wait: what waits for the same identity to read is up to its quota. */
function canWait(error: unknown, octets: Uint8Array): boolean {
  return error instanceof QuotaError && octets.length <= error.limit;
}

/** Stream to socket. While the socket is full the stream is not read: its writer runs out of credit. */
async function download(
  socket: Socket,
  stream: SessionStream,
  traffic: Traffic,
  pace: Pace | undefined,
): Promise<void> {
  await stream.consume((octets) => {
    traffic.receivedOctets += octets.length;
    let onWritten: (() => void) | undefined;
    socket.write(octets, () => onWritten?.());
    const pausing = pace?.(octets.length);
    // The kernel has them already, unless it is full.
    if (socket.writableLength === 0) return pausing;
    const written = new Promise<void>((resolve) => {
      onWritten = resolve;
    });
    return pausing ? pausing.then(() => written) : written;
  });
  socket.end();
}

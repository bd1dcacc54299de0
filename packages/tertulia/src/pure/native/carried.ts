/**
 * A stream as a planned end leaves it to the process that goes on with it: what its state has besides
 * the journals, as of one instant at which nobody reads or writes it any more.
 *
 * @module
 */

import type { Reader, Writer } from "../octets.ts";

/** Octets of one session's streams that are carried: its state is written, and read, in one piece. */
export const CARRIED_OCTETS_MAX: number = 64 * 1024 * 1024;

/** What is known of a {@link KeptStream} that is to be gone on with. */
export interface CarriedStream {
  readonly id: number;
  /** Our side writes no more; and that is in the journal. */
  readonly isEnding: boolean;
  readonly isEndSent: boolean;
  readonly isPeerEnded: boolean;
  /** What our side wrote and no journal has yet. */
  readonly pending: Uint8Array;
  /** What came and was not read. */
  readonly unread: Uint8Array;
}

export function writeCarried(writer: Writer, streams: readonly CarriedStream[]): void {
  writer.varint(streams.length);
  for (const { id, isEnding, isEndSent, isPeerEnded, pending, unread } of streams) {
    writer.varint(id).u8((isEnding ? 1 : 0) | (isEndSent ? 2 : 0) | (isPeerEnded ? 4 : 0));
    for (const octets of [pending, unread]) writer.varint(octets.length).octets(octets);
  }
}

/** @throws {ProtocolError} `truncated`. */
export function readCarried(reader: Reader): CarriedStream[] {
  const octets = () => reader.octets(reader.varint()).slice();
  return Array.from({ length: reader.varint() }, () => {
    const id = reader.varint();
    const flags = reader.u8();
    return {
      id,
      isEnding: (flags & 1) !== 0,
      isEndSent: (flags & 2) !== 0,
      isPeerEnded: (flags & 4) !== 0,
      pending: octets(),
      unread: octets(),
    };
  });
}

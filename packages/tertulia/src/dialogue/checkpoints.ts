/**
 * Checkpointed sending: data with a minor synchronization point every so often, and back to the last
 * confirmed one when the receiver asks for it.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Indication } from "./indication.ts";

/** How often a checkpointed transfer marks a point, and how many may be open. All optional. */
export interface CheckpointOptions {
  /** Pieces between two points. Default 16. */
  readonly every?: number;
  /** Points that may be unconfirmed before we wait. Default 4: that is what is kept to send again. */
  readonly pointsMax?: number;
  /** Told of indications that are none of ours. */
  readonly onIndication?: (indication: Indication) => void;
}

/** What stands behind a point: the pieces to send again from there. */
interface Unit {
  /** The point in front of these pieces; `undefined` for those before the first. */
  readonly serialNumber: number | undefined;
  readonly pieces: Uint8Array[];
}

/**
 * Sends pieces so that the receiver can ask for them again from any unconfirmed point.
 *
 * Needs the functional unit minor, and the tokens that go with it; the receiver answers points with
 * `respondSyncMinor` and asks with `resynchronize({ resyncType: "restart", serialNumber })`. Reads the
 * dialogue's indications while it runs. Resolves with how often it went back, when all is confirmed.
 *
 * @throws {SessionError} `ERR_REFUSED` when the receiver goes back further than we kept.
 */
export async function sendCheckpointed(
  dialogue: Dialogue,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { every = 16, pointsMax = 4, onIndication = () => {} }: CheckpointOptions = {},
): Promise<number> {
  let units: Unit[] = [{ serialNumber: undefined, pieces: [] }];
  let restarts = 0;
  let reading: Promise<Indication | undefined> | undefined;

  const takeIndication = async (indication: Indication | undefined) => {
    if (!indication) throw new SessionError("ERR_CLOSED", "the dialogue ended before all was sent");
    if (indication.type !== "S-RESYNCHRONIZE") {
      onIndication(indication);
      return;
    }
    const { serialNumber = 0 } = indication;
    const at = units.findIndex((unit) => unit.serialNumber === serialNumber);
    if (at < 0) {
      throw new SessionError("ERR_REFUSED", `point ${serialNumber} is not kept any more`);
    }
    dialogue.respondResynchronize();
    restarts += 1;
    const again = units.slice(at).flatMap((unit) => unit.pieces);
    units = units.slice(0, at);
    // The number is free again: the first point from here has it.
    await mark();
    await sendAll(again);
  };

  /** Waits for `promise`, or for an indication, which is taken first. */
  const whileReading = async (promise: Promise<void>): Promise<void> => {
    reading ??= dialogue.next();
    const first = await Promise.race([promise.then(() => undefined), reading.then((i) => [i])]);
    if (!first) return;
    reading = undefined;
    await takeIndication(first[0]);
  };

  /** Until a resynchronization that was asked for is done, nothing can be sent. */
  const isHeld = () => dialogue.state === "STA11A" || dialogue.state === "STA15B";
  const never = new Promise<void>(() => {});

  const confirmed = new Map<number, Promise<void>>();
  const mark = async (): Promise<void> => {
    while (isHeld()) await whileReading(never);
    const point = dialogue.syncMinor();
    confirmed.set(point.serialNumber, point.confirmed);
    units.push({ serialNumber: point.serialNumber, pieces: [] });
  };

  const drain = async (pointsLeft: number): Promise<void> => {
    for (;;) {
      const waiting = units.filter(({ serialNumber }) => isOpen(serialNumber));
      if (waiting.length <= pointsLeft) break;
      const [oldest] = waiting;
      const promise = confirmed.get(oldest?.serialNumber ?? -1) ?? Promise.resolve();
      // A point that is undone rejects; the indication that says so is on its way.
      await whileReading(
        promise.catch(() => new Promise<void>((resolve) => setImmediate(resolve))),
      );
    }
    // What is before the last confirmed point will never be asked for.
    const last = units.findLastIndex(
      ({ serialNumber }) => serialNumber !== undefined && !isOpen(serialNumber),
    );
    if (last > 0) units = units.slice(last);
  };

  const isOpen = (serialNumber: number | undefined) =>
    serialNumber !== undefined && serialNumber >= dialogue.unconfirmedSerialNumber;

  const sendAll = async (all: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const piece of all) {
      if ((units.at(-1)?.pieces.length ?? 0) >= every) {
        await mark();
        await drain(pointsMax);
      }
      while (isHeld()) await whileReading(never);
      units.at(-1)?.pieces.push(piece);
      await dialogue.data(piece);
    }
  };

  await mark();
  await sendAll(pieces);
  await mark();
  await drain(0);
  return restarts;
}

/**
 * Activities that outlive the dialogue they were started in: interrupted here, resumed there, by
 * another session or another process, from what a store kept.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import type { ConnectionIdentifier } from "../pure/iso8327/spdu.ts";
import { hex } from "../pure/octets.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Indication } from "./indication.ts";

/** What has to be known of an activity to go on with it. */
export interface ActivityRecord {
  /** 1 to 6 octets. */
  readonly identifier: Uint8Array;
  /** The last point that both sides have confirmed; 0 when there is none yet. */
  readonly serialNumber: number;
  /** The session connection that it was part of, if its users gave that a name. */
  readonly connectionIdentifier?: ConnectionIdentifier;
  /** What the application has to remember with it. */
  readonly data?: Uint8Array;
}

/** Where interrupted activities are kept. Any store will do; writes replace what was there. */
export interface ActivityStore {
  /** Keeps the record, in place of one with the same identifier; resolves when it is safe. */
  save(record: ActivityRecord): Promise<void>;
  /** The record of that activity, if there is one. */
  load(identifier: Uint8Array): Promise<ActivityRecord | undefined>;
  /** Forgets the record, if there is one. */
  remove(identifier: Uint8Array): Promise<void>;
}

/** A store that lives as long as this process. */
export function memoryActivityStore(): ActivityStore {
  const records = new Map<string, ActivityRecord>();
  return {
    save: async (record) => {
      records.set(hex(record.identifier), record);
    },
    load: async (identifier) => records.get(hex(identifier)),
    remove: async (identifier) => {
      records.delete(hex(identifier));
    },
  };
}

/**
 * The activities of one dialogue, kept in a store.
 *
 * The side that has the major/activity token starts, interrupts, resumes and ends; the other hands
 * each activity indication to {@link Activities.take}, so that its store knows as well.
 */
export class Activities {
  readonly #dialogue: Dialogue;
  readonly #store: ActivityStore;
  readonly #connectionIdentifier: ConnectionIdentifier | undefined;
  #current: Uint8Array | undefined;

  constructor(
    dialogue: Dialogue,
    store: ActivityStore,
    connectionIdentifier?: ConnectionIdentifier,
  ) {
    this.#dialogue = dialogue;
    this.#store = store;
    this.#connectionIdentifier = connectionIdentifier;
  }

  /** The activity in progress. */
  get current(): Uint8Array | undefined {
    return this.#current;
  }

  /** Starts an activity, and keeps that it was. */
  async start(identifier: Uint8Array, data?: Uint8Array): Promise<void> {
    this.#dialogue.startActivity(identifier);
    this.#current = identifier;
    await this.#save(0, data);
  }

  /** Keeps how far the activity has come: after each confirmed point, say. */
  async checkpoint(data?: Uint8Array): Promise<void> {
    await this.#save(this.#dialogue.unconfirmedSerialNumber - 1, data);
  }

  /** Interrupts the activity so that {@link resume} can go on with it, here or anywhere. */
  async interrupt(reason = 0, data?: Uint8Array): Promise<void> {
    const serialNumber = this.#dialogue.unconfirmedSerialNumber - 1;
    await this.#dialogue.interruptActivity(reason);
    await this.#save(serialNumber, data);
    this.#current = undefined;
  }

  /**
   * Goes on with an interrupted activity, under the same identifier.
   *
   * @returns What was kept of it: the next point is one after its serial number.
   * @throws {SessionError} `ERR_STORE` when the store does not know it.
   */
  async resume(identifier: Uint8Array): Promise<ActivityRecord> {
    const record = await this.#store.load(identifier);
    if (!record) throw new SessionError("ERR_STORE", `no activity ${hex(identifier)}`);
    const { serialNumber, connectionIdentifier } = record;
    this.#dialogue.resumeActivity(identifier, {
      ...connectionIdentifier,
      activityIdentifier: identifier,
      serialNumber,
    });
    this.#current = identifier;
    return record;
  }

  /** Ends the activity; it cannot be resumed any more. */
  async end(): Promise<void> {
    await this.#dialogue.endActivity();
    await this.#forget();
  }

  /** Discards the activity, as if it had never been. */
  async discard(reason = 0): Promise<void> {
    await this.#dialogue.discardActivity(reason);
    await this.#forget();
  }

  /**
   * Takes an indication of the peer's: answers an interrupt, a discard and an end, and keeps or
   * forgets the activity. Others are left alone.
   */
  async take(indication: Indication): Promise<void> {
    const { type, activityIdentifier } = indication;
    switch (type) {
      case "S-ACTIVITY-START":
        this.#current = activityIdentifier?.slice();
        await this.#save(0);
        break;
      case "S-ACTIVITY-RESUME":
        this.#current = activityIdentifier?.slice();
        await this.#save(indication.linkingInformation?.serialNumber ?? 0);
        break;
      case "S-ACTIVITY-INTERRUPT": {
        const serialNumber = this.#dialogue.unconfirmedSerialNumber - 1;
        this.#dialogue.respondInterruptActivity();
        await this.#save(serialNumber);
        this.#current = undefined;
        break;
      }
      case "S-ACTIVITY-DISCARD":
        this.#dialogue.respondDiscardActivity();
        await this.#forget();
        break;
      case "S-ACTIVITY-END":
        this.#dialogue.respondEndActivity();
        await this.#forget();
        break;
    }
  }

  async #save(serialNumber: number, data?: Uint8Array): Promise<void> {
    const identifier = this.#current;
    if (!identifier) throw new SessionError("ERR_STATE", "no activity is in progress");
    const kept = data ?? (await this.#store.load(identifier))?.data;
    await this.#store.save({
      identifier,
      serialNumber: Math.max(0, serialNumber),
      ...(this.#connectionIdentifier && { connectionIdentifier: this.#connectionIdentifier }),
      ...(kept && { data: kept }),
    });
  }

  async #forget(): Promise<void> {
    const identifier = this.#current;
    this.#current = undefined;
    if (identifier) await this.#store.remove(identifier);
  }
}

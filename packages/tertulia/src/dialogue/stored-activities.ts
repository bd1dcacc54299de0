/**
 * Activities in a store of sessions: on disk they outlive the process, and another one can resume them.
 *
 * @module
 */

import type { ConnectionIdentifier } from "../pure/iso8327/spdu.ts";
import { decodeUtf8, hex, unhex, utf8 } from "../pure/octets.ts";
import { type Store, StoreError } from "../stores/store.ts";
import type { ActivityRecord, ActivityStore } from "./activities.ts";

const references = [
  "calledReference",
  "callingReference",
  "commonReference",
  "additionalReference",
] as const satisfies readonly (keyof ConnectionIdentifier)[];

/** A record as the store has it: text, so that people can read an export. Octets are hex. */
interface WrittenRecord {
  readonly serialNumber: number;
  readonly data?: string;
  readonly connectionIdentifier?: Readonly<Record<string, string>>;
}

/**
 * Keeps activities in a store, by their identifiers in hex. What is saved is there when `save` resolves,
 * as durable as the store is.
 *
 * `load` throws `StoreError` `damaged` for what is no activity's record; all as the store does besides.
 *
 * @example
 * await using store = await openSqliteStore("activities.db");
 * const activities = new Activities(dialogue, storedActivities(store));
 */
export function storedActivities(store: Store): ActivityStore {
  const change = (identifier: Uint8Array, octets: Uint8Array | undefined) =>
    store.write({ id: "", epoch: 0, activities: [{ name: hex(identifier), octets }] });
  return {
    save: (record) => change(record.identifier, write(record)),
    remove: (identifier) => change(identifier, undefined),
    async load(identifier) {
      const octets = await store.activity(hex(identifier));
      return octets && { identifier, ...read(octets, hex(identifier)) };
    },
  };
}

function write({ serialNumber, data, connectionIdentifier }: ActivityRecord): Uint8Array {
  const written: WrittenRecord = {
    serialNumber,
    ...(data && { data: hex(data) }),
    ...(connectionIdentifier && {
      connectionIdentifier: Object.fromEntries(
        references.flatMap((name) => {
          const reference = connectionIdentifier[name];
          return reference ? [[name, hex(reference)]] : [];
        }),
      ),
    }),
  };
  return utf8(JSON.stringify(written));
}

function read(octets: Uint8Array, name: string): Omit<ActivityRecord, "identifier"> {
  try {
    // `write` wrote it, or it fails below.
    const written = JSON.parse(decodeUtf8(octets) ?? "") as WrittenRecord;
    const { serialNumber, data, connectionIdentifier } = written;
    if (!Number.isSafeInteger(serialNumber)) throw new TypeError("no serial number");
    return {
      serialNumber,
      ...(data !== undefined && { data: unhex(data) }),
      ...(connectionIdentifier && {
        connectionIdentifier: Object.fromEntries(
          Object.entries(connectionIdentifier).map(([key, value]) => [key, unhex(value)]),
        ),
      }),
    };
  } catch (error) {
    throw new StoreError("damaged", `activity ${name} is no record of one`, { cause: error });
  }
}

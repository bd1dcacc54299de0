/**
 * The thread that owns a SQLite store's file: the only place where anybody waits for the disk.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { Reader } from "../pure/octets.ts";
import { decodeChanges } from "./batch.ts";
import { Database, type DatabaseOptions } from "./sqlite-database.ts";
import { type JournalName, type SessionChanges, StoreError, type StoreFailure } from "./store.ts";

/** A request, answered in order by one {@link Answer}. */
export type Request =
  | { readonly type: "write"; readonly count: number; readonly octets: Uint8Array }
  | { readonly type: "load"; readonly id: string }
  | {
      readonly type: "read";
      readonly id: string;
      readonly journal: JournalName;
      readonly position: number;
      readonly octetsMax: number;
    }
  | { readonly type: "sessionsAfter"; readonly id: string }
  | { readonly type: "tombstonesAfter"; readonly endedAt: number; readonly id: string }
  | { readonly type: "forget"; readonly endedBefore: number }
  | { readonly type: "activity"; readonly name: string }
  | { readonly type: "activitiesAfter"; readonly name: string }
  | { readonly type: "check" }
  | { readonly type: "compact" }
  | { readonly type: "close" };

/** What a refusal looks like between threads, where errors lose their class. */
export interface Failure {
  readonly failure: StoreFailure;
  readonly message: string;
}

/** For `write`: what refused which batch, by index; absent when none was. */
export type Answer =
  | { readonly value: unknown; readonly failed?: undefined }
  | { readonly value?: undefined; readonly failed: Failure };

/** The failures among the batches of one write. */
export type WriteFailures = readonly (readonly [index: number, failure: Failure])[];

function plain({ failure, message }: StoreError): Failure {
  return { failure, message: message.slice(failure.length + 2) };
}

/** @throws {StoreError} What SQLite says, in our words; what is wrong with us stays as it is. */
function handle(database: Database, request: Request): unknown {
  try {
    return answerTo(database, request);
  } catch (error) {
    throw (error as { errcode?: number }).errcode === undefined ? error : database.failure(error);
  }
}

function answerTo(database: Database, request: Request): unknown {
  switch (request.type) {
    case "write":
      return write(database, request.count, request.octets);
    case "load":
      return database.load(request.id);
    case "read":
      return database.read(request.id, request.journal, request.position, request.octetsMax);
    case "sessionsAfter":
      return database.sessionsAfter(request.id);
    case "tombstonesAfter":
      return database.tombstonesAfter(request.endedAt, request.id);
    case "forget":
      return database.forget(request.endedBefore);
    case "activity":
      return database.activity(request.name);
    case "activitiesAfter":
      return database.activitiesAfter(request.name);
    case "check":
      return database.check();
    case "compact":
      return database.compact();
    case "close":
      return database.close();
  }
}

function write(database: Database, count: number, octets: Uint8Array): WriteFailures | undefined {
  const reader = new Reader(octets, "store batch");
  const batches: SessionChanges[] = Array.from({ length: count }, () => decodeChanges(reader));
  const failures: [number, Failure][] = [];
  for (const [index, outcome] of database.apply(batches, Date.now()).entries()) {
    if (outcome) failures.push([index, plain(outcome)]);
  }
  return failures.length > 0 ? failures : undefined;
}

const port = parentPort;
if (port) {
  const answer = (work: () => unknown): void => {
    try {
      port.postMessage({ value: work() } satisfies Answer);
    } catch (error) {
      const failure =
        error instanceof StoreError
          ? plain(error)
          : { failure: "failed" as const, message: String((error as Error).stack ?? error) };
      port.postMessage({ failed: failure } satisfies Answer);
    }
  };
  let database: Database | undefined;
  answer(() => {
    // What the other side of this very file passed.
    database = new Database(workerData as DatabaseOptions);
  });
  port.on("message", (request: Request) => {
    answer(() => {
      if (database === undefined) throw new StoreError("closed", "it was never opened");
      return handle(database, request);
    });
    if (request.type === "close") port.close();
  });
}

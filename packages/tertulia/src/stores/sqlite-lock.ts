/**
 * What keeps a second process from the file of a SQLite store.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { StoreError } from "./store.ts";

const SQLITE_BUSY = 5;

/**
 * A lock that goes away with whoever holds it, even by kill -9: an open transaction on a file beside.
 * Reading the store itself stays possible for others.
 */
export function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 });
  try {
    // A journal in a file would need room, and one is to come back also where the disk is full.
    lock.exec("PRAGMA journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    const { errcode, message } = error as { errcode?: number; message?: string }; // node:sqlite's
    const why = errcode === SQLITE_BUSY ? "another process has it open" : message;
    throw new StoreError("failed", `${path}: ${why}`, { cause: error });
  }
}

/**
 * The store contract, and the store that needs nothing.
 *
 * @module
 */

export { endStored } from "./ending.ts";
export { lossOf } from "./loss.ts";
export { type MemoryImage, MemoryStore } from "./memory.ts";
export {
  type ActivityChange,
  type JournalEntry,
  type JournalName,
  type JournalTrim,
  journalNames,
  type SessionChanges,
  type SessionRecord,
  type SessionSummary,
  type Store,
  type StoredSession,
  StoreError,
  type StoreFailure,
  type StoreReport,
  type Tombstone,
} from "./store.ts";

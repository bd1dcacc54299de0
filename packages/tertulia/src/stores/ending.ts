/**
 * Ending a session that nobody has open: what an operator does to one that is of no use any more.
 *
 * @module
 */

import { decodeState } from "../pure/native/kept-state.ts";
import { type Store, StoreError } from "./store.ts";

/**
 * Forgets a session with its journals, and remembers that it was aborted and what had been settled: its
 * peer is told so when it comes back.
 *
 * @throws {StoreError} `unknown` when there is no such session; as `Store.load` and `Store.write`.
 */
export async function endStored(store: Store, id: string, message: string): Promise<void> {
  const stored = await store.load(id);
  if (stored === undefined) throw new StoreError("unknown", `there is no session ${id}`);
  const { epoch, state } = stored;
  const received = state ? decodeState(state).received : ([0, 0] as const);
  const end = { id, outcome: "aborted", received, message, endedAt: Date.now() };
  const names = [`session/${id}`, `session/${id}/backlog`];
  const activities = names.map((name) => ({ name, octets: undefined }));
  await store.write({ id, epoch, activities, end });
}

/**
 * Ending a session that nobody has open: what an operator does to one that is of no use any more.
 *
 * @module
 */

import { decodeState } from "../pure/native/kept-state.ts";
import { type Store, StoreError, type Tombstone } from "./store.ts";

/**
 * Forgets a session with its journals, and remembers that it was aborted and what had been settled: its
 * peer is told so when it comes back. The peer of one that is damaged is told that it is lost.
 *
 * @throws {StoreError} `unknown` when there is no such session; as `Store.load` and `Store.write`.
 */
export async function endStored(store: Store, id: string, message: string): Promise<void> {
  const { epoch, outcome, received } = await lastWordOn(store, id);
  const end = { id, outcome, received, message, endedAt: Date.now() };
  const names = [`session/${id}`, `session/${id}/backlog`];
  const activities = names.map((name) => ({ name, octets: undefined }));
  await store.write({ id, epoch, activities, end });
}

type LastWord = Pick<Tombstone, "outcome" | "received"> & { readonly epoch: number };

async function lastWordOn(store: Store, id: string): Promise<LastWord> {
  try {
    const stored = await store.load(id);
    if (stored === undefined) throw new StoreError("unknown", `there is no session ${id}`);
    const { epoch, state } = stored;
    return { epoch, outcome: "aborted", received: state ? decodeState(state).received : [0, 0] };
  } catch (error) {
    if (!(error instanceof StoreError) || error.failure !== "damaged") throw error;
    // Who may end it need not be able to read it, or a node could never go on without it.
    for await (const { id: one, epoch } of store.sessions()) {
      if (one === id) return { epoch, outcome: "lost", received: [0, 0] };
    }
    throw error;
  }
}

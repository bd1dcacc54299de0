/**
 * What every store must do, as tests that any of them can be put to.
 *
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { NO_OCTETS, utf8 } from "../pure/octets.ts";
import type {
  JournalEntry,
  JournalName,
  SessionChanges,
  SessionRecord,
  Store,
  StoreFailure,
  Tombstone,
} from "../stores/store.ts";

/** A store under test, and what can be done to it from outside. */
export interface StoreFixture {
  /** A new and empty store. */
  open(): Promise<Store>;
  /** Disposes of a store in order and opens what it left. For stores that `supports.reopen`. */
  reopen?(store: Store): Promise<Store>;
  /**
   * Opens what would be there had the process died, or the power failed, at this instant: every
   * write that was not synced is lost. The old store is not used any more. For `supports.crash`.
   */
  crash?(store: Store): Promise<Store>;
  /** Damages the octets of some journal entry of this session. For `supports.damage`. */
  damage?(store: Store, id: string): Promise<Store>;
}

/** What a store has to be able to do for some of the tests. */
export type StoreAbility = "reopen" | "crash" | "damage";

/** What a store that is put to the contract can do, and what it cannot. */
export interface StoreContractOptions {
  /** What the store can do; claims on the rest are not made. */
  readonly supports: Readonly<Record<StoreAbility, boolean>>;
  /** Claims that this store does not fulfil, and why not. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** One test: hand it to any runner. */
export interface ContractCase {
  readonly claim: string;
  /** Why it is left out, if it is. */
  readonly skip: string | undefined;
  /** Puts the store to it; rejects when it does not hold. */
  run(): Promise<void>;
}

/**
 * The tests of a store.
 *
 * @example
 * for (const { claim, skip, run } of storeContract(fixture, { supports })) it(claim, { skip }, run);
 */
export function storeContract(
  fixture: StoreFixture,
  { supports, skip = {} }: StoreContractOptions,
): ContractCase[] {
  const unknown = Object.keys(skip).filter((claim) => !claims.some((one) => one.claim === claim));
  if (unknown.length > 0) throw new Error(`no such claim: ${unknown.join("; ")}`);
  return claims.map(({ claim, needs, test }) => ({
    claim,
    skip: needs && !supports[needs] ? `does not support ${needs}` : skip[claim],
    run: () => test(fixture),
  }));
}

interface Claim {
  readonly claim: string;
  readonly needs?: StoreAbility;
  readonly test: (fixture: StoreFixture) => Promise<void>;
}

const claims: readonly Claim[] = [
  {
    claim: "gives back a session as it was created",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01"));
      deepEqual(await contents(store, "01"), { record: record("01"), epoch: 0, state: "" });
    },
  },
  {
    claim: "knows nothing of a session that was never created",
    async test({ open }) {
      await using store = await open();
      equal(await store.load("01"), undefined);
    },
  },
  {
    claim: "gives back journals in order, whatever octets are in them",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01"));
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store.write({ id: "01", epoch: 0, appends: [entry("sent1", 0, all)] });
      await store.write({ id: "01", epoch: 0, appends: [entry("sent0", 7, "abc")] });
      await store.write({
        id: "01",
        epoch: 0,
        appends: [entry("sent0", 10, "de"), entry("received", 0, "x")],
      });
      deepEqual(await entries(store, "01"), [
        entry("sent0", 7, "abc"),
        entry("sent0", 10, "de"),
        entry("sent1", 0, all),
        entry("received", 0, "x"),
      ]);
    },
  },
  {
    claim: "forgets what was trimmed, and no entry that reaches beyond it",
    async test({ open }) {
      await using store = await open();
      await store.write(
        created("01", { appends: [entry("sent0", 0, "abc"), entry("sent0", 3, "def")] }),
      );
      await store.write({ id: "01", epoch: 0, trims: [{ journal: "sent0", position: 4 }] });
      deepEqual(await entries(store, "01"), [entry("sent0", 3, "def")]);
    },
  },
  {
    claim: "takes an entry at any position once a journal is trimmed to nothing",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01", { appends: [entry("sent0", 0, "abc")] }));
      await store.write({ id: "01", epoch: 0, trims: [{ journal: "sent0", position: 3 }] });
      await store.write({ id: "01", epoch: 0, appends: [entry("sent0", 3, "def")] });
      deepEqual(await entries(store, "01"), [entry("sent0", 3, "def")]);
    },
  },
  {
    claim: "gives back what waits in pieces, from where it is asked, and not with the session",
    async test({ open }) {
      await using store = await open();
      const waiting = [
        entry("waiting", 0, "abc"),
        entry("waiting", 3, "de"),
        entry("waiting", 5, "f"),
      ];
      await store.write(created("01", { appends: [entry("sent0", 0, "x"), ...waiting] }));
      deepEqual(await entries(store, "01"), [entry("sent0", 0, "x")]);
      const pieces = [
        await store.read("01", "waiting", 0, 5),
        await store.read("01", "waiting", 3, 1),
        await store.read("01", "waiting", 5, 100),
        await store.read("01", "waiting", 6, 100),
        await store.read("02", "waiting", 0, 100),
      ];
      const plain = pieces.map((piece) =>
        piece.map((one) => entry(one.journal, one.position, Uint8Array.from(one.octets))),
      );
      const [first, second, third] = waiting;
      deepEqual(plain, [[first, second], [second], [third], [], []]);
    },
  },
  {
    claim: "keeps the last of several states, and the state when a batch carries none",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01", { state: utf8("one") }));
      await store.write({ id: "01", epoch: 1, state: utf8("two") });
      await store.write({ id: "01", epoch: 2 });
      deepEqual(await contents(store, "01"), { record: record("01"), epoch: 2, state: "two" });
    },
  },
  {
    claim: "keeps what it was given, not what becomes of it afterwards",
    async test({ open }) {
      await using store = await open();
      const octets = utf8("abc");
      const written = store.write(
        created("01", { appends: [{ ...entry("sent0", 0, ""), octets }] }),
      );
      await written;
      octets.fill(0);
      deepEqual(await entries(store, "01"), [entry("sent0", 0, "abc")]);
    },
  },
  {
    claim: "refuses a batch of a lower epoch, and keeps nothing of it",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01", { epoch: 3 }));
      const stale = { id: "01", epoch: 2, state: utf8("stale"), appends: [entry("sent0", 0, "x")] };
      await refuses(store, stale, "fenced");
      deepEqual(await contents(store, "01"), { record: record("01"), epoch: 3, state: "" });
      deepEqual(await entries(store, "01"), []);
    },
  },
  {
    claim: "refuses an entry that leaves a gap, and keeps nothing of its batch",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01", { appends: [entry("sent0", 0, "abc")] }));
      const gap = {
        id: "01",
        epoch: 0,
        appends: [entry("received", 0, "x"), entry("sent0", 4, "y")],
      };
      await refuses(store, gap, "gap");
      deepEqual(await entries(store, "01"), [entry("sent0", 0, "abc")]);
    },
  },
  {
    claim: "cuts a journal within an entry, between two, and before all, and goes on from there",
    async test({ open }) {
      await using store = await open();
      const appends = [entry("received", 0, "abc"), entry("received", 3, "def")];
      await store.write(created("01", { appends: [...appends, entry("sent0", 0, "xyz")] }));
      const cut = async (position: number, text: string) => {
        const cuts = [{ journal: "received", position }] as const;
        const more = [entry("received", position, text)];
        await store.write({ id: "01", epoch: 0, cuts, appends: more });
        const all = await entries(store, "01");
        return all.filter(({ journal }) => journal === "received");
      };
      deepEqual(await cut(4, "E"), [
        entry("received", 0, "abc"),
        entry("received", 3, "d"),
        entry("received", 4, "E"),
      ]);
      deepEqual(await cut(3, "D"), [entry("received", 0, "abc"), entry("received", 3, "D")]);
      deepEqual(await cut(0, "A"), [entry("received", 0, "A")]);
      deepEqual(await cut(1, "B"), [entry("received", 0, "A"), entry("received", 1, "B")]);
    },
  },
  {
    claim: "refuses to create a session twice, and to change one that is not there",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01"));
      await refuses(store, created("01"), "exists");
      await refuses(store, { id: "02", epoch: 0, state: NO_OCTETS }, "unknown");
    },
  },
  {
    claim: "applies the good batches around one that it refuses",
    async test({ open }) {
      await using store = await open();
      const outcomes = await Promise.allSettled([
        store.write(created("01")),
        store.write({ id: "99", epoch: 0 }),
        store.write({ id: "01", epoch: 0, state: utf8("good") }),
      ]);
      deepEqual(
        outcomes.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
      );
      deepEqual(await contents(store, "01"), { record: record("01"), epoch: 0, state: "good" });
    },
  },
  {
    claim: "applies writes of one turn in the order of the calls, and settles them in it",
    async test({ open }) {
      await using store = await open();
      const settled: number[] = [];
      const writes = [store.write(created("01"))];
      for (let i = 0; i < 100; i++) {
        const appends = [entry("sent0", i, "x")];
        writes.push(store.write({ id: "01", epoch: 0, state: utf8(`${i}`), appends }));
      }
      await Promise.all(writes.map((write, i) => write.then(() => settled.push(i))));
      deepEqual(
        settled,
        Array.from({ length: 101 }, (_, i) => i),
      );
      equal((await entries(store, "01")).length, 100);
      deepEqual(await contents(store, "01"), { record: record("01"), epoch: 0, state: "99" });
    },
  },
  {
    claim: "keeps the sessions apart",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01", { appends: [entry("sent0", 0, "one")] }));
      await store.write(created("02", { appends: [entry("sent0", 0, "two")] }));
      await store.write({ id: "01", epoch: 0, trims: [{ journal: "sent0", position: 3 }] });
      deepEqual(await entries(store, "01"), []);
      deepEqual(await entries(store, "02"), [entry("sent0", 0, "two")]);
    },
  },
  {
    claim: "lists sessions by id, with what is kept for them",
    async test({ open }) {
      await using store = await open();
      const appends = [
        entry("sent0", 0, "abc"),
        entry("sent1", 0, "d"),
        entry("received", 0, "ef"),
      ];
      await store.write(created("02", { appends }));
      await store.write(created("01"));
      const listed: unknown[] = [];
      for await (const { id, epoch, sentOctets, receivedOctets } of store.sessions()) {
        listed.push([id, epoch, sentOctets, receivedOctets]);
      }
      deepEqual(listed, [
        ["01", 0, 0, 0],
        ["02", 0, 4, 2],
      ]);
    },
  },
  {
    claim: "leaves a tombstone of a session that ends, and nothing else",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01", { appends: [entry("sent0", 0, "abc")] }));
      await store.write({ id: "01", epoch: 0, end: tombstone("01", 5) });
      equal(await store.load("01"), undefined);
      deepEqual(await all(store.tombstones()), [tombstone("01", 5)]);
      await refuses(store, { id: "01", epoch: 0 }, "unknown");
    },
  },
  {
    claim: "gives tombstones by age, and forgets those that are old",
    async test({ open }) {
      await using store = await open();
      for (const [id, at] of [
        ["01", 30],
        ["02", 10],
        ["03", 20],
      ] as const) {
        await store.write(created(id));
        await store.write({ id, epoch: 0, end: tombstone(id, at) });
      }
      deepEqual(
        (await all(store.tombstones())).map(({ id }) => id),
        ["02", "03", "01"],
      );
      await store.forget(20);
      deepEqual(
        (await all(store.tombstones())).map(({ id }) => id),
        ["03", "01"],
      );
    },
  },
  {
    claim: "keeps activities beyond the session that wrote them",
    async test({ open }) {
      await using store = await open();
      const activities = [
        { name: "b", octets: utf8("blob") },
        { name: "a", octets: NO_OCTETS },
      ];
      await store.write(created("01", { activities }));
      await store.write({ id: "01", epoch: 0, end: tombstone("01", 5) });
      deepEqual(await all(store.activities()), ["a", "b"]);
      deepEqual(plain(await store.activity("b")), utf8("blob"));
      deepEqual(plain(await store.activity("a")), NO_OCTETS);
      equal(await store.activity("c"), undefined);
    },
  },
  {
    claim: "forgets an activity when told to, and not when the batch is refused",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01", { activities: [{ name: "a", octets: utf8("x") }] }));
      const forget = [{ name: "a", octets: undefined }];
      await refuses(store, { id: "02", epoch: 0, activities: forget }, "unknown");
      deepEqual(plain(await store.activity("a")), utf8("x"));
      await store.write({ id: "01", epoch: 0, activities: forget });
      equal(await store.activity("a"), undefined);
    },
  },
  {
    claim: "keeps activities that are no session's",
    async test({ open }) {
      await using store = await open();
      await store.write({ id: "", epoch: 0, activities: [{ name: "a", octets: utf8("x") }] });
      deepEqual(plain(await store.activity("a")), utf8("x"));
      deepEqual(await all(store.sessions()), []);
      await store.write({ id: "", epoch: 0, activities: [{ name: "a", octets: undefined }] });
      equal(await store.activity("a"), undefined);
    },
  },
  {
    claim: "finds nothing wrong with itself",
    async test({ open }) {
      await using store = await open();
      await store.write(created("01", { appends: [entry("sent0", 0, "abc")] }));
      deepEqual(await store.check(), { problems: [], damaged: [] });
    },
  },
  {
    claim: "refuses everything once it is disposed of, which may be done twice",
    async test({ open }) {
      const store = await open();
      await store.write(created("01"));
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await refuses(store, created("02"), "closed");
      await rejects(store.load("01"), { failure: "closed" });
    },
  },
  {
    claim: "has everything after it was closed and opened again",
    needs: "reopen",
    async test(fixture) {
      const first = await fixture.open();
      await first.write(created("01", { state: utf8("s"), appends: [entry("sent0", 0, "abc")] }));
      await first.write(created("02", { activities: [{ name: "a", octets: utf8("x") }] }));
      await first.write({ id: "02", epoch: 0, end: tombstone("02", 5) });
      await using store = await applied(fixture, "reopen", first);
      deepEqual(await contents(store, "01"), { record: record("01"), epoch: 0, state: "s" });
      deepEqual(await entries(store, "01"), [entry("sent0", 0, "abc")]);
      deepEqual(await all(store.tombstones()), [tombstone("02", 5)]);
      deepEqual(plain(await store.activity("a")), utf8("x"));
    },
  },
  {
    claim: "syncs what was written before it is disposed of",
    needs: "reopen",
    async test(fixture) {
      const first = await fixture.open();
      const written = first.write(created("01"));
      await using store = await applied(fixture, "reopen", first);
      await written;
      ok(await store.load("01"));
    },
  },
  {
    claim: "has after a crash everything whose promise resolved",
    needs: "crash",
    async test(fixture) {
      const first = await fixture.open();
      await first.write(created("01"));
      for (let i = 0; i < 10; i++) {
        await first.write({ id: "01", epoch: i, appends: [entry("sent0", i, "x")] });
      }
      await using store = await applied(fixture, "crash", first);
      deepEqual(await contents(store, "01"), { record: record("01"), epoch: 9, state: "" });
      equal((await entries(store, "01")).length, 10);
    },
  },
  {
    claim: "has after a crash a beginning of what was being written, batch by whole batch",
    needs: "crash",
    async test(fixture) {
      const first = await fixture.open();
      await first.write(created("01"));
      const writes: Promise<void>[] = [];
      for (let i = 0; i < 50; i++) {
        const appends = [entry("sent0", i, "x"), entry("received", i, "y")];
        writes.push(first.write({ id: "01", epoch: 0, state: utf8(`${i + 1}`), appends }));
      }
      for (const write of writes) write.catch(() => {});
      await using store = await applied(fixture, "crash", first);
      const kept = await contents(store, "01");
      const count = Number(kept?.state || 0);
      equal((await entries(store, "01")).length, 2 * count);
    },
  },
  {
    claim: "can be written to after a crash",
    needs: "crash",
    async test(fixture) {
      const first = await fixture.open();
      await first.write(created("01", { appends: [entry("sent0", 0, "abc")] }));
      await using store = await applied(fixture, "crash", first);
      await store.write({ id: "01", epoch: 1, appends: [entry("sent0", 3, "d")] });
      equal((await entries(store, "01")).length, 2);
    },
  },
  {
    claim: "says which session is damaged, and gives neither part of it nor silence",
    needs: "damage",
    async test(fixture) {
      const first = await fixture.open();
      await first.write(created("01", { appends: [entry("sent0", 0, "abc")] }));
      await first.write(created("02", { appends: [entry("sent0", 0, "abc")] }));
      await using store = await damaged(fixture, first, "01");
      await rejects(store.load("01"), { failure: "damaged" });
      ok(await store.load("02"));
      deepEqual((await store.check()).damaged, ["01"]);
    },
  },
];

function record(id: string): SessionRecord {
  const establishment = utf8(`secret of ${id}`);
  return {
    id,
    role: "responder",
    identity: "token:ana",
    createdAt: 1_700_000_000_000,
    establishment,
  };
}

function created(id: string, changes: Partial<SessionChanges> = {}): SessionChanges {
  return { id, epoch: 0, create: record(id), ...changes };
}

function entry(journal: JournalName, position: number, octets: string | Uint8Array): JournalEntry {
  return { journal, position, octets: typeof octets === "string" ? utf8(octets) : octets };
}

function tombstone(id: string, endedAt: number): Tombstone {
  return { id, outcome: "released", received: [1, 2 ** 40], message: "bye", endedAt };
}

async function entries(store: Store, id: string): Promise<readonly JournalEntry[]> {
  const stored = await store.load(id);
  return (stored?.entries ?? []).map((one) => ({ ...one, octets: plain(one.octets) }));
}

async function contents(store: Store, id: string) {
  const stored = await store.load(id);
  if (stored === undefined) return undefined;
  const { record, epoch, state = NO_OCTETS } = stored;
  return {
    record: { ...record, establishment: plain(record.establishment) },
    epoch,
    state: new TextDecoder().decode(state),
  };
}

/** As a `Uint8Array` proper: a store may give a `Buffer`, which deepEqual tells apart. */
function plain(octets: Uint8Array | undefined): Uint8Array {
  return octets ? new Uint8Array(octets) : NO_OCTETS;
}

async function refuses(
  store: Store,
  changes: SessionChanges,
  failure: StoreFailure,
): Promise<void> {
  await rejects(store.write(changes), { code: "ERR_STORE", failure });
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function applied(fixture: StoreFixture, what: "reopen" | "crash", store: Store) {
  const again = await fixture[what]?.(store);
  if (again === undefined) throw new Error(`a fixture that supports ${what} has it`);
  return again;
}

async function damaged(fixture: StoreFixture, store: Store, id: string): Promise<Store> {
  const again = await fixture.damage?.(store, id);
  if (again === undefined) throw new Error("a fixture that supports damage has it");
  return again;
}

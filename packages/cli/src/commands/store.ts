/**
 * `tertulia store`: what a store has kept, whether it is whole, and how large it is.
 *
 * @module
 */

import { once } from "node:events";
import { Command, InvalidArgumentError } from "commander";
import {
  type JournalEntry,
  lossOf,
  type SessionSummary,
  type Store,
  StoreError,
} from "tertulia/stores";
import { openSqliteStore } from "tertulia/stores/sqlite";
import { callOf } from "../call.ts";
import { CommandError, exitCodes } from "../exit.ts";

/** What waits for a peer that is away is read in pieces: it may be more than fits into memory. */
const WAITING_OCTETS = 1024 * 1024;

interface ListOptions {
  readonly json?: boolean;
  readonly identity?: string;
  readonly backlog?: number;
}

const FILE_HELP = "the store: what serve --store names";

const details = `
  tertulia store sessions node.db --backlog 1000000
  tertulia store check node.db
  tertulia store compact node.db
  tertulia store export node.db > node.jsonl`;

export function command(): Command {
  const store = new Command("store").addHelpText("after", details);
  store
    .command("sessions")
    .description("list the sessions in a store, also while a node has it open")
    .argument("<file>", FILE_HELP)
    .option("--json", "one line of JSON for each")
    .option("--identity <text>", "only those whose identity contains this")
    .option("--backlog <octets>", "only those that keep at least so many octets", octets)
    .action(list);
  store
    .command("check")
    .description("look at every page and every checksum, and say what is lost")
    .argument("<file>", FILE_HELP)
    .action(check);
  store
    .command("compact")
    .description("give the file system back what is not used; no node may have it open")
    .argument("<file>", FILE_HELP)
    .action(compact);
  store
    .command("export")
    .description("everything that is kept, one line of JSON for each thing, octets in base64")
    .argument("<file>", FILE_HELP)
    .option("--secrets", "with what it takes to resume the sessions in their peers' place")
    .action(exportAll);
  return store;
}

function octets(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

async function list(file: string, { json = false, identity, backlog }: ListOptions): Promise<void> {
  await using store = await openSqliteStore(file, { readOnly: true, allowDamaged: true });
  for await (const session of store.sessions()) {
    if (identity !== undefined && !session.identity.includes(identity)) continue;
    if (session.sentOctets + session.receivedOctets < (backlog ?? 0)) continue;
    process.stdout.write(`${json ? JSON.stringify(session) : lineOf(session)}\n`);
  }
}

async function check(file: string): Promise<void> {
  await using store = await openSqliteStore(file, { readOnly: true, allowDamaged: true });
  const { problems: found, damaged } = await store.check();
  const problems = [...found];
  const lost = new Set(damaged);
  for await (const [id, loss] of lossesIn(store, damaged)) {
    problems.push(`session ${id}: ${loss}`);
    lost.add(id);
  }
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  for (const id of lost) process.stdout.write(`lost: session ${id}\n`);
  if (problems.length > 0) {
    const advice = `\nto go on without a session: ${callOf()} sessions end ID --store ${file}`;
    const message = `${file} is damaged${lost.size > 0 ? advice : ""}`;
    throw new CommandError(exitCodes.failed, message);
  }
  process.stdout.write("whole\n");
}

/** Sessions whose entries are whole, and too few. What cannot be read was found already. */
async function* lossesIn(
  store: Store,
  damaged: readonly string[],
): AsyncGenerator<readonly [id: string, loss: string]> {
  try {
    for await (const { id } of store.sessions()) {
      const stored = damaged.includes(id) ? undefined : await store.load(id);
      const loss = stored && lossOf(stored);
      if (loss !== undefined) yield [id, loss];
    }
  } catch (error) {
    if (!(error instanceof StoreError) || error.failure !== "damaged") throw error;
  }
}

/** One thing of a store, as `export` prints it. */
type Exported = Readonly<Record<string, unknown>> & { readonly type: string };

async function exportAll(file: string, { secrets = false }: { secrets?: boolean }): Promise<void> {
  await using store = await openSqliteStore(file, { readOnly: true, allowDamaged: true });
  for await (const one of everythingIn(store, secrets)) {
    if (!process.stdout.write(`${JSON.stringify(one)}\n`)) await once(process.stdout, "drain");
  }
}

async function* everythingIn(store: Store, hasSecrets: boolean): AsyncGenerator<Exported> {
  for await (const { id } of store.sessions()) {
    yield* wholeOf(id, async function* () {
      const stored = await store.load(id);
      if (stored === undefined) return;
      const { record, epoch, updatedAt, state, entries } = stored;
      const { establishment, ...rest } = record;
      yield {
        type: "session",
        ...rest,
        epoch,
        updatedAt,
        ...(state && { state: base64(state) }),
        ...(hasSecrets && { establishment: base64(establishment) }),
      };
      for (const entry of entries) yield exportedEntry(id, entry);
      for (let position = 0, isMore = true; isMore; ) {
        const piece = await store.read(id, "waiting", position, WAITING_OCTETS);
        for (const entry of piece) {
          position = entry.position + entry.octets.length;
          yield exportedEntry(id, entry);
        }
        isMore = piece.length > 0;
      }
    });
  }
  for await (const tombstone of store.tombstones()) yield { type: "tombstone", ...tombstone };
  for await (const name of store.activities()) {
    yield* wholeOf(name, async function* () {
      const octets = await store.activity(name);
      if (octets) yield { type: "activity", name, octets: base64(octets) };
    });
  }
}

/** What there is, as far as it is whole, and then that it is not. */
async function* wholeOf(
  id: string,
  read: () => AsyncGenerator<Exported>,
): AsyncGenerator<Exported> {
  try {
    yield* read();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    yield { type: "damaged", id, reason: error.message };
    process.exitCode = exitCodes.failed;
  }
}

function exportedEntry(id: string, { journal, position, octets }: JournalEntry): Exported {
  return { type: "entry", id, journal, position, octets: base64(octets) };
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString("base64");
}

async function compact(file: string): Promise<void> {
  {
    // To look makes no file where there is none.
    await using _ = await openSqliteStore(file, { readOnly: true, allowDamaged: true });
  }
  await using store = await openSqliteStore(file);
  await store.compact();
}

function lineOf({ id, role, identity, epoch, updatedAt, ...kept }: SessionSummary): string {
  const seconds = Math.max(0, Math.round((Date.now() - updatedAt) / 1000));
  const octets = `${kept.sentOctets} sent, ${kept.receivedOctets} received`;
  return `${id}  ${role}  ${identity || "-"}  epoch ${epoch}  ${seconds} s ago  ${octets}`;
}

/**
 * `tertulia sessions`: who has a session with a node, live or in its store, and the end of one.
 *
 * @module
 */

import { Command, Option } from "commander";
import { endStored } from "tertulia/stores";
import { openSqliteStore } from "tertulia/stores/sqlite";
import { askNode, runningNodes } from "../control.ts";
import { CommandError, exitCodes } from "../exit.ts";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";
import type { NodeRequest } from "../sessions/control.ts";
import {
  isWanted,
  lineOf,
  pageOf,
  type SessionFilter,
  type SessionView,
  storedView,
} from "../sessions/view.ts";

interface Place {
  readonly store?: string;
  readonly node?: string;
  readonly home?: string;
}

interface ListOptions extends Place {
  readonly json?: boolean;
  readonly identity?: string;
  readonly state?: string;
  readonly age?: string;
  readonly backlog?: string;
}

const details = `
Without --store the nodes that run on this machine with the same --home are
asked. Identities are METHOD:NAME; a key's may be given as SHA256:…, too. A
narrow terminal shows the beginnings of ids, which are as good as the whole.

  tertulia sessions list --state suspended --age 3600
  tertulia sessions show 4f2a
  tertulia sessions end 4f2a --reason "moved to another node"
  tertulia sessions list --store node.db --backlog 1000000 --json`;

export function command(): Command {
  const sessions = new Command("sessions").addHelpText("after", details);
  placed(sessions.command("list"))
    .description("list the sessions, one a line")
    .option("--json", "one line of JSON for each")
    .option("--identity <text>", "only those whose identity contains this")
    .addOption(
      new Option("--state <state>", "only those in this state").choices([
        "connected",
        "suspended",
        "stored",
      ]),
    )
    .option("--age <seconds>", "only those that are at least so old")
    .option("--backlog <octets>", "only those for which at least so many octets wait")
    .action(list);
  placed(sessions.command("show"))
    .description("everything about one session")
    .argument("<id>", "its id, or as much of it as tells it from the others")
    .option("--json", "as JSON")
    .action(show);
  placed(sessions.command("end"))
    .description("end a session: its peer is told that it was aborted, and why")
    .argument("<id>", "its id, or as much of it as tells it from the others")
    .option("--reason <text>", "what the peer is told", "ended by the operator")
    .action(end);
  return sessions;
}

function placed(command: Command): Command {
  return command
    .option(
      "--store <file>",
      "look into a store (default: ask nodes); to end a session, no node may have it open",
    )
    .option("--node <pid>", "only the node with this process id (default: all that run here)")
    .option(HOME_OPTION, HOME_HELP);
}

async function list({ json = false, ...options }: ListOptions): Promise<void> {
  const filter = filterOf(options);
  const now = Date.now();
  const { isTTY, columns } = process.stdout;
  const room = isTTY ? columns || 80 : Infinity;
  for await (const view of viewsOf(options)) {
    if (!isWanted(view, filter, now)) continue;
    process.stdout.write(`${json ? JSON.stringify(view) : lineOf(view, now, room)}\n`);
  }
}

async function show(id: string, { json = false, ...place }: ListOptions): Promise<void> {
  const view = await find(id, place);
  process.stdout.write(json ? `${JSON.stringify(view)}\n` : pageOf(view));
}

async function end(id: string, { reason, ...place }: Place & { reason: string }): Promise<void> {
  const view = await find(id, place);
  if (place.store !== undefined) {
    await using store = await openSqliteStore(place.store);
    await endStored(store, view.id, reason);
  } else {
    const request: NodeRequest = { type: "end", id: view.id, message: reason };
    for await (const _ of askNode(new Home(place.home), view.live?.pid ?? 0, request));
  }
  process.stdout.write(`ended ${view.id}\n`);
}

async function find(id: string, place: Place): Promise<SessionView> {
  // A variable that was not set would name whichever session is the only one.
  if (id === "") throw new CommandError(exitCodes.usage, "which session? the beginning of its id");
  const found: SessionView[] = [];
  const beginning = id.toLowerCase();
  for await (const view of viewsOf(place)) if (view.id.startsWith(beginning)) found.push(view);
  const [first, second] = found;
  if (first === undefined) throw new CommandError(exitCodes.failed, `there is no session ${id}`);
  if (second !== undefined) {
    const message = `${found.length} sessions begin with ${id}: ${first.id}, ${second.id}, …`;
    throw new CommandError(exitCodes.usage, message);
  }
  return first;
}

async function* viewsOf({ store: file, node, home: folder }: Place): AsyncGenerator<SessionView> {
  if (file !== undefined) {
    await using store = await openSqliteStore(file, { readOnly: true, allowDamaged: true });
    for await (const summary of store.sessions()) yield storedView(summary);
    return;
  }
  const home = new Home(folder);
  const pids = node === undefined ? await runningNodes(home) : [numberOf("--node", node)];
  if (pids.length === 0) {
    const message = `no node runs here with ${home.folder}; --store FILE looks into a store`;
    throw new CommandError(exitCodes.unreachable, message);
  }
  for (const pid of pids) {
    // `answerNode` yields these.
    const request: NodeRequest = { type: "sessions" };
    for await (const view of askNode(home, pid, request)) yield view as SessionView;
  }
}

function filterOf({ identity, state, age, backlog }: ListOptions): SessionFilter {
  return {
    ...(identity !== undefined && { identity }),
    ...(state !== undefined && { state }),
    ...(age !== undefined && { ageMs: numberOf("--age", age) * 1000 }),
    ...(backlog !== undefined && { backlogOctets: numberOf("--backlog", backlog) }),
  };
}

function numberOf(option: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new CommandError(exitCodes.usage, `${option} must be a number from 0, not ${text}`);
}

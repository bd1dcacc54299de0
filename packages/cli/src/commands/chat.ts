/**
 * `tertulia chat`: people talking, through a node or from one to another.
 *
 * @module
 */

import { userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { establish, nodeRuntime, type Session, SessionError } from "tertulia";
import {
  drawFingerprint,
  ed25519Authenticator,
  formatFingerprint,
  type OwnIdentity,
  PeerIdentityError,
} from "tertulia/auth";
import { isName, joinRoom, ROOMS_SELECTOR } from "tertulia/rooms";
import { callOf } from "../call.ts";
import { converse, type Party } from "../chat/conversation.ts";
import { help } from "../chat/events.ts";
import { type Face, jsonFace, lineFace } from "../chat/face.ts";
import { claimOnLan, findOnLan } from "../chat/lan-name.ts";
import { TerminalFace } from "../chat/terminal.ts";
import { Way } from "../chat/way.ts";
import { CommandError, exitCodeOf, exitCodes, messageOf } from "../exit.ts";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";
import { House } from "../house.ts";
import { untrusted } from "../untrusted.ts";

interface ChatOptions {
  readonly room: string;
  readonly name?: string;
  readonly listen?: string | true;
  readonly netbios?: string;
  readonly admit?: readonly string[];
  readonly acceptNew?: boolean;
  readonly home?: string;
  readonly json?: boolean;
}

const LISTEN = "127.0.0.1:7700";
/** How long those who came to us get to say goodbye. */
const GRACE_MS = 3000;

const details = `
  tertulia chat node.example:7700 --name ana --room kitchen
  tertulia chat --listen 0.0.0.0:7700

An address is HOST:PORT, which is TLS; or tls://, wss://, tcp:// or
ws://HOST:PORT; or unix:PATH. The key at an address is asked about once and
remembered; another key there is refused.

${help}

With --json, lines in are {"type":"say","text":…}, {"type":"who"},
{"type":"break","seconds":…}, {"type":"move","to":…}, {"type":"quit"};
lines out are what happens, each with its type.`;

export function command(): Command {
  return new Command("chat")
    .argument("[address]", "where a node, or somebody with --listen, is")
    .option(
      "--listen [address]",
      `be the one who is called; no node is needed (default: ${LISTEN})`,
    )
    .option("--netbios <name>", "find them by this name on the LAN; with --listen: be found by it")
    .option("--room <name>", "which room of the node", "lobby")
    .option("--name <name>", "what to be called (default: your name on this machine)")
    .option(
      "--admit <keys...>",
      "with --listen: let in only who holds one of these keys (default: all)",
    )
    .option("--accept-new", "trust a key that is not known yet, without asking")
    .option(HOME_OPTION, HOME_HELP)
    .option("--json", "talk JSON, one object a line, in and out")
    .addHelpText("after", details)
    .action(chat);
}

async function chat(target: string | undefined, options: ChatOptions): Promise<void> {
  const { netbios } = options;
  const isLookup = netbios !== undefined && options.listen === undefined && target === undefined;
  const address = isLookup ? await findOnLan(netbios) : target;
  const { room, name = ownName() } = options;
  if ((address === undefined) === (options.listen === undefined)) {
    throw new CommandError(
      exitCodes.usage,
      "chat with whom? Give an ADDRESS or --listen (--help says more)",
    );
  }
  for (const one of [room, name]) {
    if (isName(one)) continue;
    const shown = JSON.stringify(String(one).slice(0, 40));
    throw new CommandError(exitCodes.usage, `not a name: ${shown}; 1 to 32 characters, no spaces`);
  }
  const home = new Home(options.home);
  const identity = await home.identity();
  if (address === undefined) await host(options, identity, room, name);
  else await call(address, options, home, identity, room, name);
}

/** Goes to somebody who listens. */
async function call(
  address: string,
  { acceptNew = false, json = false }: ChatOptions,
  home: Home,
  identity: OwnIdentity,
  roomName: string,
  name: string,
): Promise<void> {
  const { knownPeers } = home;
  const way = new Way(address, { knownPeers, ownFingerprint: identity.fingerprint, acceptNew });
  const stopping = stopOnSignals();
  const session = await reach(way, home, identity, stopping.signal);
  const room = await joinRoom(session, roomName, name);
  await talk({
    room,
    face: faceOf(json, stopping.stop),
    stop: stopping.signal,
    isHost: false,
    cut(forMs) {
      way.cut(forMs);
      session.breakTransport();
      // As when the system says that there is a network again: no waiting for the next dial.
      setTimeout(() => session.probe(), forMs).unref();
    },
    move: (kind) => session.migrate(way.over(kind)),
  });
}

/** Lets others come, and is one of them. */
async function host(
  { listen, netbios, admit, json = false }: ChatOptions,
  identity: OwnIdentity,
  roomName: string,
  name: string,
): Promise<void> {
  const lan = netbios === undefined ? undefined : await claimOnLan(netbios);
  const house = await House.open({
    address: typeof listen === "string" ? listen : (lan?.listen ?? LISTEN),
    identity,
    rooms: [roomName],
    ...(admit && { admit: [...admit, formatFingerprint(identity.fingerprint)] }),
  });
  const session = await house.session(identity, ed25519Authenticator);
  const room = await joinRoom(session, roomName, name);
  const stopping = stopOnSignals();
  const face = faceOf(json, stopping.stop);
  const key = formatFingerprint(identity.fingerprint);
  face.show({ type: "listening", address: house.address, key });
  if (!json) {
    const extra = roomName === "lobby" ? "" : ` --room ${roomName}`;
    const where = netbios === undefined ? house.address : `--netbios ${netbios.split("@")[0]}`;
    const message = `Others come with: ${callOf()} chat ${where}${extra}`;
    face.show({ type: "note", message });
  }
  try {
    await talk({
      room,
      face,
      stop: stopping.signal,
      isHost: true,
      cut: (forMs) => house.cut(forMs),
      move() {
        throw new SessionError("ERR_STATE", "who listens cannot move: it is the others who dial");
      },
    });
  } finally {
    await lan?.node.close();
    await house.close(GRACE_MS);
  }
}

async function talk(party: Party): Promise<void> {
  const { face } = party;
  const isTyped = process.stdin.isTTY;
  const { end, failures } = await converse(party);
  const { outcome, error } = end;
  face.show({ type: "closed", outcome, ...(error && { reason: error.message }) });
  face.close();
  process.stdin.destroy();
  if (outcome !== "released") process.exitCode = exitCodes.lost;
  // Who types has seen it; a script sees how the command ends.
  else if (failures > 0 && !isTyped) process.exitCode = exitCodes.failed;
}

/** Establishes the session; asks whom to trust where there is somebody to ask. */
async function reach(
  way: Way,
  home: Home,
  identity: OwnIdentity,
  signal: AbortSignal,
): Promise<Session> {
  const attempt = () =>
    establish(way.dialTo, nodeRuntime(), {
      selector: ROOMS_SELECTOR,
      authenticator: ed25519Authenticator(identity),
      checkPeer: way.checkPeer,
      allowsNoKey: way.allowsNoKey,
      signal,
    });
  try {
    return await attempt();
  } catch (error) {
    if (signal.aborted) throw new CommandError(exitCodes.interrupted, "Stopped before it began.");
    if (!(error instanceof PeerIdentityError)) throw unreachable(error, way);
    if (error.problem !== "unknown" || !process.stdin.isTTY) throw untrusted(error, way.key, home);
    if (!(await isTrusted(error))) throw new CommandError(exitCodes.identity, "Not connected.");
    await home.knownPeers.remember(way.key, error.fingerprint);
    return await attempt();
  }
}

async function isTrusted({ address, fingerprint }: PeerIdentityError): Promise<boolean> {
  const readline = createInterface({ input: process.stdin, output: process.stdout });
  const key = formatFingerprint(fingerprint);
  const question = `\
You were never at ${address} before. Its key is
${key}
${drawFingerprint(fingerprint)}
Whoever is there sees it with "${callOf()} identity". Is it the same? (yes, no) `;
  try {
    const answer = await readline.question(question);
    return /^y(es)?$/i.test(answer.trim()) || answer.trim() === key;
  } catch {
    // Ctrl-C or Ctrl-D: what comes next is not to stand behind the question.
    process.stdout.write("\n");
    return false;
  } finally {
    readline.close();
  }
}

function unreachable(error: unknown, way: Way): unknown {
  const code = exitCodeOf(error);
  if (code !== exitCodes.unreachable) return error;
  const start = `${callOf()} serve`;
  return new CommandError(
    code,
    `Nobody answers at ${way.target}: ${messageOf(error)}.\nTo start a node: ${start}`,
  );
}

/** Ctrl-C and the like: the first ends in order, the second at once. */
function stopOnSignals(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const stopping = new AbortController();
  const stop = () => {
    if (stopping.signal.aborted) process.exit(exitCodes.lost);
    stopping.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  return { signal: stopping.signal, stop };
}

/** The face for whatever we are connected to. */
function faceOf(isJson: boolean, stop: () => void): Face {
  const { stdin, stdout, stderr } = process;
  if (isJson) return jsonFace(stdin, stdout);
  if (stdin.isTTY && stdout.isTTY) return new TerminalFace(stdin, stdout, stop);
  return lineFace(stdin, stdout, stderr);
}

function ownName(): string {
  const name = userInfo()
    .username.replace(/[\s\p{C}]+/gu, "-")
    .slice(0, 32);
  return isName(name) ? name : "guest";
}

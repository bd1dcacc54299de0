/**
 * `tertulia serve`: a node where people and programs meet.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { defaultLimits, type Limits, type Quotas } from "tertulia";
import { formatFingerprint } from "tertulia/auth";
import { StoreError } from "tertulia/stores";
import { openSqliteStore, type SqliteStore } from "tertulia/stores/sqlite";
import type { Passed, TunnelDebt } from "tertulia/tunnel";
import { callOf } from "../call.ts";
import { askNode, offerControl, runningNodes } from "../control.ts";
import { daemonReady, daemonStarting, isDaemon, startDaemon } from "../daemon.ts";
import { CommandError, exitCodes, messageOf } from "../exit.ts";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";
import { House } from "../house.ts";
import { type Log, logTo } from "../log.ts";
import { answerNode, type NodeRequest } from "../sessions/control.ts";
import { Sparing } from "../sparing.ts";
import { goOver, inherit, Successor } from "../successor.ts";
import { SERVICE_HOME, systemdUnit } from "../systemd.ts";
import { type Serving, type TunnelServing, tunnelServing } from "../tunnel/serving.ts";

interface ServeOptions extends TunnelServing {
  readonly listen: string;
  readonly rooms?: readonly string[];
  readonly admit?: readonly string[];
  readonly tlsOnly?: boolean;
  readonly store?: string;
  readonly quotaSessions?: number;
  readonly quotaBacklog?: number;
  readonly quotaStored?: number;
  readonly idle?: number;
  readonly lifetime?: number;
  readonly resumeWindow?: number;
  readonly daemon?: boolean;
  readonly log?: string;
  readonly systemd?: boolean;
  readonly home?: string;
  readonly json?: boolean;
}

/** How long people who are there get to say goodbye. */
const GRACE_MS = 5000;
/** Has the node start a new process and give it everything. */
const UPGRADE = "SIGUSR2";
/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const SYSTEMD_FD = 3;

const UNLIMITED = "(default: no limit)";

const details = `
One port takes TCP, TLS and WebSockets. Ctrl-C ends it.

PROTOCOL of a rule is tcp (if there is none), udp, listen (for --remote) or any;
HOST may have a * in it, PORTS be a range or *.

  tertulia serve --listen 0.0.0.0:7700 --store node.db --quota-sessions 20
  tertulia serve --allow localhost:22 '*.lan:80-443' udp:ns.lan:53 --daemon
  tertulia serve --allow 'listen:127.0.0.1:*'
  tertulia serve stop`;

export function command(): Command {
  const serving = new Command("serve")
    .option(
      "--listen <address>",
      "HOST:PORT, PORT or unix:PATH; host * is all, port 0 any",
      "127.0.0.1:7700",
    )
    .option("--rooms <names...>", "the rooms that there are (default: whatever people call them)")
    .option("--admit <keys...>", "let in only who holds one of these keys, SHA256:… (default: all)")
    .option(
      "--allow <rules...>",
      "let tunnels reach [PROTOCOL:]HOST:PORTS[@KEY] (default: nothing)",
    )
    .option("--tls-only", "refuse connections without TLS")
    .option(
      "--store <file>",
      "keep sessions and rooms in this file: they survive the process (default: memory)",
    )
    .option("--quota-sessions <count>", `sessions of one identity at a time ${UNLIMITED}`, whole)
    .option(
      "--quota-backlog <octets>",
      `what may wait for one identity to read ${UNLIMITED}`,
      whole,
    )
    .option(
      "--quota-stored <octets>",
      `what the store may have to keep for one identity ${UNLIMITED}`,
      whole,
    )
    .option(
      "--quota-connections <count>",
      `tunnelled connections of one identity at a time ${UNLIMITED}`,
      whole,
    )
    .option(
      "--quota-rate <octets>",
      `octets a second through one identity's tunnels ${UNLIMITED}`,
      whole,
    )
    .option("--audit <file>", "write each tunnelled connection here too, as JSON, one a line")
    .option(
      "--idle <seconds>",
      "end sessions in which nothing was said for so long (default: never)",
      whole,
    )
    .option("--lifetime <seconds>", "end sessions that are so old (default: never)", whole)
    .option(
      "--resume-window <seconds>",
      `how long a session waits for a peer that is cut off (default: ${defaultLimits.resumeWindowMs / 1000})`,
      whole,
    )
    .option("--daemon", "go into the background once it listens; see serve stop")
    .option("--log <file>", "where a daemon writes (default: node.log in the home folder)")
    .option("--systemd", "print a unit of systemd that does this, for /etc/systemd/system")
    .option(HOME_OPTION, HOME_HELP)
    .option("--json", "log one JSON object a line")
    .addHelpText("after", details)
    .action(serve);
  serving
    .command("stop")
    .description("end the nodes that run on this machine, and wait until they have")
    .argument("[pid]", "the process id of one (default: all)", whole)
    .option(HOME_OPTION, HOME_HELP)
    .action(stop);
  return serving;
}

/** As SIGTERM does it: sessions that a store keeps wait for the next node, the others end. */
async function stop(which: number | undefined, _own: unknown, command: Command): Promise<void> {
  const home = new Home(command.optsWithGlobals<{ home?: string }>().home);
  const nodes = (await runningNodes(home)).filter((pid) => which === undefined || which === pid);
  if (nodes.length === 0) {
    const what =
      which === undefined ? "no node runs here" : `no node with process id ${which} runs here`;
    throw new CommandError(exitCodes.unreachable, what);
  }
  for (const pid of nodes) {
    for await (const _ of askNode(home, pid, { type: "stop" } satisfies NodeRequest));
    while ((await runningNodes(home)).includes(pid)) await sleep(50);
    process.stdout.write(`the node with process id ${pid} has stopped\n`);
  }
}

async function serve(options: ServeOptions): Promise<void> {
  if (options.systemd) return void process.stdout.write(unitOf(options));
  if (options.daemon && !isDaemon()) return inBackground(options);
  daemonStarting();
  const isJson = options.json ?? false;
  const asked = new Asked();
  const log = logTo(process.stdout, isJson);
  const home = new Home(options.home);
  const identity = await home.identity();
  // The node before us, if there is one, has the store until it says so.
  const inheritance = await inherit();
  const socket = inheritance?.server ?? systemdSocket();
  const onBlocked = (error: StoreError | undefined) =>
    log("store", error ? `nothing goes on: ${error.message}` : "there is room again", {
      isBlocked: error !== undefined,
      reason: error?.message,
    });
  const onFailed = ({ message }: StoreError) => {
    // Whatever restarts us finds all that was acknowledged, and those who were here come back.
    process.exitCode = exitCodes.failed;
    log("store", `this node stops, since its store cannot go on: ${message}`, { reason: message });
    asked.ask("SIGTERM");
  };
  const store =
    options.store === undefined
      ? undefined
      : await openSqliteStore(options.store, { onBlocked, onFailed });
  await inheritance?.opened();
  await using tunnels = await tunnelServing(
    options,
    log,
    inheritance?.connections,
    inheritance?.debts,
  );
  const refusals = new Sparing((count) =>
    log("refused", `turned ${count} more away in the last second`, { count }),
  );
  const opened = House.open({
    address: options.listen,
    identity,
    ...(options.admit && { admit: options.admit }),
    ...(options.rooms && { rooms: options.rooms }),
    tlsOnly: options.tlsOnly ?? false,
    ...(store && { store, carriesStreams: inheritance !== undefined }),
    ...(socket && { socket }),
    quotas: quotasOf(options),
    limits: limitsOf(options),
    ...(tunnels.options && { tunnels: tunnels.options }),
    onChange: ({ type, room, name }) => log(type, changes[type](name, room), { room, name }),
    onRefused: (address, { message: reason }) =>
      refusals.say(() =>
        log("refused", `turned ${address || "somebody"} away: ${reason}`, { address, reason }),
      ),
  });
  const house = await opened.catch((error: unknown) => {
    if (isTaken(error)) {
      const advice = `${callOf()} serve stop ends a node that runs here; --listen takes another port`;
      throw new CommandError(exitCodes.unreachable, `${error.message}\n${advice}`);
    }
    if (!(error instanceof StoreError) || error.failure !== "damaged") throw error;
    const check = `${callOf()} store check ${options.store}`;
    const advice = `${check} says what is lost, and how to go on without it`;
    throw new CommandError(exitCodes.failed, `${error.message}\n${advice}`);
  });
  inheritance?.serving();
  await using _control = await offerControl(home, (request) =>
    answerNode(house.listener.sessions, request, () => asked.ask("SIGTERM")),
  );
  const fingerprint = formatFingerprint(identity.fingerprint);
  if (isJson) log("listening", "", { address: house.address, fingerprint });
  else process.stdout.write(welcome(house.address, fingerprint, options.tlsOnly ?? false));
  daemonReady();
  let signal = await asked.next();
  for (; signal === UPGRADE; signal = await asked.next()) {
    if (await upgrade(house, store, tunnels, log)) return;
  }
  log("stopping", store ? "whoever is there waits" : "saying goodbye to whoever is there", {
    signal,
  });
  await house.close(GRACE_MS);
  await store?.[Symbol.asyncDispose]();
  log("stopped", "stopped");
}

function isTaken(error: unknown): error is Error {
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return cause?.code === "EADDRINUSE";
}

/** Gives everything to a process of the version that is installed now. False when that is not to be. */
async function upgrade(
  house: House,
  store: SqliteStore | undefined,
  { handover, debts }: Serving,
  log: Log,
): Promise<boolean> {
  const refuse = (reason: string) => log("notUpgraded", `no upgrade: ${reason}`, { reason });
  if (store === undefined) {
    refuse("only sessions in a --store go over to another process");
    return false;
  }
  let successor: Successor | undefined;
  let passed: readonly Passed[] = [];
  let owed: readonly TunnelDebt[] = [];
  const server = house.listener.socket;
  const sessions = house.listener.sessions.size;
  try {
    successor = await Successor.start();
    passed = await handover.rest();
    owed = debts();
    await successor.pass(passed, owed);
    await successor.give(server, sessions);
  } catch (error) {
    successor?.kill();
    handover.goOn();
    refuse(messageOf(error));
    return false;
  }
  const announce = ({ pid }: Successor) => {
    const connections = passed.length;
    const taken = connections > 0 ? `, with ${connections} tunnelled connections` : "";
    log("upgrading", `process ${pid} takes over${taken}`, { successor: pid, connections });
  };
  announce(successor);
  house.listener.detach();
  await goOver(successor, {
    server,
    sessions,
    passed,
    debts: owed,
    async park() {
      await house.close(GRACE_MS);
      await store[Symbol.asyncDispose]();
    },
    lose: () => handover.lose(),
    onFailed: (error) => refuse(`${messageOf(error)}; another successor is tried`),
    onTaken: announce,
  });
  return true;
}

/** The listening socket of systemd's socket activation, if this process has one. */
function systemdSocket(): { readonly fd: number } | undefined {
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  if (LISTEN_PID !== String(process.pid) || LISTEN_FDS !== "1") return undefined;
  return { fd: SYSTEMD_FD };
}

function quotasOf({ quotaSessions, quotaBacklog, quotaStored }: ServeOptions): Quotas {
  return {
    ...(quotaSessions !== undefined && { sessions: quotaSessions }),
    ...(quotaBacklog !== undefined && { backlogOctets: quotaBacklog }),
    ...(quotaStored !== undefined && { storedOctets: quotaStored }),
  };
}

function limitsOf({ idle, lifetime, resumeWindow }: ServeOptions): Partial<Limits> {
  return {
    ...(idle !== undefined && { idleMs: idle * 1000 }),
    ...(lifetime !== undefined && { absoluteMs: lifetime * 1000 }),
    ...(resumeWindow !== undefined && { resumeWindowMs: resumeWindow * 1000 }),
  };
}

function whole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

async function inBackground({ home, log, json = false }: ServeOptions): Promise<void> {
  const path = resolve(log ?? join(new Home(home).folder, "node.log"));
  const pid = await startDaemon(path);
  logTo(process.stdout, json)("daemon", `process ${pid} listens, and writes ${path}`, {
    pid,
    log: path,
  });
}

/** The command line as it is; without a home folder of its own it gets the service's. */
function unitOf({ home }: ServeOptions): string {
  const given = process.argv.slice(2).filter((word) => word !== "--systemd" && word !== "--daemon");
  const words = home === undefined ? [...given, "--home", SERVICE_HOME] : given;
  return systemdUnit({ description: "Tertulia node", words, isSystem: true });
}

const changes = {
  arrived: (name: string, room: string) => `${name} came into ${room}`,
  left: (name: string, room: string) => `${name} left ${room}`,
  suspended: (name: string, room: string) => `${name} is cut off; ${room} keeps what is said`,
  resumed: (name: string, room: string) => `${name} is back in ${room}`,
};

function welcome(address: string, fingerprint: string, isTlsOnly: boolean): string {
  const call = callOf();
  const kinds = isTlsOnly ? "TLS, and WebSockets over it" : "TCP, TLS and WebSockets";
  return `\
Tertulia listens on ${address}: ${kinds}, on one port.
Its key is ${fingerprint}

To talk, in two other terminals:

    ${call} chat ${address} --name ana
    ${call} chat ${address} --name bob

Type a line in one and see it in the other. Then type /break 10: the link is
cut for ten seconds, and nothing that is said meanwhile is lost.
Ctrl-C ends this node.

`;
}

/** Signals to stop or to be upgraded, one at a time; a second one to stop stops at once. */
class Asked {
  readonly #signals: string[] = [];
  #isStopping = false;
  #wake: (() => void) | undefined;

  constructor() {
    for (const signal of ["SIGINT", "SIGTERM", UPGRADE] as const) {
      process.on(signal, () => {
        if (signal !== UPGRADE && this.#isStopping) process.exit(exitCodes.failed);
        this.ask(signal);
      });
    }
  }

  /** As if this signal had come; but asking twice to stop is asking once. */
  ask(signal: string): void {
    if (signal !== UPGRADE && this.#isStopping) return;
    if (signal !== UPGRADE) this.#isStopping = true;
    this.#signals.push(signal);
    this.#wake?.();
  }

  async next(): Promise<string> {
    for (;;) {
      const signal = this.#signals.shift();
      if (signal !== undefined) return signal;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

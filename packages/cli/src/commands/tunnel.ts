/**
 * `tertulia tunnel`: other programs' connections over one session that survives the network.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { type Session, SessionError } from "tertulia";
import {
  formatTarget,
  openTunnel,
  parseForward,
  parseTarget,
  type Tunnel,
  type TunnelAddress,
} from "tertulia/tunnel";
import { CommandError, exitCodes, exitHelp, messageOf } from "../exit.ts";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";
import { type Log, logTo } from "../log.ts";
import { offerStatus, readStatus, statusTable } from "../tunnel/status.ts";
import { tunnelSession } from "../tunnel/way.ts";

interface TunnelOptions {
  readonly local?: readonly string[];
  readonly remote?: readonly string[];
  readonly udp?: readonly string[];
  readonly socks?: string;
  readonly acceptNew?: boolean;
  readonly home?: string;
  readonly json?: boolean;
}

/** First and last pause before another session is tried for, once one was lost. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 15_000;

const details = `
A forward is [BIND:]PORT:HOST:PORT, as ssh has it; ftp: in front, or a target on port 21, has FTP's
data connections go along. The node must allow it: tertulia serve --allow HOST:PORT.

  tertulia tunnel node.example --local 2222:localhost:22 --socks 1080
  tertulia tunnel node.example --remote 8080:localhost:80 --udp 5353:192.0.2.1:53
${exitHelp}`;

export function command(): Command {
  const tunnel = new Command("tunnel")
    .argument("[address]", "where the node is")
    .option("--local <forwards...>", "listen here, connect there")
    .option("--remote <forwards...>", "listen there, connect here")
    .option("--udp <forwards...>", "take datagrams here, send them there")
    .option("--socks <[bind:]port>", "serve SOCKS5 here: targets as the programs ask for them")
    .option("--accept-new", "trust a key that is not known yet, without asking")
    .option(HOME_OPTION, HOME_HELP)
    .option("--json", "log one JSON object a line")
    .addHelpText("after", details)
    .action(run);
  tunnel
    .command("status")
    .description("what goes through the tunnels that run on this machine")
    .option(HOME_OPTION, HOME_HELP)
    .option("--watch", "again every second, until Ctrl-C")
    .option("--json", "print JSON")
    .action(status);
  return tunnel;
}

async function run(address: string | undefined, options: TunnelOptions): Promise<void> {
  const { local = [], remote = [], udp = [], socks, json = false } = options;
  if (address === undefined || local.length + remote.length + udp.length + (socks ? 1 : 0) === 0) {
    const need = "a tunnel needs an ADDRESS and a --local, --remote, --udp or --socks";
    throw new CommandError(exitCodes.usage, `${need} (--help says more)`);
  }
  const log = logTo(process.stdout, json);
  const home = new Home(options.home);
  const { signal, stop } = stopSignal();
  const establish = () => tunnelSession(address, home, options.acceptNew ?? false);
  await using tunnel = await openTunnel({
    local: local.map(parseForward),
    remote: remote.map(parseForward),
    udp: udp.map(parseForward),
    ...(socks !== undefined && { socks: [socksAddress(socks)] }),
    log: (text) => log("tunnel", text, { text }),
  });
  for (const one of tunnel.addresses) log("listening", sentence(one), fields(one));
  await using _status = await offerStatus(home, { address, tunnel });
  // The first time it has to work; later, whatever is wrong may come right.
  let session: Session | undefined = await establish();
  for (let pauseMs = RETRY_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
    try {
      session ??= await establish();
      pauseMs = RETRY_MS;
      log("connected", `connected to ${address}`, { address, session: session.id });
      await through(tunnel, session, log, signal);
    } catch (error) {
      log("lost", `no session: ${messageOf(error)}`, { reason: messageOf(error) });
    }
    session = undefined;
    await sleep(pauseMs * Math.random(), undefined, { signal }).catch(() => {});
  }
  stop();
}

/** Until the session ends, or we are told to. */
async function through(
  tunnel: Tunnel,
  session: Session,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const onAbort = () => void session.release({ signal: AbortSignal.timeout(2000) }).catch(() => {});
  signal.addEventListener("abort", onAbort);
  void tunnel.use(session);
  for await (const change of session.changes()) {
    switch (change.type) {
      case "suspended":
        log("suspended", `the link is down: ${change.error.message}`);
        break;
      case "resumed":
        log("resumed", `goes on after ${(change.suspendedMs / 1000).toFixed(1)} s`);
        break;
      case "moved":
        log("moved", `goes on over ${change.kind}`);
        break;
      case "closed":
        if (change.end.error && !signal.aborted) throw change.end.error;
    }
  }
  signal.removeEventListener("abort", onAbort);
}

async function status(_own: unknown, command: Command): Promise<void> {
  const {
    home: folder,
    watch,
    json,
  } = command.optsWithGlobals<{
    home?: string;
    watch?: boolean;
    json?: boolean;
  }>();
  const home = new Home(folder);
  do {
    const tunnels = await readStatus(home);
    if (json) process.stdout.write(`${JSON.stringify(tunnels)}\n`);
    else {
      const isScreen = watch && process.stdout.isTTY;
      process.stdout.write(`${isScreen ? "\x1b[H\x1b[2J" : ""}${statusTable(tunnels)}`);
    }
    if (watch) await sleep(1000);
  } while (watch);
}

function socksAddress(text: string): ReturnType<typeof parseTarget> {
  return /^\d+$/.test(text) ? parseTarget(`127.0.0.1:${text}`) : parseTarget(text);
}

function sentence({ type, address, target }: TunnelAddress): string {
  const where = formatTarget(address);
  if (type === "socks") return `${where} serves SOCKS5`;
  return `${where}${type === "udp" ? " (UDP)" : ""} leads to ${target ? formatTarget(target) : ""}`;
}

function fields({ type, address, target }: TunnelAddress): Record<string, string> {
  return { type, address: formatTarget(address), ...(target && { target: formatTarget(target) }) };
}

/** Aborted by the first Ctrl-C; the second ends the process at once. */
function stopSignal(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.failed);
    controller.abort(new SessionError("ERR_CLOSED", "asked to stop"));
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

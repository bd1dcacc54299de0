/**
 * `tertulia tunnel`: other programs' connections over one session that survives the network.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { addressKey } from "../chat/way.ts";
import { runningProcesses } from "../control.ts";
import { daemonReady, daemonStarting, isDaemon, startDaemon } from "../daemon.ts";
import { CommandError, exitCodes } from "../exit.ts";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";
import { logTo } from "../log.ts";
import { systemdUnit } from "../systemd.ts";
import { planOf, type TunnelWords } from "../tunnel/plan.ts";
import { runTunnel } from "../tunnel/run.ts";
import {
  fitted,
  readStatus,
  statusTable,
  stopTunnel,
  type TunnelStatus,
} from "../tunnel/status.ts";

interface TunnelOptions extends Omit<TunnelWords, "address"> {
  readonly config?: string;
  readonly daemon?: boolean;
  readonly systemd?: boolean;
  readonly log?: string;
  readonly home?: string;
  readonly json?: boolean;
}

const details = `
A forward is [BIND:]PORT:HOST:PORT, as ssh has it. BIND is the address to listen
at: 127.0.0.1 if there is none, * for all (0.0.0.0 for all of IPv4); IPv6
addresses are in brackets. ftp: in front, or a target on port 21, has FTP's data
connections go along. The node must allow it: tertulia serve --allow HOST:PORT.

  tertulia tunnel node.example --local 2222:localhost:22 --socks 1080
  tertulia tunnel node.example --local '*:80:web.lan:80' '[::1]:22:[fd00::2]:22'
  tertulia tunnel node.example --remote 8080:localhost:80 --udp 53:192.0.2.1:53
  tertulia tunnel --config office.json --daemon
  tertulia tunnel status --watch
  tertulia tunnel stop node.example

A config file is JSON:
  {"address": "node.example", "local": ["2222:localhost:22"], "socks": "1080"}`;

export function command(): Command {
  const tunnel = new Command("tunnel")
    .argument("[address]", "where the node is")
    .option("--local <forwards...>", "listen here, connect there")
    .option("--remote <forwards...>", "listen there, connect here")
    .option("--udp <forwards...>", "take datagrams here, send them there")
    .option("--socks <[bind:]port>", "serve SOCKS5 here: targets as the programs ask for them")
    .option("--accept-new", "trust a key that is not known yet, without asking")
    .option(
      "--config <file>",
      "read the address and forwards from a file, besides those given here",
    )
    .option("--daemon", "go into the background once connected; see tunnel status, tunnel stop")
    .option(
      "--log <file>",
      "where a daemon writes (default: tunnel-ADDRESS.log in the home folder)",
    )
    .option("--systemd", "print a unit of systemd that does this, for ~/.config/systemd/user")
    .option(HOME_OPTION, HOME_HELP)
    .option("--json", "log one JSON object a line")
    .addHelpText("after", details)
    .action(run);
  tunnel
    .command("status")
    .description("what goes through the tunnels that run on this machine, and why not")
    .option(HOME_OPTION, HOME_HELP)
    .option("--watch", "again every second, with rates, until Ctrl-C")
    .option("--json", "print JSON")
    .action(status);
  tunnel
    .command("stop")
    .description("end tunnels, to an address or with a process id, and wait until they have")
    .argument("[which]", "an address as it was given, or a process id (default: all)")
    .option(HOME_OPTION, HOME_HELP)
    .action(stop);
  return tunnel;
}

async function run(address: string | undefined, options: TunnelOptions): Promise<void> {
  const { config, daemon, systemd, json = false } = options;
  const plan = await planOf({ ...options, ...(address !== undefined && { address }) }, config);
  const home = new Home(options.home);
  if (systemd) {
    process.stdout.write(unitOf(plan.address));
  } else if (daemon && !isDaemon()) {
    const name = addressKey(plan.address).replaceAll(/[^\w.-]+/g, "-");
    const log = resolve(options.log ?? join(home.folder, `tunnel-${name}.log`));
    const pid = await startDaemon(log);
    const sentence = `connected to ${plan.address}; it goes on as process ${pid} and writes ${log}`;
    logTo(process.stdout, json)("daemon", sentence, { pid, log });
  } else {
    daemonStarting();
    await runTunnel(plan, home, logTo(process.stdout, json), daemonReady);
  }
}

/** The command line as it is, with whole paths, and without what is for now only. */
function unitOf(address: string): string {
  const given = process.argv.slice(2);
  const words = given.filter((word) => word !== "--systemd" && word !== "--daemon");
  for (const option of ["--config", "--home"]) {
    const at = words.indexOf(option) + 1;
    if (at > 0) words[at] = resolve(words[at] ?? "");
  }
  return systemdUnit({ description: `Tertulia tunnel to ${address}`, words, isSystem: false });
}

/** The screen is empty, and what is written begins at its top. */
const CLEAR = "\x1b[H\x1b[2J";

function complain(why: string): void {
  process.stderr.write(`${why}\n`);
}

interface StatusOptions {
  readonly home?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

async function status(_own: unknown, command: Command): Promise<void> {
  const { home: folder, watch, json } = command.optsWithGlobals<StatusOptions>();
  const home = new Home(folder);
  let before: TunnelStatus[] = [];
  do {
    let isSilent = false;
    const tunnels = await readStatus(home, (why) => {
      isSilent = true;
      complain(why);
    });
    // One that does not answer is there all the same.
    const isNothing = isSilent && tunnels.length === 0;
    if (json) process.stdout.write(`${JSON.stringify(tunnels)}\n`);
    else if (!isNothing) {
      const table = statusTable(tunnels, before);
      const { isTTY, columns, rows } = process.stdout;
      process.stdout.write(
        watch && isTTY ? CLEAR + fitted(table, columns || 80, rows || 24) : table,
      );
    }
    before = tunnels;
    if (watch) await sleep(1000);
  } while (watch);
}

async function stop(which: string | undefined, _own: unknown, command: Command): Promise<void> {
  const home = new Home(command.optsWithGlobals<{ home?: string }>().home);
  const all = await readStatus(home, complain);
  const meant = all.filter(
    ({ pid, address }) => which === undefined || which === address || which === String(pid),
  );
  if (meant.length === 0) {
    const what = which === undefined ? "no tunnel runs here" : `no tunnel to ${which} runs here`;
    throw new CommandError(exitCodes.unreachable, what);
  }
  for (const { pid, address } of meant) {
    await stopTunnel(home, pid);
    // Its ports may be wanted at once.
    while ((await runningProcesses(home, "tunnels")).includes(pid)) await sleep(50);
    process.stdout.write(`the tunnel to ${address} (process ${pid}) has stopped\n`);
  }
}

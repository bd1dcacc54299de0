/**
 * `tertulia pipe`: one connection on standard input and output, as ssh wants it of a ProxyCommand.
 *
 * @module
 */

import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import { connectThrough, parseTarget } from "tertulia/tunnel";
import { exitHelp } from "../exit.ts";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";
import { tunnelSession } from "../tunnel/way.ts";

const details = `
In ~/.ssh/config, for shells that survive sleep, roaming and new addresses:

  Host server
    ProxyCommand tertulia pipe node.example %h:%p
${exitHelp}`;

export function command(): Command {
  return new Command("pipe")
    .argument("<address>", "where the node is")
    .argument("<host:port>", "where the node is to connect to")
    .option("--accept-new", "trust a key that is not known yet, without asking")
    .option(HOME_OPTION, HOME_HELP)
    .addHelpText("after", details)
    .action(pipe);
}

async function pipe(
  address: string,
  target: string,
  { home, acceptNew = false }: { readonly home?: string; readonly acceptNew?: boolean },
): Promise<void> {
  await using session = await tunnelSession(address, new Home(home), acceptNew);
  const connection = await connectThrough(session, parseTarget(target));
  await Promise.all([pipeline(process.stdin, connection), pipeline(connection, process.stdout)]);
  await session.release({ signal: AbortSignal.timeout(2000) }).catch(() => {});
}

/**
 * `tertulia pipe`: one connection on standard input and output, as ssh wants it of a ProxyCommand.
 *
 * @module
 */

import { once } from "node:events";
import { Command } from "commander";
import type { SessionStream } from "tertulia";
import { parseTarget, streamThrough } from "tertulia/tunnel";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";
import { tunnelSession } from "../tunnel/way.ts";

const details = `
In ~/.ssh/config, for shells that survive sleep, roaming and new addresses:

  Host server
    ProxyCommand tertulia pipe node.example %h:%p`;

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
  const to = parseTarget(target);
  await using session = await tunnelSession(address, new Home(home), acceptNew);
  const { stream, early } = await streamThrough(session, to);
  await join(stream, early);
  await session.release({ signal: AbortSignal.timeout(2000) }).catch(() => {});
}

/** Until both directions have ended; when one of them breaks, the other is reset. */
async function join(stream: SessionStream, early: Uint8Array): Promise<void> {
  const broken = once(process.stdout, "error").then(([error]) => Promise.reject(error));
  try {
    await Promise.race([Promise.all([upload(stream), download(stream, early)]), broken]);
  } catch (error) {
    stream.reset();
    // Whoever writes there may wait for us to end.
    process.stdin.destroy();
    throw error;
  }
}

async function upload(stream: SessionStream): Promise<void> {
  for await (const octets of process.stdin) await stream.give(octets);
  stream.end();
}

async function download(stream: SessionStream, early: Uint8Array): Promise<void> {
  const { stdout } = process;
  if (early.length > 0) stdout.write(early);
  await stream.consume((octets) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    stdout.write(octets, () => resolve());
    // The kernel has them already, unless it is full: the octets are good until this has resolved.
    return stdout.writableLength === 0 ? undefined : promise;
  });
  stdout.end();
}

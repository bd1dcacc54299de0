/**
 * `tertulia pipe`: one connection on standard input and output, as ssh wants it of a ProxyCommand.
 *
 * @module
 */

import { once } from "node:events";
import { Command } from "commander";
import type { SessionStream } from "tertulia";
import { parseTarget, streamThrough } from "tertulia/tunnel";
import { CommandError, exitCodes } from "../exit.ts";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";
import { stopping } from "../tunnel/stopping.ts";
import { firstSession } from "../tunnel/way.ts";

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
  if (to.port === 0) throw new CommandError(exitCodes.usage, `${target}: a port from 1 to 65535`);
  const { signal, dispose } = stopping();
  try {
    await using session = await firstSession(address, new Home(home), acceptNew, signal);
    // ssh ends its ProxyCommand by a signal: neither the node nor the target is to wait for us then.
    signal.addEventListener("abort", () => session.abort("the pipe was stopped"));
    const { stream, early } = await streamThrough(session, to);
    await join(stream, early);
    await session.release({ signal: AbortSignal.timeout(2000) }).catch(() => {});
  } catch (error) {
    const isUnread = (error as NodeJS.ErrnoException).code === "EPIPE";
    if (!signal.aborted && !isUnread) throw error;
    // Whoever stopped it knows: a word of ours would stand on the terminal behind what ssh said last.
    process.exitCode = exitCodes.failed;
  } finally {
    dispose();
  }
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

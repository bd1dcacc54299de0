/**
 * `tertulia identity`: our key, and the keys that others had.
 *
 * @module
 */

import { Command } from "commander";
import { drawFingerprint, fingerprintOf, formatFingerprint } from "tertulia/auth";
import { addressKey } from "../chat/way.ts";
import { CommandError, exitCodes } from "../exit.ts";
import { HOME_HELP, HOME_OPTION, Home } from "../home.ts";

interface IdentityOptions {
  readonly home?: string;
  readonly json?: boolean;
}

const details = `
  tertulia identity show
  tertulia identity trust node.example:7700 SHA256:oX8…
  tertulia identity forget node.example:7700`;

export function command(): Command {
  const group = new Command("identity").addHelpText("after", details);
  group
    .command("show", { isDefault: true })
    .description("our fingerprint and its picture; made on first use")
    .option(HOME_OPTION, HOME_HELP)
    .option("--json", "print one JSON object")
    .allowExcessArguments()
    .action((options: IdentityOptions, { args: [word] }: Command) => {
      // As it is what is done without a command, words that are none get here.
      if (word !== undefined) group.error(`error: unknown command '${word}'`);
      return show(options);
    });
  group
    .command("trust")
    .description("write down whose key it is that this address shows")
    .argument("<address>", "where it is, as chat and tunnel take it")
    .argument("<fingerprint>", "its key: SHA256:…, as its owner says it")
    .option(HOME_OPTION, HOME_HELP)
    .action(trust);
  group
    .command("forget")
    .description("forget which key this address had, to be asked again")
    .argument("<address>", "where it is, as it was given")
    .option(HOME_OPTION, HOME_HELP)
    .action(forget);
  return group;
}

async function show({ home: folder, json }: IdentityOptions): Promise<void> {
  const home = new Home(folder);
  const { fingerprint } = await home.identity();
  const text = formatFingerprint(fingerprint);
  const file = home.identityPath;
  if (json) process.stdout.write(`${JSON.stringify({ fingerprint: text, file })}\n`);
  else process.stdout.write(`${text}\n${drawFingerprint(fingerprint)}\nin ${file}\n`);
}

async function trust(address: string, key: string, { home }: IdentityOptions): Promise<void> {
  await new Home(home).knownPeers.remember(addressKey(address), fingerprintOf(key));
  process.stdout.write(`${addressKey(address)} is ${formatFingerprint(fingerprintOf(key))}\n`);
}

async function forget(address: string, { home }: IdentityOptions): Promise<void> {
  const { knownPeers } = new Home(home);
  const key = addressKey(address);
  if (await knownPeers.forget(key)) return void process.stdout.write(`${key} is forgotten\n`);
  throw new CommandError(exitCodes.failed, `${key} is not in ${knownPeers.path}`);
}

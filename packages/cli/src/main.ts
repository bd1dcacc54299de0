/**
 * The command `tertulia`. Each area of it is a file in `commands/`, loaded when it is asked for.
 *
 * @module
 */

import { Command } from "commander";

interface Area {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ command(): Command }>;
}

/** In the order of `tertulia --help`. */
const areas: readonly Area[] = [
  {
    name: "osi",
    summary: "ISO 8327 (X.225) sessions over TCP: read them, hold them",
    load: () => import("./commands/osi.ts"),
  },
];

const asked = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const name = asked[0] === "help" ? asked[1] : asked[0];

const program = new Command("tertulia")
  .description("Sessions that survive: chat, serve, and talk the session protocols that exist")
  .version("0.1.0")
  .showHelpAfterError("(--help says more)");
for (const area of areas) {
  const command = area.name === name ? (await area.load()).command() : new Command(area.name);
  program.addCommand(command.description(area.summary));
}
await program.parseAsync();

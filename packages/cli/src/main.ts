/**
 * The command `tertulia`.
 *
 * @module
 */

import "./node-version.ts"; // first: the others need what it asks for
import { type Argument, Command, CommanderError, type HelpConfiguration } from "commander";
import { areas } from "./areas.ts";
import { exitCodeOf, exitCodes, exitHelp, messageOf } from "./exit.ts";
import { harmless } from "./harmless.ts";

// That node:sqlite is a release candidate is nothing that whoever types a command can change.
const [print] = process.listeners("warning");
process.removeAllListeners("warning").on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") print?.(warning);
});

// Whoever read it has gone, as with `| head`: Ctrl-C, and once, whatever else would be written.
let isHeard = true;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (isHeard) process.kill(process.pid, "SIGINT");
    isHeard = false;
  });
}

const HELP_HINT = "(--help says more)";

/** No line is wider than a terminal: a long term leaves little room beside it, and that is used. */
const helpStyle: HelpConfiguration = {
  minWidthToWrap: 20,
  subcommandTerm: (command) =>
    [command.name(), ...command.registeredArguments.map(termOf)].join(" "),
};

function termOf(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}

const asked = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const name = asked[0] === "help" ? asked[1] : asked[0];

const program = new Command("tertulia")
  .description("Sessions that survive: chat, serve, and talk the session protocols that exist")
  .version("0.1.0")
  .showHelpAfterError(HELP_HINT)
  .addHelpText("afterAll", exitHelp)
  .exitOverride();
for (const area of areas) {
  const command = area.name === name ? (await area.load()).command() : new Command(area.name);
  program.addCommand(inherit(command.description(area.summary)));
}
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  } else {
    process.exitCode = exitCodeOf(error);
    process.stderr.write(`${harmless(messageOf(error), "\t\n")}\n`);
    if (process.exitCode === exitCodes.failed && process.env["DEBUG"]) console.error(error);
  }
}

if (process.exitCode) {
  await Promise.all([process.stdout, process.stderr].map(flushed));
  // Whatever is still open, a socket that lingers or a pipe that somebody holds, is of no use now.
  process.exit();
}

function flushed(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}

/** Lets a command and all below it throw what is wrong with the command line, instead of exiting. */
function inherit(command: Command): Command {
  command.showHelpAfterError(HELP_HINT).exitOverride().configureHelp(helpStyle);
  refuseOptionsAsValues(command);
  for (const below of command.commands) inherit(below);
  return command;
}

/** `--store --json` would make a file that is called `--json`. */
function refuseOptionsAsValues(command: Command): void {
  const options = command.createHelp().visibleOptions(command);
  for (const option of options.filter(({ required }) => required)) {
    command.on(`option:${option.name()}`, (value: string) => {
      if (!options.some(({ long, short }) => value === long || value === short)) return;
      command.error(`error: option '${option.flags}' needs a value, and ${value} is an option`);
    });
  }
}

/**
 * The command `tertulia`. Each area of it is a file in `commands/`, loaded when it is asked for.
 *
 * @module
 */

import { Command } from "commander";

const program = new Command("tertulia")
  .description("Sessions that survive: chat, serve, and talk the session protocols that exist")
  .version("0.1.0")
  .showHelpAfterError();

await program.parseAsync();

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Argument, Command, Option } from "commander";
import { areas } from "../src/areas.ts";

/** Options that say what to pick, do or write besides: without them nothing is picked, done or written. */
const withoutDefault = [
  ...["--audit", "--netbios", "--local", "--remote", "--udp", "--socks", "--config"],
  ...["--identity", "--state", "--age", "--backlog", "--retarget", "--behind", "--front", "--hook"],
  "--doc",
];

interface Described {
  readonly words: string;
  readonly command: Command;
  /** Its own help, and that of the command above it. */
  readonly help: string;
}

async function allCommands(): Promise<readonly Described[]> {
  const loaded = await Promise.all(
    areas.map(async ({ name, summary, load }) => {
      const command = (await load()).command().description(summary);
      return described(command, `tertulia ${name}`, "");
    }),
  );
  return loaded.flat();
}

function described(command: Command, words: string, above: string): readonly Described[] {
  let own = "";
  command.configureOutput({ writeOut: (text) => (own += text) }).outputHelp();
  const below = command.commands.flatMap((one) => described(one, `${words} ${one.name()}`, own));
  return [{ words, command, help: above + own }, ...below];
}

function descriptionOf(one: Command | Argument | Option): string {
  return typeof one.description === "string" ? one.description : one.description();
}

function hasDefault({ long, description, defaultValue, required, optional }: Option): boolean {
  if (!(required || optional) || withoutDefault.includes(long ?? "")) return true;
  return defaultValue !== undefined || description.includes("(default: ");
}

describe("the help of every command", () => {
  it("says what the command does, and what each argument and option is", async () => {
    const silent = (await allCommands()).flatMap(({ words, command }) => {
      const parts = [command, ...command.registeredArguments, ...command.options];
      return parts
        .filter((one) => descriptionOf(one) === "")
        .map((one) => `${words} ${"flags" in one ? one.flags : one.name()}`);
    });
    assert.deepEqual(silent, []);
  });

  it("shows the default of each option that takes a value", async () => {
    const silent = (await allCommands()).flatMap(({ words, command }) =>
      command.options.filter((one) => !hasDefault(one)).map(({ flags }) => `${words} ${flags}`),
    );
    assert.deepEqual(silent, []);
  });

  it("has an example, there or above", async () => {
    const without = (await allCommands())
      .filter(({ command }) => command.commands.length === 0)
      .filter(({ words, help }) => !new RegExp(`^ .*${words}( [^\\[]|$)`, "m").test(help));
    assert.deepEqual(
      without.map(({ words }) => words),
      [],
    );
  });
});

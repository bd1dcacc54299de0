/**
 * `tertulia rpc generate`, and how every command reads a `.x` file.
 *
 * @module
 */

import { existsSync, readFileSync, watch, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Command, Option } from "commander";
import {
  compile,
  documentModel,
  generate,
  IdlError,
  type LexerOptions,
  type Model,
} from "tertulia/rpc/idl";
import { collect } from "../collect.ts";
import { CommandError, exitCodes } from "../exit.ts";

export interface FileOptions {
  readonly include: readonly string[];
  readonly define: readonly string[];
}

export interface GenerateCommand {
  readonly output?: string;
  readonly doc?: string;
  readonly runtime: string;
  readonly watch?: boolean;
}

export async function runGenerate(
  file: string,
  options: FileOptions & GenerateCommand,
): Promise<void> {
  const { output = `${file.replace(/\.x$/, "")}.ts`, doc, runtime } = options;
  const once = (): void => {
    const model = modelOf(file, options);
    const text = generate(model, { source: basename(file), runtime });
    if (output === "-") process.stdout.write(text);
    else writeFileSync(output, text);
    if (doc !== undefined) writeFileSync(doc, documentModel(model, basename(file)));
  };
  if (!options.watch) {
    once();
    return;
  }
  const again = (): void => {
    try {
      once();
      console.error(`${output} is new`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  // Editors replace files: the folder is what stays. It is watched before the file is read, so that no
  // change comes in between.
  const watcher = watch(dirname(file), (_, changed) => {
    if (changed !== null && !changed.endsWith(".x")) return;
    clearTimeout(timer);
    timer = setTimeout(again, 50);
  });
  again();
  await new Promise((resolve) => process.once("SIGINT", resolve));
  watcher.close();
}

export function modelOf(file: string, { include, define }: FileOptions): Model {
  const options: LexerOptions = {
    defines: Object.fromEntries(
      define.map((text) => {
        const [name = "", value = "1"] = text.split("=", 2);
        return [name, value];
      }),
    ),
    include: (name, from, isSystem) => {
      const folders = [...(isSystem ? [] : [dirname(from)]), ...include, dirname(from)];
      const path = folders.map((folder) => join(folder, name)).find((one) => existsSync(one));
      return path === undefined ? undefined : { file: path, text: readFileSync(path, "utf8") };
    },
  };
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(exitCodes.usage, `cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return compile(file, text, options);
  } catch (error) {
    if (error instanceof IdlError) throw new CommandError(exitCodes.failed, error.message);
    throw error;
  }
}

export function fileOptions(one: Command): Command {
  return one
    .addOption(
      new Option("-I, --include <folder>", "where to look for included files, again for more")
        .default([], "beside it")
        .argParser(collect),
    )
    .addOption(
      new Option("-D, --define <name=value>", "define a name, as for C, again for more")
        .default([], "none")
        .argParser(collect),
    );
}

/**
 * `tertulia rpc call`: a procedure of a `.x` file, with arguments and result in JSON.
 *
 * @module
 */

import type { Procedure } from "tertulia/rpc";
import { decodeJson, encodeJson } from "tertulia/rpc/idl";
import { CommandError, exitCodes } from "../exit.ts";
import { type FileOptions, modelOf } from "./rpc-files.ts";
import { callerAt, type Host, type HostOptions, portOf } from "./rpc-host.ts";

export interface CallCommand extends FileOptions, HostOptions {
  readonly programVersion?: number;
  readonly sys?: boolean;
}

export async function runCall(
  place: Host,
  file: string,
  name: string,
  texts: readonly string[],
  options: CallCommand,
): Promise<void> {
  const model = modelOf(file, options);
  const found = model.programs.flatMap((program) =>
    program.versions
      .filter(({ number: one }) => [undefined, one].includes(options.programVersion))
      .flatMap((version) =>
        version.procedures
          .filter((procedure) => procedure.name === name)
          .map((procedure) => ({ program, version, procedure })),
      ),
  );
  const chosen = found.at(-1);
  if (chosen === undefined) {
    throw new CommandError(exitCodes.usage, `${file} has no procedure ${name}`);
  }
  const { program, version, procedure: described } = chosen;
  if (texts.length !== described.arguments.length) {
    const many = described.arguments.length;
    throw new CommandError(exitCodes.usage, `${name} takes ${many} arguments, not ${texts.length}`);
  }
  const values = texts.map((text, index) => jsonOf(text, `argument ${index + 1}`));
  const procedure: Procedure<readonly unknown[], unknown> = {
    name,
    number: described.number,
    isIdempotent: described.isIdempotent,
    encodeArgument: (writer, list) => {
      for (const [index, type] of described.arguments.entries()) {
        encodeJson(type, list[index], writer, `argument ${index + 1}`);
      }
    },
    decodeArgument: () => [],
    encodeResult: () => {},
    decodeResult: (reader) => decodeJson(described.result, reader),
  };
  const port = await portOf(place, program.number, version.number, options);
  await using caller = await callerAt(place.host, port, options);
  const target = { name: program.name, program: program.number, version: version.number };
  const result = await caller.call(target, procedure, values, { timeoutMs: options.timeout });
  console.log(JSON.stringify(result, undefined, options.json ? undefined : 2));
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(exitCodes.usage, `${what} is not JSON: ${(error as Error).message}`);
  }
}

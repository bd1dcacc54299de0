/**
 * What a tunnel is to do, from the command line and from a file.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { parseBind, parseForward, type TunnelOptions } from "tertulia/tunnel";
import { callOf } from "../call.ts";
import { CommandError, exitCodes, messageOf } from "../exit.ts";

/** As people write it; in a `--config` file, as JSON. */
export interface TunnelWords {
  readonly address?: string;
  readonly local?: readonly string[];
  readonly remote?: readonly string[];
  readonly udp?: readonly string[];
  readonly socks?: string;
  readonly acceptNew?: boolean;
}

export interface TunnelPlan {
  readonly address: string;
  readonly acceptNew: boolean;
  readonly options: TunnelOptions;
}

/**
 * What the words say; lists of the file and of the command line are one list, and of the rest the
 * command line counts.
 *
 * @throws {CommandError} `usage` when something is missing or wrong.
 */
export async function planOf(words: TunnelWords, config: string | undefined): Promise<TunnelPlan> {
  const file = config === undefined ? {} : await readWords(config);
  const list = (name: "local" | "remote" | "udp") => [
    ...(file[name] ?? []),
    ...(words[name] ?? []),
  ];
  const [local, remote, udp] = [list("local"), list("remote"), list("udp")];
  const socks = words.socks ?? file.socks;
  const address = words.address ?? file.address;
  if (address === undefined || local.length + remote.length + udp.length + (socks ? 1 : 0) === 0) {
    const need =
      address === undefined
        ? "a tunnel needs the ADDRESS of a node, in front of its options, as in"
        : "a tunnel needs a --local, --remote, --udp or --socks, as in";
    const example = `${callOf()} tunnel ${address ?? "node.example"} --local 2222:localhost:22`;
    throw new CommandError(exitCodes.usage, `${need}\n  ${example}\n(--help says more)`);
  }
  return {
    address,
    acceptNew: words.acceptNew ?? file.acceptNew ?? false,
    options: {
      local: local.map(parseForward),
      remote: remote.map(parseForward),
      udp: udp.map(parseForward),
      ...(socks !== undefined && { socks: [parseBind(socks)] }),
    },
  };
}

async function readWords(path: string): Promise<TunnelWords> {
  const wrong = (why: string) => new CommandError(exitCodes.usage, `${path}: ${why}`);
  let read: unknown;
  try {
    read = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw wrong(messageOf(error));
  }
  if (typeof read !== "object" || read === null) throw wrong("need an object");
  for (const [name, value] of Object.entries(read)) {
    const shape = shapes[name as keyof TunnelWords]; // or there is none
    if (shape === undefined) {
      throw wrong(`no such setting: ${name}; there are ${Object.keys(shapes).join(", ")}`);
    }
    if (!isOf(shape, value)) throw wrong(`${name}: need ${shape}`);
  }
  return read; // looked at just now
}

type Shape = "a text" | "a list of texts" | "true or false";

const shapes: Readonly<Record<keyof TunnelWords, Shape>> = {
  address: "a text",
  local: "a list of texts",
  remote: "a list of texts",
  udp: "a list of texts",
  socks: "a text",
  acceptNew: "true or false",
};

function isOf(shape: Shape, value: unknown): boolean {
  if (shape === "a text") return typeof value === "string";
  if (shape === "true or false") return typeof value === "boolean";
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

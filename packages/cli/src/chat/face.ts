/**
 * Where a chat meets its user, and the faces for pipes: plain lines, and JSON.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { linesOf } from "../lines.ts";
import { type ChatCommand, type ChatEvent, parseJsonLine, parseLine } from "./events.ts";
import { isTalk, wordsOf } from "./words.ts";

export interface Face {
  show(event: ChatEvent): void;
  /** What the user wants, until there is no more. Iterated once. */
  commands(): AsyncIterable<ChatCommand>;
  close(): void;
}

/** One JSON object a line, in and out. */
export function jsonFace(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Face {
  return {
    show: (event) => void output.write(`${JSON.stringify(event)}\n`),
    commands: () => commandsFrom(input, parseJsonLine),
    close: () => {},
  };
}

/** Lines as people type them; what was said goes to `output`, everything else to `notes`. */
export function lineFace(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  notes: NodeJS.WritableStream,
): Face {
  return {
    show(event) {
      const words = wordsOf(event);
      if (words !== undefined) (isTalk(event) ? output : notes).write(`${words}\n`);
    },
    commands: () => commandsFrom(input, parseLine),
    close: () => {},
  };
}

async function* commandsFrom(
  input: NodeJS.ReadableStream,
  parse: (line: string) => ChatCommand,
): AsyncGenerator<ChatCommand, void, undefined> {
  // Made here: it loses the lines that come before somebody iterates it.
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of linesOf(lines)) {
    if (line !== "") yield parse(line);
  }
}

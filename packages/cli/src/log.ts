/**
 * What a node says of its life: sentences for people, or one JSON object a line.
 *
 * @module
 */

import { harmlessLine } from "./harmless.ts";

/** What happened, and in which words. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export type Log = (event: string, sentence: string, fields?: LogFields) => void;

/** @param isJson - Objects with `time`, `event` and the fields; else the sentence with the time of day. */
export function logTo(stream: NodeJS.WritableStream, isJson: boolean): Log {
  return (event, sentence, fields = {}) => {
    const time = new Date().toISOString();
    if (isJson) stream.write(`${JSON.stringify({ time, event, ...fields }, shorter)}\n`);
    else stream.write(`${time.slice(11, 19)}  ${harmlessLine(sentence)}\n`);
  };
}

function shorter(_name: string, value: unknown): unknown {
  return typeof value === "string" ? harmlessLine(value) : value;
}

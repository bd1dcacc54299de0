/**
 * What a process did to its files and to the network, as `strace` saw it: in the order in which it
 * happened, with everything that was written.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** A system call that has an effect beyond the process. */
export type Step =
  | { readonly type: "create"; readonly path: string }
  | { readonly type: "write"; readonly path: string; readonly at: number; readonly octets: Buffer }
  | { readonly type: "truncate"; readonly path: string; readonly size: number }
  | { readonly type: "unlink"; readonly path: string }
  /** Of a file, or of a folder with the names in it. */
  | { readonly type: "sync"; readonly path: string }
  | { readonly type: "send"; readonly octets: Buffer };

const calls = [
  "openat",
  "pwrite64",
  "write",
  "writev",
  "fsync",
  "fdatasync",
  "ftruncate",
  "unlink",
];

/** Runs a program with its arguments under `strace`, which writes to a file. */
export function traced(log: string, program: string, ...rest: readonly string[]): ChildProcess {
  const options = ["-f", "--seccomp-bpf", "-yy", "-xx", "-s", "4000000", "-e", `trace=${calls}`];
  return spawn("strace", [...options, "-o", log, program, ...rest], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/**
 * The steps of a trace. A call counts when it has returned, but what goes to the network counts when
 * it is called: so a sync that is still under way when something is sent has not happened before it.
 */
export function readTrace(log: string): Step[] {
  const steps: Step[] = [];
  const underWay = new Map<string, string>();
  for (const line of readFileSync(log, "latin1").split("\n")) {
    const [, thread = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const unfinished = text.indexOf(" <unfinished ...>");
    if (unfinished >= 0) {
      const call = text.slice(0, unfinished);
      const step = stepOf(call, "0");
      if (step?.type === "send") steps.push(step);
      else underWay.set(thread, call);
      continue;
    }
    const [, resumed] = /^<\.\.\. \w+ resumed>(.*)$/.exec(text) ?? [];
    if (resumed !== undefined && !underWay.has(thread)) continue;
    const whole = resumed === undefined ? text : (underWay.get(thread) ?? "") + resumed;
    underWay.delete(thread);
    const [, call = "", result = "-1"] = /^(.*)\) += (-?\w+)/.exec(whole) ?? [];
    const step = result === "-1" ? undefined : stepOf(call, result);
    if (step) steps.push(step);
  }
  return steps;
}

function stepOf(call: string, result: string): Step | undefined {
  const [, name, parameters = ""] = /^(\w+)\((.*)$/.exec(call) ?? [];
  const [, file = ""] = /^\d+<([^>]*)>/.exec(parameters) ?? [];
  const path = textOf(file);
  const octets = () =>
    Buffer.concat([...parameters.matchAll(/"([^"]*)"/g)].map(([, o]) => unhex(o)));
  switch (name) {
    case "openat": {
      const [, folder = "", given = "", flags = ""] =
        /<([^>]*)>, "([^"]*)", ([A-Z_|]*)/.exec(parameters) ?? [];
      const opened = resolve(textOf(folder), textOf(given));
      if (flags.includes("O_TRUNC")) return { type: "truncate", path: opened, size: 0 };
      return flags.includes("O_CREAT") ? { type: "create", path: opened } : undefined;
    }
    case "pwrite64": {
      const at = Number(/, (\d+)$/.exec(parameters)?.[1]);
      return { type: "write", path, at, octets: octets().subarray(0, Number(result)) };
    }
    case "write":
    case "writev":
      return file.startsWith("TCP:") ? { type: "send", octets: octets() } : undefined;
    case "fsync":
    case "fdatasync":
      return { type: "sync", path };
    case "ftruncate":
      return { type: "truncate", path, size: Number(/, (\d+)$/.exec(parameters)?.[1]) };
    case "unlink":
      return { type: "unlink", path: textOf(/"([^"]*)"/.exec(parameters)?.[1] ?? "") };
    default:
      return undefined;
  }
}

/** The octets of `\x41\x42`. */
function unhex(escaped = ""): Buffer {
  return Buffer.from(escaped.replaceAll("\\x", ""), "hex");
}

/** Paths are escaped as octets are, or not at all. */
function textOf(text: string): string {
  return text.startsWith("\\x") ? unhex(text).toString() : text;
}

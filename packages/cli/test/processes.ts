/**
 * The command as others run it: a process of its own, with pipes.
 *
 * @module
 */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The command. */
export const bin: string = fileURLToPath(new URL("../../bin/tertulia.js", import.meta.url));

/** What a command printed as JSON. */
export type Printed = Readonly<Record<string, unknown>> & { readonly type?: string };

/** A folder for an identity, gone at the end of the block. */
export class TemporaryHome implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "tertulia-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** A running command. It is killed, by its own process id, at the end of the block. */
export class Running implements AsyncDisposable {
  readonly process: ChildProcessWithoutNullStreams;
  readonly lines: string[] = [];
  stderr = "";
  readonly #closed: Promise<unknown>;
  #isClosed = false;
  readonly #waiting = new Set<() => void>();

  constructor(home: TemporaryHome, ...words: readonly string[]) {
    const environment = { ...process.env, XDG_CONFIG_HOME: home.path, NO_COLOR: "1" };
    const child = spawn(process.execPath, [bin, ...words], { env: environment });
    this.process = child;
    this.#closed = once(child, "close");
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#wake();
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.lines.push(line);
      this.#wake();
    });
    // It may end before it has read everything.
    child.stdin.on("error", () => {});
    void this.#closed.then(() => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Everything it printed as JSON so far. */
  get printed(): Printed[] {
    return this.lines.map((line) => JSON.parse(line));
  }

  /** What it printed of one type. */
  ofType(type: string): Printed[] {
    return this.printed.filter((event) => event.type === type);
  }

  /** What was said by others, as `name: text`. */
  get heard(): string[] {
    return this.ofType("said").map(({ name, text }) => `${name}: ${text}`);
  }

  /** Waits until something is so. Fails with everything it printed when it ends before that. */
  async until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      // Of one that has ended there may be more to read.
      if (this.#isClosed) {
        throw new Error(`it ended first: ${this.stderr}\n${this.lines.join("\n")}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** The next thing printed of a type, or one that is there already. */
  first(type: string): Promise<Printed> {
    return this.until(() => this.ofType(type)[0]);
  }

  /** What its log says of an event, the `count`-th time. */
  logged(event: string, count = 1): Promise<Printed> {
    return this.until(() => this.printed.filter((line) => line["event"] === event)[count - 1]);
  }

  write(...objects: readonly object[]): void {
    for (const object of objects) this.process.stdin.write(`${JSON.stringify(object)}\n`);
  }

  say(...texts: readonly string[]): void {
    this.write(...texts.map((text) => ({ type: "say", text })));
  }

  /** Its exit code, once it and its output are at an end. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.process.exitCode;
  }

  /** Sends a signal, and waits for the exit code. */
  signal(signal: NodeJS.Signals): Promise<number | null> {
    this.process.kill(signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null) this.process.kill("SIGKILL");
    await this.#closed;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A node on a free port, and its address. */
export async function serving(
  home: TemporaryHome,
  ...words: readonly string[]
): Promise<{ readonly node: Running; readonly address: string }> {
  const node = new Running(home, "serve", "--listen", "127.0.0.1:0", "--json", ...words);
  const { address } = await node.logged("listening");
  return { node, address: String(address) };
}

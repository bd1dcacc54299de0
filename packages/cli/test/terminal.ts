/**
 * The command as people use it: in panes of a real terminal, tmux's.
 *
 * @module
 */

import { execFileSync, spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { leaveOut } from "./peers.ts";
import { bin, type TemporaryHome } from "./processes.ts";

/** Big enough that nothing the tests look for is scrolled away or wrapped. */
const COLUMNS = 120;
const ROWS = 90;
const LOOK_MS = 50;
/** How long somebody waits before they say what they see instead. */
const PATIENCE_MS = 30_000;
/** Runs a command and says its exit code: of two that end at a time tmux forgets that of one. */
const SAYS_CODE = 'trap : INT; "$0" "$@"; echo "exit code $?"';

/** Whether tmux is here. If not, the test is marked as skipped, and in CI it fails. */
export function hasTerminal(t: TestContext): boolean {
  if (spawnSync("tmux", ["-V"]).status === 0) return true;
  leaveOut(t, "tmux not installed: run scripts/peers.sh as root");
  return false;
}

/** A tmux server of its own, with whatever panes it is asked for. It is ended with the block. */
export class Terminal implements Disposable {
  readonly #home: TemporaryHome;
  #panes = 0;

  /** @param home - Where its socket is, and the identity of whoever works in it. */
  constructor(home: TemporaryHome) {
    this.#home = home;
  }

  /** Runs the command in a new pane, which stays when the command has ended. */
  open(...words: readonly string[]): Pane {
    const size = ["-x", `${COLUMNS}`, "-y", `${ROWS}`];
    // Its server starts with the first pane; only then is there somebody to set an option of.
    const create =
      this.#panes++ === 0
        ? ["new-session", "-d", ...size, "cat", ";", "set", "-g", "remain-on-exit", "on", ";"]
        : [];
    const printed = this.tmux(
      ...create,
      ...["new-window", "-d", "-P", "-F", "#{pane_id}"],
      ...["-e", `XDG_CONFIG_HOME=${this.#home.path}`, "-e", "NO_COLOR=1"],
      ...["sh", "-c", SAYS_CODE, process.execPath, bin, ...words],
    );
    return new Pane(this, printed.trim());
  }

  /** Gives an order to the server, and returns what it prints. */
  tmux(...words: readonly string[]): string {
    const socket = `${this.#home.path}/tmux`;
    // Not inside of one that its tester works in.
    const env = { ...process.env, TMUX: "", TERM: "xterm-256color" };
    return execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...words], {
      encoding: "utf8",
      env,
      // It stays, and would hold the pipe open.
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  [Symbol.dispose](): void {
    if (this.#panes > 0) this.tmux("kill-server");
  }
}

/** What one person sees, and types. */
export class Pane {
  readonly #terminal: Terminal;
  readonly #id: string;

  constructor(terminal: Terminal, id: string) {
    this.#terminal = terminal;
    this.#id = id;
  }

  /** The lines on it that are not empty, also those that have scrolled away. */
  get lines(): string[] {
    const text = this.#terminal.tmux("capture-pane", "-p", "-J", "-S", "-", "-t", this.#id);
    return text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  }

  /** The line above the prompt: of what it says, the last. */
  get status(): string {
    const { lines } = this;
    const prompt = lines.findLastIndex((line) => line.startsWith(">"));
    return lines[prompt - 1] ?? "";
  }

  /** Types a line, and Enter. */
  enter(line: string): void {
    this.type(line);
    this.press("Enter");
  }

  type(text: string): void {
    this.#terminal.tmux("send-keys", "-t", this.#id, "-l", "--", text);
  }

  /** Presses a key, as tmux names it: `Enter`, `C-c`. */
  press(key: string): void {
    this.#terminal.tmux("send-keys", "-t", this.#id, key);
  }

  /** Waits until a line on it, or its status line, is like that. */
  async sees(pattern: RegExp, where: "lines" | "status" = "lines"): Promise<void> {
    const isSeen = () =>
      where === "status"
        ? pattern.test(this.status)
        : this.lines.some((line) => pattern.test(line));
    for (let patience = PATIENCE_MS / LOOK_MS; !isSeen(); patience--) {
      if (patience <= 0) throw new Error(`no ${pattern} in ${where} of:\n${this.lines.join("\n")}`);
      await sleep(LOOK_MS);
    }
  }

  /** The exit code of its command, once that has ended. */
  async ended(): Promise<number> {
    for (let patience = PATIENCE_MS / LOOK_MS; ; patience--) {
      const [, code] = /^exit code (\d+)$/m.exec(this.lines.join("\n")) ?? [];
      if (code !== undefined) return Number(code);
      if (patience <= 0) throw new Error(`it goes on:\n${this.lines.join("\n")}`);
      await sleep(LOOK_MS);
    }
  }
}

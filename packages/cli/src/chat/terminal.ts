/**
 * The face for a terminal: talk scrolls above, a status line stands over the line being typed.
 *
 * Both lower lines are readline's prompt, so that editing, history and wrapping are readline's, and
 * whatever is printed goes above what is being typed without disturbing it.
 *
 * @module
 */

import {
  clearScreenDown,
  createInterface,
  cursorTo,
  type Interface,
  moveCursor,
} from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import { styleText } from "node:util";
import { type ChatCommand, type ChatEvent, parseLine } from "./events.ts";
import type { Face } from "./face.ts";
import { Status } from "./status.ts";
import { isTalk, wordsOf } from "./words.ts";

const TICK_MS = 500;

export class TerminalFace implements Face {
  readonly #output: WriteStream;
  readonly #readline: Interface;
  readonly #status = new Status();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #onSignal: () => void;
  #name = "";
  /** Rows of what was being typed when Enter was pressed. */
  #typedRows = 0;
  #isClosed = false;
  /** What was typed and not yet asked for. */
  readonly #typed: ChatCommand[] = [];
  #wake: () => void = () => {};

  /** @param onSignal - Ctrl-C was pressed. */
  constructor(input: ReadStream, output: WriteStream, onSignal: () => void) {
    this.#output = output;
    this.#onSignal = onSignal;
    this.#readline = createInterface({ input, output, prompt: "> " });
    this.#readline.on("SIGINT", () => this.#onSignal());
    // Before readline's own listener: at "line" it has forgotten how many rows there were.
    input.prependListener("keypress", (_: unknown, key: { readonly name?: string } | undefined) => {
      if (key?.name !== "return" && key?.name !== "enter") return;
      this.#readline.write(null, { ctrl: true, name: "e" });
      this.#typedRows = this.#readline.getCursorPos().rows;
    });
    this.#readline.on("line", (line) => this.#entered(line));
    this.#readline.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
    this.#timer = setInterval(() => {
      if (this.#status.isTicking()) this.#refresh();
    }, TICK_MS);
  }

  show(event: ChatEvent): void {
    if (event.type === "joined") this.#name = event.name;
    this.#status.apply(event, performance.now());
    const words = wordsOf(event);
    if (words === undefined) return this.#refresh();
    this.#print(isTalk(event) ? words : this.#dim(words));
  }

  async *commands(): AsyncGenerator<ChatCommand, void, undefined> {
    for (;;) {
      const command = this.#typed.shift();
      if (command) yield command;
      else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#isClosed) return;
    this.#erase();
    this.#readline.close();
  }

  /** At once, and not when somebody asks for it: readline goes on with the next line where it stands. */
  #entered(line: string): void {
    cursorTo(this.#output, 0);
    moveCursor(this.#output, 0, -this.#typedRows - 1);
    clearScreenDown(this.#output);
    if (line === "") return this.#draw("");
    const command = parseLine(line);
    const echo = command.type === "say" ? `${this.#name}: ${command.text}` : this.#dim(line);
    this.#draw(`${echo}\n`);
    this.#typed.push(command);
    this.#wake();
  }

  /** Puts text above the line that is being typed. */
  #print(text: string): void {
    if (this.#isClosed) this.#output.write(`${text}\n`);
    else this.#draw(`${text}\n`, this.#erase());
  }

  #refresh(): void {
    if (!this.#isClosed) this.#draw("", this.#erase());
  }

  /** Clears the prompt and what is being typed. Returns the row of it that the cursor was in. */
  #erase(): number {
    const { rows } = this.#readline.getCursorPos();
    cursorTo(this.#output, 0);
    moveCursor(this.#output, 0, -rows);
    clearScreenDown(this.#output);
    return rows;
  }

  /** Draws the prompt behind some text, from where the cursor is: at what was its first row. */
  #draw(text: string, rows = 0): void {
    // Readline goes up first, by the rows it believes to be above the cursor: give it those. After a
    // paste its belief is out of date, and only this property, which it does not document, tells.
    const { prevRows = rows } = this.#readline as { readonly prevRows?: number };
    this.#output.write(text + "\n".repeat(prevRows));
    const line = this.#status.line(performance.now(), (this.#output.columns || 80) - 3);
    const bar = styleText("inverse", ` ${line} `, { stream: this.#output });
    this.#readline.setPrompt(`${bar}\n> `);
    this.#readline.prompt(true);
  }

  #dim(text: string): string {
    return styleText("dim", text, { stream: this.#output });
  }
}

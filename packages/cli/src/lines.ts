/**
 * Lines from readline, one at a time.
 *
 * @module
 */

import type { Interface } from "node:readline";

/** How many lines may wait before no more are read. What is read already comes on top. */
const WAITING_MAX = 1024;

/**
 * The lines, until `lines` is closed: by us, or by the end of its input. Iterated once, from the turn
 * on in which `lines` was made: what comes before is lost.
 *
 * Readline's own iterator throws, and loses lines, when its input ends while some still wait to be
 * taken: it asks for more from what is closed.
 */
export async function* linesOf(lines: Interface): AsyncGenerator<string, void, undefined> {
  const waiting: string[] = [];
  let isClosed = false;
  let wake: () => void = () => {};
  lines.on("line", (line) => {
    waiting.push(line);
    if (waiting.length >= WAITING_MAX && !isClosed) lines.pause();
    wake();
  });
  lines.on("close", () => {
    isClosed = true;
    wake();
  });
  try {
    for (;;) {
      const line = waiting.shift();
      if (line !== undefined) {
        yield line;
      } else if (isClosed) {
        return;
      } else {
        lines.resume();
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    lines.close();
  }
}

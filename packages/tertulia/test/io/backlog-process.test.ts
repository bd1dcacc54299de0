import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { connect, type Session } from "tertulia";

const MESSAGES = 400;
/** How often a sender that never stops is killed; more with this variable. */
const KILLS = Number(process.env["TERTULIA_BACKLOG_KILLS"] ?? 4);

/** A sender, which can be killed and started again on its store. */
class Sender implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "tertulia-backlog-"));
  #child: ChildProcess | undefined;
  port = 0;

  async start(mode = ""): Promise<void> {
    const script = new URL("./backlog-process.js", import.meta.url);
    const words = [join(this.#folder, "sender.db"), String(this.port), mode];
    const execArgv = ["--disable-warning=ExperimentalWarning", "--expose-gc"];
    this.#child = fork(script, words, { execArgv });
    ({ port: this.port } = await this.#answer());
  }

  async send(count: number): Promise<{ grownOctets: number; waitingOctets: number }> {
    this.#child?.send(count);
    return this.#answer();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async #answer<T>(): Promise<T> {
    const [answer] = await once(this.#child as ChildProcess, "message");
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The numbers of the messages that come, as far as they are what was sent. */
async function numbersOf(session: Session): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { octets } of session) {
    const number = new DataView(octets.buffer, octets.byteOffset).getUint32(0);
    const isWhole = octets.length === 100_000 && octets[99_999] === (number & 0xff);
    numbers.push(isWhole ? number : -1);
    if (number === MESSAGES) break;
  }
  return numbers;
}

/** Reads as `isReading` has it, and fails at the first message that is not the next. */
async function readInOrder(session: Session, isReading: () => boolean): Promise<number> {
  let last = 0;
  for await (const { value } of session) {
    if (Number(value) !== last + 1) throw new Error(`${Number(value)} behind ${last}`);
    last += 1;
    while (!isReading()) await new Promise((resolve) => setTimeout(resolve, 5));
    if (last % 50 === 0 && session.end) break;
  }
  return last;
}

describe("a backlog that fills and empties in a process that is killed at any instant", () => {
  it(`loses, repeats and reorders nothing, ${KILLS} times`, async () => {
    await using sender = new Sender();
    await sender.start("forever");
    const limits = { backoffMs: 5, backoffMsMax: 20, windowOctets: 8192, windowOctetsMax: 8192 };
    const session = await connect(`tcp://127.0.0.1:${sender.port}`, { limits });
    let isReading = true;
    let got = 0;
    const read = readInOrder(session, () => {
      got += 1;
      return isReading;
    });
    read.catch(() => {});
    for (let kill = 0; kill < KILLS; kill += 1) {
      isReading = kill % 2 === 0;
      const before = got;
      await new Promise((resolve) => setTimeout(resolve, 100 + 300 * Math.random()));
      await sender.kill();
      await sender.start("forever");
      isReading = true;
      // It goes on, or the test ends with what it threw.
      while (got <= before) {
        await Promise.race([read, new Promise((resolve) => setTimeout(resolve, 10))]);
      }
    }
    session.abort();
    // It may have ended by itself when it saw that; anything else is what it found wrong.
    await read.catch(({ code }) => assert.equal(code, "ERR_ABORTED"));
  });
});

describe("a backlog of 40 MB in a process that is killed", () => {
  it("does not fill its memory, and arrives once, whole and in order", async () => {
    await using sender = new Sender();
    await sender.start();
    const limits = { backoffMs: 60_000, backoffMsMax: 60_000 };
    const session = await connect(`tcp://127.0.0.1:${sender.port}`, { limits });
    session.breakTransport();
    const { grownOctets, waitingOctets } = await sender.send(MESSAGES);
    await sender.kill();
    await sender.start();
    session.probe();
    const numbers = await numbersOf(session);
    session.abort();
    assert.deepEqual(
      numbers,
      Array.from({ length: MESSAGES }, (_, index) => index + 1),
    );
    assert.ok(waitingOctets > 39_000_000, `${waitingOctets} octets waited`);
    // The session's part of it, and what is on its way to the store.
    assert.ok(grownOctets < 4_000_000, `memory grew by ${grownOctets} octets`);
  });
});

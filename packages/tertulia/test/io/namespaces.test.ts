import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { FAR_ADDRESS, type Side, TestNetwork } from "../network.ts";
import { hasNamespaces } from "../peers.ts";
import { numbered } from "./linked.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "lines-process.js");

describe("two processes on two networks", { concurrency: true, timeout: 100_000 }, () => {
  for (const scheme of ["tcp", "tls"] as const) {
    it(`lose nothing over ${scheme}: link cut, address changed, silence, either side frozen`, async (t) => {
      if (!hasNamespaces(t)) return;
      using network = new TestNetwork();
      const where = `${scheme}://${FAR_ADDRESS}:7700`;
      await using server = new Program(network, "far", ["listen", where]);
      await server.says("listening");
      await using client = new Program(network, "near", ["connect", where]);

      await server.hears(20);
      network.cut();
      await client.says("suspended");
      network.heal();
      await client.says("resumed");

      await server.hears(server.lines().length + 20);
      network.changeAddress();
      await client.says("resumed", 2);

      await server.hears(server.lines().length + 20);
      network.silence();
      await client.says("suspended", 3);
      await server.says("suspended", 2);
      network.unsilence();
      await client.says("resumed", 3);

      await server.hears(server.lines().length + 20);
      const resumes = server.count("resumed");
      client.process.kill("SIGSTOP");
      await server.says("suspended", server.count("suspended") + 1);
      client.process.kill("SIGCONT");
      await server.says("resumed", resumes + 1);

      await server.hears(server.lines().length + 20);
      const dials = client.count("resumed");
      server.process.kill("SIGSTOP");
      await client.says("suspended", client.count("suspended") + 1);
      server.process.kill("SIGCONT");
      await client.says("resumed", dials + 1);

      await server.hears(server.lines().length + 20);
      server.process.stdin?.end();
      client.process.stdin?.end();
      assert.deepEqual([await client.exit, await server.exit], [0, 0]);
      // What one has said the other has heard, from the first line to the last, once.
      for (const [speaker, hearer] of [
        [client, server],
        [server, client],
      ] as const) {
        assert.equal(speaker.count(`said ${hearer.lines().length}`), 1);
        assert.deepEqual(hearer.lines(), numbered(0, hearer.lines().length));
      }
      assert.deepEqual([client.count("end released"), server.count("end released")], [1, 1]);
    });
  }
});

/** A process on one of the hosts, and what it has said so far. */
class Program implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly exit: Promise<number | null>;
  #output = "";
  #errors = "";
  #wake: () => void = () => {};

  constructor(network: TestNetwork, side: Side, parameters: readonly string[]) {
    const child = network.spawn(side, [process.execPath, program, ...parameters]);
    this.process = child;
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      this.#output += text;
      this.#wake();
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      this.#errors += text;
      this.#wake();
    });
    this.exit = new Promise((resolve) => child.once("close", resolve));
    void this.exit.then(() => this.#wake());
  }

  lines(): string[] {
    return this.#output.split("\n").slice(0, -1);
  }

  count(word: string): number {
    return this.#errors.split("\n").filter((line) => line === word).length;
  }

  hears(lines: number): Promise<void> {
    return this.#until(() => this.lines().length >= lines, `${lines} lines`);
  }

  says(word: string, times = 1): Promise<void> {
    return this.#until(() => this.count(word) >= times, `${times} times ${word}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.exit;
  }

  async #until(isSo: () => boolean, what: string): Promise<void> {
    const deadline = AbortSignal.timeout(25_000);
    while (!isSo()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const fail = () => reject(new Error(`waited for ${what}; said so far: ${this.#errors}`));
      if (deadline.aborted || this.process.exitCode !== null) fail();
      deadline.addEventListener("abort", fail, { once: true });
      await promise;
    }
  }
}

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { hasNamespaces } from "../peers.ts";
import { numbered } from "./linked.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "lines-process.js");

describe("two processes on two networks", { concurrency: true, timeout: 100_000 }, () => {
  for (const scheme of ["tcp", "tls"] as const) {
    it(`lose nothing over ${scheme}: link cut, address changed, silence, either side frozen`, async (t) => {
      if (!hasNamespaces(t)) return;
      using network = new Network(`tio${process.pid}${scheme}`);
      await using server = new Side(network.server, ["listen", `${scheme}://10.79.0.2:7700`]);
      await server.says("listening");
      await using client = new Side(network.client, ["connect", `${scheme}://10.79.0.2:7700`]);

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

/** Two network namespaces with a cable between them. */
class Network implements Disposable {
  readonly client: string;
  readonly server: string;

  constructor(name: string) {
    this.client = `${name}c`;
    this.server = `${name}s`;
    for (const namespace of [this.client, this.server]) {
      ip("netns", "add", namespace);
      ip("-n", namespace, "link", "set", "lo", "up");
    }
    const peer = ["peer", "name", "wire", "netns", this.server];
    ip("-n", this.client, "link", "add", "wire", "type", "veth", ...peer);
    this.#address(this.client, "add", "10.79.0.1/24");
    this.#address(this.server, "add", "10.79.0.2/24");
    for (const namespace of [this.client, this.server])
      ip("-n", namespace, "link", "set", "wire", "up");
  }

  cut(): void {
    ip("-n", this.server, "link", "set", "wire", "down");
  }

  heal(): void {
    ip("-n", this.server, "link", "set", "wire", "up");
  }

  changeAddress(): void {
    this.#address(this.client, "del", "10.79.0.1/24");
    this.#address(this.client, "add", "10.79.0.3/24");
  }

  /** Frames go to a station that is not there: nobody says so to anybody. */
  silence(): void {
    const nowhere = ["lladdr", "02:00:00:00:00:99", "dev", "wire", "nud", "permanent"];
    ip("-n", this.client, "neigh", "replace", "10.79.0.2", ...nowhere);
    ip("-n", this.server, "neigh", "replace", "10.79.0.3", ...nowhere);
  }

  unsilence(): void {
    ip("-n", this.client, "neigh", "del", "10.79.0.2", "dev", "wire");
    ip("-n", this.server, "neigh", "del", "10.79.0.3", "dev", "wire");
  }

  [Symbol.dispose](): void {
    for (const namespace of [this.client, this.server]) ip("netns", "del", namespace);
  }

  #address(namespace: string, what: "add" | "del", address: string): void {
    ip("-n", namespace, "addr", what, address, "dev", "wire");
  }
}

function ip(...parameters: readonly string[]): void {
  execFileSync("ip", parameters);
}

/** A process in a namespace, and what it has said so far. */
class Side implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly exit: Promise<number | null>;
  #output = "";
  #errors = "";
  #wake: () => void = () => {};

  constructor(namespace: string, parameters: readonly (string | number)[]) {
    const command = [
      "netns",
      "exec",
      namespace,
      process.execPath,
      program,
      ...parameters.map(String),
    ];
    const child = spawn("ip", command, { stdio: ["pipe", "pipe", "pipe"] });
    this.process = child;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      this.#output += text;
      this.#wake();
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
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

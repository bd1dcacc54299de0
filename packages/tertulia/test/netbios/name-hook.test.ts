import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type NetbiosNode, runNameHook } from "../../src/netbios/index.ts";
import { Loopback } from "./loopback.ts";

describe("the hook of a name server", () => {
  it("is told of each change in order, with the addresses that are left", async () => {
    await using lab = await HookedServer.open('echo "$@" >>"$0.log"');
    const dave = await lab.client(2);
    const erin = await lab.client(3);
    const changes = [
      () => dave.addName("DAVE<20>"),
      () => dave.addName("TEAM<00>", { group: true }),
      () => erin.addName("TEAM<00>", { group: true }),
      () => dave.deleteName("TEAM<00>"),
      () => dave.deleteName("DAVE<20>"),
    ];
    for (const [i, change] of changes.entries()) {
      await change();
      // Else a later change of the name would take the place of one that still waits.
      await lab.lines(i + 1);
    }
    assert.deepEqual(await lab.lines(5), [
      `add DAVE 20 259200 ${dave.address}`,
      `add TEAM 00 259200 ${dave.address}`,
      `add TEAM 00 259200 ${dave.address} ${erin.address}`,
      `refresh TEAM 00 0 ${erin.address}`,
      "delete DAVE 20 0",
    ]);
  });

  it("is not told of names that a script could misread", async () => {
    await using lab = await HookedServer.open('echo "$@" >>"$0.log"');
    const client = await lab.client(2);
    for (const name of ["$(id)", "A;B", "-RF", "A B", "A/B", "GOOD.NAME-1_2"]) {
      await client.addName(name);
    }
    assert.deepEqual(await lab.lines(1), [`add GOOD.NAME-1_2 00 259200 ${client.address}`]);
  });

  it("says when it fails, and goes on with the next change", async () => {
    await using lab = await HookedServer.open('echo "$2" >>"$0.log"; [ "$2" != BAD ]');
    const client = await lab.client(2);
    await client.addName("BAD");
    await client.addName("GOOD");
    assert.deepEqual(await lab.lines(2), ["BAD", "GOOD"]);
    assert.equal(lab.failures.length, 1);
    assert.match(lab.failures[0]?.message ?? "", /BAD/);
  });

  it("is ended when it takes too long", async () => {
    await using lab = await HookedServer.open('echo "$2" >>"$0.log"; exec sleep 60', 1000);
    const client = await lab.client(2);
    await client.addName("ONE");
    await client.addName("TWO");
    assert.deepEqual(await lab.lines(2), ["ONE", "TWO"]);
  });
});

/** A name server with a hook of one line of shell. */
class HookedServer implements AsyncDisposable {
  readonly failures: Error[] = [];
  readonly #loopback: Loopback;
  readonly #folder: string;
  readonly #hook: string;
  #ended: Promise<void> | undefined;

  private constructor(loopback: Loopback) {
    this.#loopback = loopback;
    this.#folder = mkdtempSync(join(tmpdir(), "tertulia-hook-"));
    this.#hook = join(this.#folder, "hook");
  }

  static async open(script: string, timeoutMs = 10_000): Promise<HookedServer> {
    const one = new HookedServer(await Loopback.open());
    writeFileSync(one.#hook, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const server = await one.#loopback.node(1, { server: {} });
    const failed = (error: Error): void => void one.failures.push(error);
    one.#ended = runNameHook(server, one.#hook, { timeoutMs, failed });
    return one;
  }

  client(host: number): Promise<NetbiosNode> {
    const nameServers = [this.#loopback.address(1)];
    return this.#loopback.node(host, { nodeType: "P", nameServers });
  }

  /** What the hook has written, when it is so many lines. */
  async lines(count: number): Promise<string[]> {
    for (let i = 0; i < 400; i++) {
      const lines = this.#written();
      if (lines.length >= count) return lines;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return this.#written();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
    await this.#ended;
    rmSync(this.#folder, { recursive: true });
  }

  #written(): string[] {
    try {
      return readFileSync(`${this.#hook}.log`, "utf8").split("\n").filter(Boolean);
    } catch {
      return [];
    }
  }
}

/**
 * A tunnel through an nginx that is killed, reads its settings anew, or finds no node behind it.
 */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FAR_ADDRESS, type Side } from "../network.ts";
import { firstLine, type ProgramHosts, programHosts, whenListening } from "./program-hosts.ts";
import { nginx, nginxConfig } from "./servers.ts";

const COMMAND = join(import.meta.dirname, "../../../../cli/bin/tertulia.js");
const SERVE = ["serve", "--listen", "127.0.0.1:7700", "--allow", "127.0.0.1:9000"];
const NOT_THE_NODE = 7999;

type Printed = Readonly<Record<string, unknown>>;

describe("a tunnel through an nginx that fails", { timeout: 120_000 }, () => {
  it("goes on with a transfer, and status says what was wrong", async (t) => {
    using hosts = programHosts(t, "nginx-fails", "nginx", "socat");
    if (!hosts) return;
    const proxied = await ProxiedTunnel.open(hosts);
    const transfer = new Transfer(hosts);

    killWithChildren(proxied.nginx);
    await proxied.logged("suspended", 1);
    await proxied.saidInStatus(/why: nobody listens there/);
    proxied.nginx = await nginx(hosts);
    await proxied.logged("resumed", 1);
    await transfer.moved();

    // Its old process goes on with the connections that it has.
    proxied.nginx.kill("SIGHUP");
    await transfer.moved();
    assert.equal(proxied.count("suspended"), 1);

    proxied.nginx.kill("SIGTERM");
    await proxied.logged("suspended", 2);
    // From now on its old processes go on for a moment only.
    proxied.nginx = await nginx(hosts, { shutdownTimeout: "200ms" });
    await proxied.logged("resumed", 2);
    await transfer.moved();

    nginxConfig(hosts, { shutdownTimeout: "200ms", port: NOT_THE_NODE });
    proxied.nginx.kill("SIGHUP");
    await proxied.logged("suspended", 3);
    await proxied.saidInStatus(/why: the proxy there does not reach the node behind it .*502/);
    nginxConfig(hosts);
    proxied.nginx.kill("SIGHUP");
    await proxied.logged("resumed", 3);
    await transfer.moved();

    // Another process of the node's takes over, and its port is never closed: no 502 of that.
    proxied.node.kill("SIGUSR2");
    await proxied.logged("resumed", 4);
    await transfer.moved();

    assert.deepEqual(await transfer.ended(), transfer.sent);
    assert.equal(proxied.count("lost"), 0);
  });

  it("goes on with the session of a node that is down for a while, behind a 502", async (t) => {
    using hosts = programHosts(t, "nginx-502", "nginx", "socat");
    if (!hosts) return;
    const proxied = await ProxiedTunnel.open(hosts);
    const before = new Transfer(hosts);
    await before.moved();
    proxied.node.kill("SIGKILL");
    await proxied.saidInStatus(/why: the proxy there does not reach the node behind it .*502/);
    await proxied.serve();
    await proxied.logged("resumed", 1);
    // The kernel has closed the socket that the killed process had: that is the truth.
    await before.failed();
    await proxied.saidInStatus(/the far side was restarted, and the socket that it had is gone/);
    const after = new Transfer(hosts);
    await after.moved();
    assert.deepEqual(await after.ended(), after.sent);
    assert.equal(proxied.count("lost"), 0);
  });
});

/** A node behind an nginx, and a tunnel to it, as people start them. */
class ProxiedTunnel {
  readonly #hosts: ProgramHosts;
  readonly #printed: Printed[] = [];
  nginx: ChildProcess;
  node: ChildProcess;

  private constructor(hosts: ProgramHosts, proxy: ChildProcess) {
    this.#hosts = hosts;
    this.nginx = proxy;
    this.node = this.#run("far", ...SERVE, "--store", hosts.path("node.db"));
  }

  static async open(hosts: ProgramHosts): Promise<ProxiedTunnel> {
    const proxied = new ProxiedTunnel(hosts, await nginx(hosts));
    hosts.start("far", "socat", "TCP-LISTEN:9000,bind=127.0.0.1,fork", "EXEC:cat");
    await firstLine(proxied.node);
    await whenListening(hosts, 9000);
    const forward = ["--local", "9001:127.0.0.1:9000", "--accept-new"];
    const tunnel = proxied.#run("near", "tunnel", `wss://${FAR_ADDRESS}/tertulia`, ...forward);
    createInterface(tunnel.stdout!).on("line", (line) => proxied.#printed.push(JSON.parse(line)));
    await proxied.logged("connected", 1);
    return proxied;
  }

  /** Starts the node again. */
  async serve(): Promise<void> {
    this.node = this.#run("far", ...SERVE, "--store", this.#hosts.path("node.db"));
    await firstLine(this.node);
  }

  #run(side: Side, ...words: string[]): ChildProcess {
    const home = ["--json", "--home", this.#hosts.path(side)];
    return this.#hosts.start(side, process.execPath, COMMAND, ...words, ...home);
  }

  count(event: string): number {
    return this.#printed.filter((line) => line["event"] === event).length;
  }

  async logged(event: string, count: number): Promise<void> {
    await until(
      () => this.count(event) >= count,
      () => `no "${event}" ${count}: ${JSON.stringify(this.#printed, undefined, 1)}`,
    );
  }

  /** What people are shown. */
  async saidInStatus(reason: RegExp): Promise<void> {
    let shown = "";
    const words = ["tunnel", "status", "--home", this.#hosts.path("near")];
    for (const by = performance.now() + 10_000; performance.now() < by; await sleep(200)) {
      shown = await this.#hosts.run(process.execPath, COMMAND, ...words);
      if (reason.test(shown)) return;
    }
    assert.match(shown, reason);
  }
}

/** Octets to a target that says them back, in small pieces, until it is ended. */
class Transfer {
  readonly #socat: ChildProcess;
  readonly #out = createHash("sha256");
  readonly #back = createHash("sha256");
  readonly #running: Promise<void>;
  #isOver = false;
  #octets = 0;
  #heard = 0;

  constructor(hosts: ProgramHosts) {
    this.#socat = hosts.start("near", "socat", "-t", "60", "-", "TCP:127.0.0.1:9001");
    this.#socat.stdout!.on("data", (octets: Buffer) => {
      this.#back.update(octets);
      this.#heard += octets.length;
    });
    this.#socat.stdin!.on("error", () => {});
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { stdin } = this.#socat;
    while (!this.#isOver && this.#socat.exitCode === null && !this.#socat.killed) {
      const octets = randomBytes(50_000);
      this.#out.update(octets);
      this.#octets += octets.length;
      stdin!.write(octets);
      while (stdin!.writableLength > 0 && !this.#socat.killed) await sleep(5);
      await sleep(5);
    }
    stdin!.end();
  }

  /** It goes on: what is said now comes back. */
  async moved(): Promise<void> {
    const octets = this.#octets + 1_000_000;
    await until(
      () => this.#heard > octets,
      () => `heard ${this.#heard} of ${this.#octets}`,
    );
  }

  /** What came back, once all has. */
  async ended(): Promise<{ readonly octets: number; readonly digest: string }> {
    this.#isOver = true;
    await Promise.all([this.#running, once(this.#socat, "close")]);
    return { octets: this.#heard, digest: this.#back.copy().digest("hex") };
  }

  /** It was ended, and what was still to come does not. */
  async failed(): Promise<void> {
    if (this.#socat.exitCode === null) await once(this.#socat, "close");
    await this.#running;
    assert.notEqual(this.#heard, this.#octets);
  }

  get sent(): { readonly octets: number; readonly digest: string } {
    return { octets: this.#octets, digest: this.#out.copy().digest("hex") };
  }
}

function killWithChildren({ pid = 0 }: ChildProcess): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  for (const one of [pid, ...children.map(Number)]) process.kill(one, "SIGKILL");
}

async function until(isSo: () => boolean, wrong: () => string): Promise<void> {
  for (const by = performance.now() + 20_000; !isSo(); await sleep(20)) {
    if (performance.now() > by) assert.fail(wrong());
  }
}

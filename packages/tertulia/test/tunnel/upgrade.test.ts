/**
 * Real programs whose node is replaced by another process (`kill -USR2`), twice: none of them notices.
 */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FAR_ADDRESS } from "../network.ts";
import { programHosts } from "./program-hosts.ts";
import { databases, sshd } from "./servers.ts";

const COMMAND = join(import.meta.dirname, "../../../../cli/bin/tertulia.js");
const NODE_ADDRESS = `${FAR_ADDRESS}:7700`;
const PEERS = ["sshd", "ssh", "psql", "redis-server", "redis-cli"];

/** What a command has printed so far, as JSON lines. */
function printedBy(child: ChildProcess): Record<string, unknown>[] {
  const printed: Record<string, unknown>[] = [];
  createInterface(child.stdout!).on("line", (line) => printed.push(JSON.parse(line)));
  return printed;
}

async function until<T>(look: () => T | undefined): Promise<T> {
  const by = performance.now() + 20_000;
  for (;;) {
    const seen = look();
    if (seen !== undefined) return seen;
    assert.ok(performance.now() < by, `waited in vain for ${look}`);
    await sleep(20);
  }
}

describe("programs through a node that is replaced", { timeout: 90_000 }, () => {
  it("ssh, a PostgreSQL transaction and a Redis subscriber do not notice", async (t) => {
    using hosts = programHosts(t, "upgrade", ...PEERS);
    if (!hosts) return;
    const options = await sshd(hosts);
    await databases(hosts);
    const home = ["--home", hosts.path("home"), "--json"];
    const serving = ["--allow", "tcp:127.0.0.1:*", "--store", hosts.path("node.db")];
    const words = [COMMAND, "serve", "--listen", NODE_ADDRESS, ...serving, ...home];
    const node = hosts.start("far", process.execPath, ...words);
    const said = printedBy(node);
    await until(() => said.find(({ event }) => event === "listening"));
    const ports = [
      [2222, 2022],
      [15432, 5432],
      [16379, 6379],
    ];
    const locals = ports.flatMap(([from, to]) => ["--local", `${from}:127.0.0.1:${to}`]);
    const tunnel = hosts.start(
      ...(["near", process.execPath, COMMAND, "tunnel", NODE_ADDRESS] as const),
      ...[...locals, ...home],
    );
    const heardOfTunnel = printedBy(tunnel);
    await until(() => heardOfTunnel.find(({ event }) => event === "connected"));

    // They go on until both upgrades are over, however long those take; and not for ever if that fails.
    const over = hosts.path("over");
    const counting = `for i in $(seq 1 1200); do echo line $i; [ -e ${over} ] && break; sleep 0.05; done`;
    const shell = hosts.run("ssh", ...options, "-p", "2222", "root@127.0.0.1", counting);
    const waiting = `\\! for i in $(seq 1 600); do [ -e ${over} ] && break; sleep 0.1; done`;
    const rows = `insert into t values (1);\n${waiting}\ninsert into t values (2);`;
    const script = `create table t(i int); begin; ${rows} commit; select sum(i) from t;`;
    const file = hosts.write("script.sql", script, 0o644);
    const to = ["-h", "127.0.0.1", "-p", "15432", "-U", "postgres"];
    const psql = hosts.run("psql", ...to, "-At", "-f", file);
    const subscriber = hosts.start("near", "redis-cli", "-p", "16379", "subscribe", "news");
    const news: string[] = [];
    createInterface(subscriber.stdout!).on("line", (line) => news.push(line));
    await until(() => news[2]);

    const successors: number[] = [];
    try {
      const wentOver: unknown[] = [];
      for (const count of [1, 2]) {
        hosts.network.in("far", "redis-cli", "publish", "news", `item ${count}`);
        process.kill(successors.at(-1) ?? node.pid ?? 0, "SIGUSR2");
        const line = await until(
          () => said.filter(({ event }) => event === "upgrading")[count - 1],
        );
        successors.push(Number(line["successor"]));
        wentOver.push(line["connections"]);
        await until(() => heardOfTunnel.filter(({ event }) => event === "resumed")[count - 1]);
      }
      hosts.network.in("far", "redis-cli", "publish", "news", "item 3");
      await until(() => (news.includes("item 3") ? true : undefined));
      hosts.write("over", "");
      const heard = await shell;
      const count = heard.split("\n").length - 1;
      assert.ok(count > 0);
      const lines = Array.from({ length: count }, (_, i) => `line ${i + 1}\n`);
      assert.equal(heard, lines.join(""));
      assert.match(await psql, /\n3\n$/);
      assert.deepEqual(
        news.filter((line) => line.startsWith("item ")),
        ["item 1", "item 2", "item 3"],
      );
      // All three went over while they were open, each time.
      assert.deepEqual(wentOver, [3, 3]);
    } finally {
      for (const pid of successors.slice(-1)) process.kill(pid, "SIGKILL");
    }
  });
});

/**
 * Programs that know nothing of us, through a tunnel, over a network that fails them.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FAR_ADDRESS } from "../network.ts";
import { digest, forward, programHosts, whenListening } from "./program-hosts.ts";
import { databases, sshd, vsftpd } from "./servers.ts";

/** How often the link has to have broken at least, for the test to have tested anything. */
const EXPECTED_CUTS = 1;

describe("programs through a tunnel", { concurrency: false, timeout: 240_000 }, () => {
  it("ssh prints every line, and sftp and rsync every octet, while the network fails", async (t) => {
    using hosts = programHosts(t, "ssh", "sshd", "ssh", "sftp", "rsync");
    if (!hosts) return;
    const options = await sshd(hosts);
    await hosts.tunnel({ local: [forward(2222, 2022)] });
    const failing = hosts.misbehave();
    const count = "for i in $(seq 1 120); do echo line $i; sleep 0.05; done";
    const shell = hosts.run("ssh", ...options, "-p", "2222", "root@127.0.0.1", count);
    const file = hosts.write("source", randomBytes(24_000_000));
    const batch = hosts.write("batch", `put ${file} ${hosts.path("sftp")}\n`);
    const copied = hosts.run("sftp", ...options, "-P", "2222", "-b", batch, "root@127.0.0.1");
    const rsh = `ssh -p 2222 ${options.join(" ")}`;
    const synced = hosts.run("rsync", "-e", rsh, file, `root@127.0.0.1:${hosts.path("rsync")}`);
    const lines = Array.from({ length: 120 }, (_, i) => `line ${i + 1}\n`).join("");
    assert.equal(await shell, lines);
    await Promise.all([copied, synced]);
    hosts.behave();
    await failing;
    assert.equal(digest(hosts.path("sftp")), digest(file));
    assert.equal(digest(hosts.path("rsync")), digest(file));
    const resumed = hosts.changes.filter((change) => change === "resumed");
    assert.ok(resumed.length >= EXPECTED_CUTS, `resumed only ${resumed.length} times`);
  });

  it("ssh without a tunnel does not survive a new address", async (t) => {
    using hosts = programHosts(t, "bare", "sshd", "ssh");
    if (!hosts) return;
    const known = await sshd(hosts);
    hosts.start("far", "socat", `TCP-LISTEN:2022,bind=${FAR_ADDRESS},fork`, "TCP:127.0.0.1:2022");
    const alive = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"];
    // The first of two equal options counts.
    const options = [...alive, ...known, "-p", "2022", `root@${FAR_ADDRESS}`];
    await whenListening(hosts, 2022, FAR_ADDRESS);
    const child = hosts.start(
      "near",
      "ssh",
      ...options,
      "for i in 1 2 3 4 5; do echo $i; sleep 1; done",
    );
    await once(child.stdout!, "data");
    hosts.network.changeAddress();
    const [code] = await once(child, "close");
    assert.equal(code, 255);
  });

  it("ssh without a tunnel does not survive a silence", async (t) => {
    using hosts = programHosts(t, "bare-silence", "sshd", "ssh");
    if (!hosts) return;
    const known = await sshd(hosts);
    hosts.start("far", "socat", `TCP-LISTEN:2022,bind=${FAR_ADDRESS},fork`, "TCP:127.0.0.1:2022");
    await whenListening(hosts, 2022, FAR_ADDRESS);
    const alive = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"];
    const options = [...alive, ...known, "-p", "2022", `root@${FAR_ADDRESS}`];
    const counting = "for i in $(seq 1 100); do echo $i; sleep 0.1; done";
    const child = hosts.start("near", "ssh", ...options, counting);
    let heard = "";
    child.stdout!.on("data", (octets) => (heard += octets));
    await once(child.stdout!, "data");
    hosts.network.silence();
    // Neither side hears that the other is gone: only asking in vain tells.
    const [code] = await once(child, "close");
    hosts.network.unsilence();
    assert.equal(code, 255);
    assert.ok(!heard.includes("100\n"));
  });

  it("FTP moves files, active and passive, while the network fails", async (t) => {
    using hosts = programHosts(t, "ftp", "vsftpd", "lftp", "curl");
    if (!hosts) return;
    await vsftpd(hosts);
    const source = hosts.write("ftp/pub/down", randomBytes(12_000_000), 0o644);
    await hosts.tunnel({ local: [forward(2121, 2021, true)] });
    const failing = hosts.misbehave();
    const url = "ftp://127.0.0.1:2121/pub";
    await hosts.run("curl", "-sS", "-o", hosts.path("passive"), `${url}/down`);
    await hosts.run("curl", "-sS", "-P", "-", "-o", hosts.path("active"), `${url}/down`);
    await hosts.run("curl", "-sS", "--disable-eprt", "-P", "-", "-T", source, `${url}/up`);
    const commands = `set ftp:passive-mode on; get ${url}/up -o ${hosts.path("lftp")}; bye`;
    await hosts.run("lftp", "-c", commands);
    hosts.behave();
    await failing;
    for (const name of ["passive", "active", "lftp"]) {
      assert.equal(digest(hosts.path(name)), digest(source), name);
    }
  });

  it("a PostgreSQL transaction and a Redis subscriber do not notice", async (t) => {
    using hosts = programHosts(t, "db", "psql", "redis-server", "redis-cli");
    if (!hosts) return;
    const server = await databases(hosts);
    await hosts.tunnel({ local: [forward(15432, 5432), forward(16379, 6379)] });
    const failing = hosts.misbehave();

    const subscriber = hosts.start("near", "redis-cli", "-p", "16379", "subscribe", "news");
    const heard: string[] = [];
    createInterface(subscriber.stdout!).on("line", (line) => heard.push(line));
    while (heard.length < 3) await sleep(50);
    const inserts = Array.from(
      { length: 20 },
      (_, i) => `insert into t values (${i}); select pg_sleep(0.2);`,
    );
    const script = `create table t(i int); begin; ${inserts.join(" ")} commit; select count(*), sum(i) from t;`;
    const file = hosts.write("script.sql", script, 0o644);
    const psql = hosts.run(
      "psql",
      "-h",
      "127.0.0.1",
      "-p",
      "15432",
      "-U",
      "postgres",
      "-At",
      "-f",
      file,
    );
    for (let i = 0; i < 40; i++) {
      hosts.network.in("far", "redis-cli", "publish", "news", `item ${i}`);
      await sleep(100);
    }
    assert.match(await psql, /\n20\|190\n$/);
    hosts.behave();
    await failing;
    while (heard.length < 3 + 3 * 40) await sleep(50);
    const items = heard.filter((line) => line.startsWith("item "));
    assert.deepEqual(
      items,
      Array.from({ length: 40 }, (_, i) => `item ${i}`),
    );
    server.kill("SIGINT");
  });
});

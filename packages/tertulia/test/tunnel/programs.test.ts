/**
 * Programs that know nothing of us, through a tunnel, over a network that fails them.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FAR_ADDRESS } from "../network.ts";
import { findPeer } from "../peers.ts";
import {
  digest,
  forward,
  type ProgramHosts,
  programHosts,
  whenListening,
} from "./program-hosts.ts";

/** How often the link has to have broken at least, for the test to have tested anything. */
const EXPECTED_CUTS = 1;

/** An sshd of our own, and how to reach it through the tunnel. */
async function sshd(hosts: ProgramHosts): Promise<string[]> {
  mkdirSync("/run/sshd", { recursive: true });
  for (const name of ["host", "user"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hosts.path(name)]);
  }
  hosts.write("authorized_keys", readFileSync(hosts.path("user.pub")));
  const config = hosts.write(
    "sshd_config",
    [
      "Port 2022",
      `ListenAddress 127.0.0.1`,
      `HostKey ${hosts.path("host")}`,
      `AuthorizedKeysFile ${hosts.path("authorized_keys")}`,
      `PidFile ${hosts.path("sshd.pid")}`,
      "PermitRootLogin yes",
      "StrictModes no",
      "UsePAM no",
      "Subsystem sftp internal-sftp",
    ].join("\n"),
  );
  hosts.start("far", findPeer("sshd")!, "-D", "-f", config);
  await whenListening(hosts, 2022);
  await hosts.tunnel({ local: [forward(2222, 2022)] });
  return sshOptions(hosts);
}

function sshOptions(hosts: ProgramHosts): string[] {
  const options = ["StrictHostKeyChecking=no", `UserKnownHostsFile=${hosts.path("known")}`];
  options.push("LogLevel=ERROR", `IdentityFile=${hosts.path("user")}`, "ServerAliveInterval=0");
  return ["-F", "none", ...options.flatMap((option) => ["-o", option])];
}

describe("programs through a tunnel", { concurrency: false, timeout: 240_000 }, () => {
  it("ssh prints every line, and sftp and rsync every octet, while the network fails", async (t) => {
    using hosts = programHosts(t, "ssh", "sshd", "ssh", "sftp", "rsync");
    if (!hosts) return;
    const options = await sshd(hosts);
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
    await sshd(hosts);
    hosts.start("far", "socat", `TCP-LISTEN:2022,bind=${FAR_ADDRESS},fork`, "TCP:127.0.0.1:2022");
    const alive = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"];
    // The first of two equal options counts.
    const options = [...alive, ...sshOptions(hosts), "-p", "2022", `root@${FAR_ADDRESS}`];
    await sleep(200);
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

  it("FTP moves files, active and passive, while the network fails", async (t) => {
    using hosts = programHosts(t, "ftp", "vsftpd", "lftp", "curl");
    if (!hosts) return;
    mkdirSync(hosts.path("ftp/pub"), { recursive: true, mode: 0o755 });
    execFileSync("chmod", ["755", hosts.folder, hosts.path("ftp")]);
    execFileSync("chmod", ["777", hosts.path("ftp/pub")]);
    mkdirSync("/var/run/vsftpd/empty", { recursive: true });
    const source = hosts.write("ftp/pub/down", randomBytes(12_000_000), 0o644);
    const config = hosts.write(
      "vsftpd.conf",
      [
        "listen=YES",
        "listen_address=127.0.0.1",
        "listen_port=2021",
        "background=NO",
        "anonymous_enable=YES",
        "no_anon_password=YES",
        `anon_root=${hosts.path("ftp")}`,
        "write_enable=YES",
        "anon_upload_enable=YES",
        "anon_umask=022",
        "secure_chroot_dir=/var/run/vsftpd/empty",
        "seccomp_sandbox=NO",
        "connect_from_port_20=NO",
        "",
      ].join("\n"),
    );
    hosts.start("far", findPeer("vsftpd")!, config);
    await whenListening(hosts, 2021);
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
    const postgres = spawnSync("sh", ["-c", "ls -d /usr/lib/postgresql/*/bin"], {
      encoding: "utf8",
    });
    using hosts = programHosts(t, "db", "psql", "redis-server", "redis-cli");
    if (!hosts) return;
    const bin = postgres.stdout.trim().split("\n").at(-1) ?? "";
    assert.ok(bin, "postgresql is not installed: run scripts/peers.sh");
    execFileSync("chmod", ["777", hosts.folder]);
    const data = hosts.path("pg");
    const asPostgres = ["runuser", "-u", "postgres", "--"];
    const [runuser = "", ...as] = asPostgres;
    execFileSync(runuser, [...as, join(bin, "initdb"), "-D", data, "-A", "trust", "-N"], {
      stdio: "ignore",
    });
    const settings = ["-D", data, "-p", "5432", "-k", hosts.folder, "-h", "127.0.0.1"];
    const server = hosts.start("far", ...asPostgres, join(bin, "postgres"), ...settings);
    hosts.start("far", "redis-server", "--port", "6379", "--save", "", "--bind", "127.0.0.1");
    await whenListening(hosts, 5432);
    await whenListening(hosts, 6379);
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

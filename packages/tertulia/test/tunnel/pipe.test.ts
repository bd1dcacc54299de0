/**
 * What people do over ssh, as they would with `tertulia pipe` in their `~/.ssh/config`, over a network
 * that fails; and the same without it.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FAR_ADDRESS } from "../network.ts";
import {
  digest,
  firstLine,
  type ProgramHosts,
  programHosts,
  whenListening,
} from "./program-hosts.ts";
import { sshd } from "./servers.ts";

const COMMAND = join(import.meta.dirname, "../../../../cli/bin/tertulia.js");
const NODE_ADDRESS = `${FAR_ADDRESS}:7700`;
const PEERS = ["sshd", "ssh", "scp", "sftp", "rsync", "git", "socat"];
/** About 3 s each, at the rates that the programs are held to. */
const FILE_OCTETS = 3_000_000;
const AUTHOR = ["-c", "user.name=Ana", "-c", "user.email=ana@near.example"];

describe("ssh's relatives", { concurrency: false, timeout: 120_000 }, () => {
  it("copy every octet over tertulia pipe while the network fails", async (t) => {
    using hosts = programHosts(t, "pipe", ...PEERS);
    if (!hosts) return;
    await sshd(hosts);
    const home = ["--home", hosts.path("home")];
    const serve = ["serve", "--listen", NODE_ADDRESS, "--allow", "tcp:127.0.0.1:2022", "--json"];
    await firstLine(hosts.start("far", process.execPath, COMMAND, ...serve, ...home));
    // Both hosts have the same identity, so its key is known.
    const pipe = [process.execPath, COMMAND, "pipe", NODE_ADDRESS, "127.0.0.1:2022", ...home];
    const programs = begin(hosts, [`ProxyCommand ${pipe.join(" ")}`]);
    await whenConnected(hosts, programs.length);
    hosts.network.cut();
    await sleep(700);
    hosts.network.heal();
    hosts.network.silence();
    await sleep(700);
    hosts.network.unsilence();
    hosts.network.changeAddress();
    assert.deepEqual(await ended(programs), {
      scp: 0,
      sftp: 0,
      rsync: 0,
      clone: 0,
      fetch: 0,
      push: 0,
    });
    for (const name of ["scp", "sftp", "rsync", "clone/file"]) {
      assert.equal(digest(hosts.path(name)), digest(hosts.path("source")), name);
    }
    const [fetched, pushed] = [git(hosts, "fetch", "FETCH_HEAD"), git(hosts, "pushed.git", "new")];
    assert.deepEqual(
      [fetched, pushed],
      [git(hosts, "origin.git", "HEAD"), git(hosts, "push", "HEAD")],
    );
  });

  it("fail without it", async (t) => {
    using hosts = programHosts(t, "no-pipe", ...PEERS);
    if (!hosts) return;
    await sshd(hosts);
    hosts.start("far", "socat", `TCP-LISTEN:2022,bind=${FAR_ADDRESS},fork`, "TCP:127.0.0.1:2022");
    await whenListening(hosts, 2022, FAR_ADDRESS);
    // Told to look whether the other side is there: else they would wait for a quarter hour.
    const alive = ["ServerAliveInterval 1", "ServerAliveCountMax 2"];
    const programs = begin(hosts, [`HostName ${FAR_ADDRESS}`, "Port 2022", ...alive]);
    await whenConnected(hosts, programs.length);
    hosts.network.changeAddress();
    const codes = await ended(programs);
    assert.ok(
      Object.values(codes).every((code) => code !== 0),
      JSON.stringify(codes),
    );
  });
});

type Program = readonly [name: string, code: Promise<number>];

/** Starts everything that copies something to or from `far`, as slowly as it can be told to. */
function begin(hosts: ProgramHosts, way: readonly string[]): Program[] {
  const path = (name: string) => hosts.path(name);
  const config = hosts.write(
    "ssh_config",
    [
      "Host far",
      ...way,
      "User root",
      `IdentityFile ${path("user")}`,
      `UserKnownHostsFile ${path("known")}`,
      "StrictHostKeyChecking no",
      "LogLevel ERROR",
    ].join("\n"),
  );
  const file = hosts.write("source", randomBytes(FILE_OCTETS));
  repositories(hosts);
  const batch = hosts.write("batch", `put ${file} ${path("sftp")}\n`);
  const rate = ["-F", config, "-l", "8000"];
  const ssh = `ssh -F ${config}`;
  // What git runs over there waits, so that it is open when the network fails.
  const slow = (program: string) => `sleep 3; ${program}`;
  const start = (name: string, ...command: string[]): Program => {
    const child = hosts.start("near", "env", `GIT_SSH_COMMAND=${ssh}`, ...command);
    child.stdout?.resume();
    return [name, once(child, "close").then(([code]) => code)];
  };
  const upload = ["--upload-pack", slow("git-upload-pack")];
  const origin = `ssh://far${path("origin.git")}`;
  const pushing = ["git", "-C", path("push"), "push", "--receive-pack", slow("git-receive-pack")];
  return [
    start("scp", "scp", ...rate, file, `far:${path("scp")}`),
    start("sftp", "sftp", ...rate, "-b", batch, "far"),
    start("rsync", "rsync", "--bwlimit=1000", "-e", ssh, file, `far:${path("rsync")}`),
    start("clone", "git", "clone", ...upload, origin, path("clone")),
    start("fetch", "git", "-C", path("fetch"), "fetch", ...upload, origin, "HEAD"),
    start("push", ...pushing, `ssh://far${path("pushed.git")}`, "HEAD:new"),
  ];
}

/** `origin.git` has a commit with the file, `fetch` is empty, and `push` has a commit for `pushed.git`. */
function repositories(hosts: ProgramHosts): void {
  const run = (...words: string[]) => hosts.network.in("near", "git", ...AUTHOR, ...words);
  const path = (name: string) => hosts.path(name);
  for (const name of ["origin.git", "pushed.git"]) run("init", "-q", "--bare", path(name));
  for (const name of ["work", "fetch", "push"]) {
    mkdirSync(path(name));
    run("init", "-q", path(name));
  }
  for (const name of ["work", "push"]) {
    hosts.network.in("near", "cp", path("source"), path(`${name}/file`));
    run("-C", path(name), "add", "file");
    run("-C", path(name), "commit", "-q", "-m", name);
  }
  run("-C", path("work"), "push", "-q", path("origin.git"), "HEAD");
}

/** The commit that a name stands for. */
function git(hosts: ProgramHosts, repository: string, name: string): string {
  return hosts.network.in("near", "git", "-C", hosts.path(repository), "rev-parse", name);
}

/** Until so many connections have come to the sshd, and the programs are past their greetings. */
async function whenConnected(hosts: ProgramHosts, count: number): Promise<void> {
  await whenListening(hosts, 2022);
  const established = [
    "ss",
    "-Htn",
    "state",
    "established",
    "dst",
    "127.0.0.1",
    "sport",
    "=",
    ":2022",
  ];
  while (
    hosts.network
      .in("far", ...established)
      .trim()
      .split("\n").length < count
  )
    await sleep(30);
  await sleep(500);
}

/** How each of them ended. */
async function ended(programs: readonly Program[]): Promise<Record<string, number>> {
  const codes: [string, number][] = [];
  for (const [name, code] of programs) codes.push([name, await code]);
  return Object.fromEntries(codes);
}

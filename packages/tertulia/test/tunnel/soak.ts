/**
 * The program tests at full length:
 *
 *     npm run soak -- tunnel [--seed N] [--cuts 20] [--mebibytes 1024] [--minutes 10]
 *
 * An ssh shell that counts, an sftp transfer of 1 GiB, rsync, vsftpd with curl, a PostgreSQL
 * transaction and a Redis subscriber, all at once through one tunnel, while the link fails 20 times
 * for 0.5 to 30 s: pulled out, silent, or with another address. Then on with traffic and short failures
 * until the minutes are over. Prints one JSON object; exit code 1 when anything was noticed by
 * anybody, or memory has grown. Takes root and the peers of scripts/peers.sh.
 *
 *     npm run soak -- tunnel --bare
 *
 * Instead: ssh, curl and vsftpd, psql and a Redis subscriber without the tunnel and with it, over silences and cuts of
 * 3, 10 and 30 s, a reset and a new address: which of them go on. About eight minutes.
 */

import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { digest, forward, ProgramHosts } from "./program-hosts.ts";
import { databases, sshd, vsftpd } from "./servers.ts";
import { soakBare } from "./soak-bare.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    cuts: { type: "string", default: "20" },
    mebibytes: { type: "string", default: "1024" },
    minutes: { type: "string", default: "10" },
    bare: { type: "boolean", default: false },
  },
});
if (positionals.join() !== "tunnel") {
  console.error(
    "usage: npm run soak -- tunnel [--seed N] [--cuts N] [--mebibytes N] [--minutes N] [--bare]",
  );
  process.exit(2);
}
if (values.bare) process.exit((await soakBare([3000, 10_000, 30_000])) ? 0 : 1);
const MiB = 1024 * 1024;
const FAILURE_MS = [500, 30_000] as const;
const SHORT_FAILURE_MS = [500, 3000] as const;
/** How much more the processes may have at the end than in the first third. */
const GROWTH_OCTETS = 24 * MiB;

let state = Number(values.seed);
/** The numbers are the same for the same seed: mulberry32. */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const start = performance.now();
const seconds = () => Math.round((performance.now() - start) / 100) / 10;
const say = (text: string) => console.error(`${seconds().toFixed(1).padStart(6)} s  ${text}`);

const hosts = new ProgramHosts("soak");
const failures = { cut: 0, silence: 0, address: 0 };
let failedMs = 0;
let isOver = false;

/** One failure of one kind, and the link is back. */
async function fail(
  kind: keyof typeof failures,
  [least, most]: readonly [number, number],
): Promise<void> {
  const ms = Math.round(least + random() * (most - least));
  say(`${kind}${kind === "address" ? "" : ` for ${ms} ms`}`);
  failures[kind] += 1;
  if (kind === "address") return hosts.network.changeAddress();
  failedMs += ms;
  if (kind === "cut") hosts.network.cut();
  else hosts.network.silence();
  await sleep(ms);
  if (kind === "cut") hosts.network.heal();
  else hosts.network.unsilence();
}

async function misbehave(): Promise<void> {
  for (let i = 0; i < Number(values.cuts); i++) {
    await sleep(1500 + random() * 4000);
    await fail(i % 2 === 0 ? "cut" : "silence", FAILURE_MS);
    if (i % 4 === 3) await fail("address", FAILURE_MS);
  }
  while (!isOver) {
    await sleep(4000 + random() * 6000);
    await fail(
      (["cut", "silence", "address"] as const)[Math.floor(random() * 3)] ?? "cut",
      SHORT_FAILURE_MS,
    );
  }
}

/** A file of random octets, written piece by piece. */
function randomFile(name: string, mebibytes: number): string {
  const path = hosts.write(name, "", 0o644);
  const file = openSync(path, "w");
  const piece = Buffer.alloc(MiB);
  for (let i = 0; i < mebibytes; i++) writeSync(file, randomFillSync(piece));
  closeSync(file);
  return path;
}

async function program(name: string, work: () => Promise<void>): Promise<string> {
  await work();
  say(`${name}: did not notice`);
  return name;
}

const samples: number[] = [];
async function watchMemory(pids: readonly number[]): Promise<void> {
  while (!isOver) {
    const resident = pids.map((pid) => {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
    });
    samples.push(resident.reduce((sum, octets) => sum + octets, 0));
    await sleep(2000);
  }
}

const options = await sshd(hosts);
await vsftpd(hosts);
await databases(hosts);
const pids = await hosts.tunnel({
  local: [
    forward(2222, 2022),
    forward(2121, 2021, true),
    forward(15432, 5432),
    forward(16379, 6379),
  ],
});
const big = randomFile("big", Number(values.mebibytes));
const small = randomFile("ftp/pub/down", 32);
say("everything runs");
const failing = misbehave();
const watching = watchMemory(pids);

/** What a program does one at a time takes about a third of the minutes, without failures. */
const LINES = Math.round(300 * Number(values.minutes));
const ITEMS = Math.round(40 * Number(values.minutes));
const shell = program("ssh", async () => {
  const count = `for i in $(seq 1 ${LINES}); do echo line $i; sleep 0.05; done`;
  const lines = await hosts.run("ssh", ...options, "-p", "2222", "root@127.0.0.1", count);
  assert.equal(lines, Array.from({ length: LINES }, (_, i) => `line ${i + 1}\n`).join(""));
});
const sftp = program("sftp", async () => {
  const batch = hosts.write("batch", `put ${big} ${hosts.path("sftp")}\n`);
  await hosts.run("sftp", ...options, "-P", "2222", "-b", batch, "root@127.0.0.1");
  assert.equal(digest(hosts.path("sftp")), digest(big));
});
const rsync = program("rsync", async () => {
  const rsh = `ssh -p 2222 ${options.join(" ")}`;
  const to = `root@127.0.0.1:${hosts.path("rsync")}`;
  await hosts.run("rsync", "--bwlimit=4m", "-e", rsh, small, to);
  assert.equal(digest(hosts.path("rsync")), digest(small));
});
const inside = program("a port forward inside ssh", async () => {
  hosts.start("far", "socat", "TCP-LISTEN:9000,bind=127.0.0.1,fork", "EXEC:cat");
  const to = ["-L", "127.0.0.1:9001:127.0.0.1:9000", "-p", "2222", "root@127.0.0.1"];
  hosts.start("near", "ssh", ...options, "-N", ...to);
  await sleep(3000);
  const slowly = `split -b 65536 --filter="cat; sleep 0.1" ${small}`;
  const socat = `socat -t 300 - TCP:127.0.0.1:9001,retry=100,interval=0.3`;
  await hosts.run("sh", "-c", `${slowly} | ${socat} > ${hosts.path("inside")}`);
  assert.equal(digest(hosts.path("inside")), digest(small));
});
const ftp = program("vsftpd", async () => {
  const url = "ftp://127.0.0.1:2121/pub/down";
  for (let i = 0; i < 6; i++) {
    const mode = i % 2 === 0 ? [] : ["-P", "-"];
    const rate = ["--limit-rate", "4M", "-o", hosts.path("ftp-down")];
    await hosts.run("curl", "-sS", ...mode, ...rate, url);
    assert.equal(digest(hosts.path("ftp-down")), digest(small));
  }
});
const psql = program("psql", async () => {
  const rows = Array.from(
    { length: ITEMS },
    (_, i) => `insert into t values (${i}); select pg_sleep(0.5);`,
  );
  const script = `create table t(i int); begin; ${rows.join(" ")} commit; select count(*), sum(i) from t;`;
  const file = hosts.write("script.sql", script, 0o644);
  const to = ["-h", "127.0.0.1", "-p", "15432", "-U", "postgres"];
  const said = await hosts.run("psql", ...to, "-At", "-f", file);
  assert.ok(said.endsWith(`\n${ITEMS}|${(ITEMS * (ITEMS - 1)) / 2}\n`), said.slice(-100));
});
const redis = program("redis-cli", async () => {
  const subscriber = hosts.start("near", "redis-cli", "-p", "16379", "subscribe", "news");
  const heard: string[] = [];
  if (subscriber.stdout) createInterface(subscriber.stdout).on("line", (line) => heard.push(line));
  while (heard.length < 3) await sleep(50);
  const items = Array.from({ length: ITEMS }, (_, i) => `item ${i}`);
  for (const item of items) {
    hosts.network.in("far", "redis-cli", "publish", "news", item);
    await sleep(500);
  }
  while (heard.filter((line) => line.startsWith("item ")).length < items.length) await sleep(100);
  assert.deepEqual(
    heard.filter((line) => line.startsWith("item ")),
    items,
  );
});

/** Medians of the first and the last third: what was there once everything ran, and at the end. */
function thirds(): readonly [number, number] {
  const third = Math.floor(samples.length / 3);
  const median = (of: readonly number[]) => [...of].sort((a, b) => a - b)[of.length >> 1] ?? 0;
  return [median(samples.slice(0, third)), median(samples.slice(-third))];
}

let failure: unknown;
let unnoticed: readonly string[] = [];
try {
  unnoticed = await Promise.all([shell, sftp, rsync, inside, ftp, psql, redis]);
  // Traffic goes on for as long as was asked for: memory is to be seen over all of it.
  while (seconds() < Number(values.minutes) * 60) {
    const url = "ftp://127.0.0.1:2121/pub/down";
    await hosts.run("curl", "-sS", "--limit-rate", "8M", "-o", hosts.path("ftp-down"), url);
    assert.equal(digest(hosts.path("ftp-down")), digest(small));
  }
  isOver = true;
  await Promise.all([failing, watching]);
  const [early, late] = thirds();
  assert.ok(late - early < GROWTH_OCTETS, `memory grew from ${early} to ${late}`);
} catch (error) {
  failure = error;
}
const [early, late] = thirds();
const result = {
  seed: Number(values.seed),
  seconds: seconds(),
  unnoticed,
  failures,
  failedSeconds: Math.round(failedMs / 1000),
  resumed: hosts.changes.filter((change) => change === "resumed").length,
  residentMiB: {
    early: Math.round(early / MiB),
    late: Math.round(late / MiB),
    most: Math.round(Math.max(...samples) / MiB),
  },
  ...(failure !== undefined && { failure: String(failure) }),
};
console.log(JSON.stringify(result));
hosts[Symbol.dispose]();
process.exit(failure === undefined ? 0 : 1);

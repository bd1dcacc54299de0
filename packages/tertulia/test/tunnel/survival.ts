/**
 * Four programs at work at the same time, directly or through a tunnel, and what becomes of them when
 * the network fails: an ssh shell that counts, curl that fetches a file from vsftpd, psql in a
 * transaction, and a Redis subscriber.
 */

import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, rmSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { FAR_ADDRESS } from "../network.ts";
import { digest, forward, type ProgramHosts } from "./program-hosts.ts";
import { databases, sshd, vsftpd } from "./servers.ts";

export const SURVIVAL_PEERS = [
  "sshd",
  "ssh",
  "vsftpd",
  "curl",
  "psql",
  "redis-server",
  "redis-cli",
] as const;

/** Whether it did all it was to do; or ended without; or neither, when nothing more was waited for. */
export type Verdict = "went on" | "failed" | "hung";
export type Verdicts = Readonly<Record<"ssh" | "ftp" | "psql" | "redis", Verdict>>;

/** Where the programs find their servers. */
interface Way {
  readonly host: string;
  readonly ports: readonly [ssh: number, ftp: number, psql: number, redis: number];
}

const SERVERS = [2022, 2021, 5432, 6379] as const;
const THROUGH: Way = { host: "127.0.0.1", ports: [2222, 2121, 15432, 16379] };
const BARE: Way = { host: FAR_ADDRESS, ports: SERVERS };

const FTP_OCTETS_A_SECOND = 500_000;
const LINES_A_SECOND = 20;
/** How long each may take to begin. */
const BEGIN_MS = 20_000;

export class Survival {
  readonly #hosts: ProgramHosts;
  readonly #ssh: readonly string[];
  readonly #way: Way;

  private constructor(hosts: ProgramHosts, ssh: readonly string[], way: Way) {
    this.#hosts = hosts;
    this.#ssh = ssh;
    this.#way = way;
  }

  /** Starts the servers, and a tunnel to them if there is to be one. */
  static async begin(hosts: ProgramHosts, isTunnelled: boolean): Promise<Survival> {
    const ssh = await sshd(hosts, "0.0.0.0");
    await vsftpd(hosts, "0.0.0.0", FTP_OCTETS_A_SECOND);
    await databases(hosts, "0.0.0.0");
    const way = isTunnelled ? THROUGH : BARE;
    if (isTunnelled) {
      const local = way.ports.map((port, i) => forward(port, SERVERS[i] ?? 0, i === 1));
      await hosts.tunnel({ local });
    }
    return new Survival(hosts, ssh, way);
  }

  /**
   * Has all four work for some seconds, and the network fail meanwhile.
   *
   * @param patienceMs - How long they may take besides.
   */
  async through(seconds: number, fail: () => Promise<void>, patienceMs: number): Promise<Verdicts> {
    const psql = this.#psql(seconds);
    const [ssh, ftp, redis] = [this.#shell(seconds), this.#ftp(seconds), this.#redis()];
    const all = { ssh, ftp, psql, redis };
    for (const one of Object.values(all)) await one.begun;
    const controller = new AbortController();
    const { signal } = controller;
    const hung = sleep(seconds * 1000 + patienceMs, "hung" as const, { signal });
    this.#publish("before");
    const failing = fail();
    await sleep(500);
    this.#publish("during");
    await failing;
    this.#publish("after");
    const verdicts = Object.entries(all).map(async ([name, { child, verdict }]) => {
      const seen = await Promise.race([verdict, hung]);
      child.kill("SIGKILL");
      return [name, seen] as const;
    });
    const seen = await Promise.all(verdicts);
    hung.catch(() => {});
    controller.abort();
    return Object.fromEntries(seen) as unknown as Verdicts; // of these four
  }

  #publish(item: string): void {
    this.#hosts.network.in("far", "redis-cli", "publish", "news", item);
  }

  #shell(seconds: number): Program {
    const count = seconds * LINES_A_SECOND;
    const script = `for i in $(seq 1 ${count}); do echo $i; sleep ${1 / LINES_A_SECOND}; done`;
    const { host, ports } = this.#way;
    const to = ["-p", String(ports[0]), `root@${host}`];
    const lines = Array.from({ length: count }, (_, i) => `${i + 1}\n`).join("");
    return this.#said(["ssh", ...this.#ssh, ...to, script], (said) => said === lines);
  }

  #psql(seconds: number): Program {
    const count = seconds * 2;
    const rows = Array.from(
      { length: count },
      (_, i) => `insert into t values (${i}); select pg_sleep(0.5);`,
    );
    const script = `select 'begun'; create temp table t(i int); begin; ${rows.join(" ")} commit; select count(*) from t;`;
    const file = this.#hosts.write("script.sql", script, 0o644);
    const { host, ports } = this.#way;
    const to = ["-h", host, "-p", String(ports[2]), "-U", "postgres"];
    const isDone = (said: string) => said.endsWith(`\nCOMMIT\n${count}\n`);
    return this.#said(["psql", ...to, "-At", "-f", file], isDone);
  }

  /** One that prints what it does. */
  #said(command: readonly string[], isAll: (said: string) => boolean): Program {
    const child = this.#hosts.start("near", ...command);
    let said = "";
    child.stdout?.on("data", (octets) => (said += octets));
    const verdict = once(child, "close").then(
      ([code]): Verdict => (code === 0 && isAll(said) ? "went on" : "failed"),
    );
    return { child, verdict, begun: until(() => said !== "") };
  }

  #ftp(seconds: number): Program {
    const octets = seconds * FTP_OCTETS_A_SECOND;
    const source = this.#hosts.write("ftp/pub/down", randomBytes(octets), 0o644);
    const copy = this.#hosts.path("copy");
    rmSync(copy, { force: true });
    const { host, ports } = this.#way;
    const url = `ftp://${host}:${ports[1]}/pub/down`;
    const child = this.#hosts.start("near", "curl", "-sS", "-o", copy, url);
    const verdict = once(child, "close").then(
      ([code]): Verdict => (code === 0 && digest(copy) === digest(source) ? "went on" : "failed"),
    );
    return { child, verdict, begun: until(() => existsSync(copy) && statSync(copy).size > 0) };
  }

  #redis(): Program {
    const { host, ports } = this.#way;
    const to = ["-h", host, "-p", String(ports[3])];
    const child = this.#hosts.start("near", "redis-cli", ...to, "subscribe", "news");
    const heard: string[] = [];
    const verdict = new Promise<Verdict>((resolve) => {
      createInterface(child.stdout!).on("line", (line) => {
        heard.push(line);
        // Of each message there are three lines.
        const items = heard.slice(3).filter((_, i) => i % 3 === 2);
        if (items.join() === "before,during,after") resolve("went on");
      });
      child.on("close", () => resolve("failed"));
    });
    return { child, verdict, begun: until(() => heard.length >= 3) };
  }
}

/** One at work. */
interface Program {
  readonly child: ChildProcess;
  readonly begun: Promise<void>;
  readonly verdict: Promise<Verdict>;
}

async function until(isSo: () => boolean): Promise<void> {
  for (const by = performance.now() + BEGIN_MS; !isSo(); await sleep(20)) {
    if (performance.now() > by) throw new Error(`waited in vain for ${isSo}`);
  }
}

/** Has both kernels give up on a connection after some seconds, rather than after a quarter hour. */
export function makeImpatient({ network }: ProgramHosts): void {
  const settings = ["retries2=3", "keepalive_time=2", "keepalive_intvl=1", "keepalive_probes=2"];
  for (const side of ["near", "far"] as const) {
    network.in(side, "sysctl", "-qw", ...settings.map((one) => `net.ipv4.tcp_${one}`));
  }
}

/** What can happen to a network; each is over when it resolves, and the link is back. */
export const failures = {
  /** Nothing arrives, and nobody is told. */
  async silence({ network }: ProgramHosts, ms: number): Promise<void> {
    network.silence();
    await sleep(ms);
    network.unsilence();
  },
  /** The wire is pulled. */
  async cut({ network }: ProgramHosts, ms: number): Promise<void> {
    network.cut();
    await sleep(ms);
    network.heal();
  },
  /** As from a NAT that has forgotten its connections: whoever says something is answered by a reset. */
  async reset({ network }: ProgramHosts, ms: number): Promise<void> {
    network.in("near", "ss", "-K", "dst", FAR_ADDRESS);
    await sleep(ms);
  },
  /** The client comes to another network. */
  async address({ network }: ProgramHosts, ms: number): Promise<void> {
    network.changeAddress();
    await sleep(ms);
  },
} as const;

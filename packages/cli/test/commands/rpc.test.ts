import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { networkInterfaces, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { connect, RpcbindClient } from "tertulia/rpc";

const { resolve } = createRequire(import.meta.url);
const fixture = join(dirname(resolve("tertulia/package.json")), "test/fixtures/oncrpc/bench.x");
const command = join(import.meta.dirname, "../../../bin/tertulia.js");

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);

function tertulia(...words: readonly string[]): {
  status: number | null;
  stdout: string;
  stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "rpc", ...words], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** `tertulia rpc portmap` on a free port. */
async function portMapper(host = "127.0.0.1"): Promise<{ port: string; process: ChildProcess }> {
  const words = [command, "rpc", "portmap", "--host", host, "--port", "0", "--json"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { port: String(JSON.parse(line).port), process: child };
}

describe("tertulia rpc", () => {
  it("generates TypeScript and a page, and says where a file or a command line is wrong", () => {
    const folder = mkdtempSync(join(tmpdir(), "tertulia-cli-rpc-"));
    const [output, page] = [join(folder, "bench.ts"), join(folder, "bench.md")];
    assert.equal(tertulia("generate", fixture, "-o", output, "--doc", page).status, 0);
    assert.match(readFileSync(output, "utf8"), /export class BenchProgV1Client/);
    assert.match(readFileSync(page, "utf8"), /BENCH_ECHO/);
    const broken = join(folder, "broken.x");
    writeFileSync(broken, "struct a {\n  int b\n};\n");
    const { status, stderr } = tertulia("generate", broken);
    assert.equal(status, 1);
    assert.match(stderr, /broken\.x:3:1: expected ";", found "}"\n {4}};\n {4}\^/);
    assert.equal(tertulia("generate", join(folder, "none.x")).status, 2);
    const noPort = tertulia("ping", "127.0.0.1", "1", "--port", "65536");
    assert.equal(noPort.status, 2);
    assert.match(noPort.stderr, /a port is a number from 0 to 65535/);
    for (const words of [
      ["ping", "127.0.0.1", "1e5"],
      ["ping", "127.0.0.1", " 1"],
      ["ping", "127.0.0.1", "0b1"],
      ["ping", "127.0.0.1", "+1"],
      ["ping", "127.0.0.1", "4294967296"],
      ["ping", "127.0.0.1", "1", "-c", "0"],
      ["ping", "127.0.0.1", "1", "--timeout", "0"],
      ["info", "127.0.0.1", "1", "--timeout", "4294967295"],
      ["dump", "127.0.0.1:0"],
      ["call", "127.0.0.1", fixture, "BENCH_NULL", "--program-version", "1.0"],
      ["portmap", "--port", "65536"],
    ]) {
      assert.equal(tertulia(...words).status, 2, words.join(" "));
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it("ends with 3 where it cannot listen", async () => {
    const mapper = await portMapper();
    try {
      const { status, stderr } = tertulia("portmap", "--port", mapper.port);
      assert.deepEqual([status, stderr.split(":")[0]], [3, "cannot listen"]);
    } finally {
      mapper.process.kill();
    }
  });

  it("watches a file: makes it again when it changes, says what is wrong, and goes on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tertulia-cli-watch-"));
    const file = join(folder, "watched.x");
    const output = join(folder, "watched.ts");
    writeFileSync(file, "struct first { int a; };\n");
    const child = spawn(process.execPath, [command, "rpc", "generate", file, "--watch"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    const until = async (sign: RegExp): Promise<void> => {
      const signal = AbortSignal.timeout(30_000);
      while (!sign.test(said)) {
        const [part] = await once(child.stderr, "data", { signal });
        said += part;
      }
      said = "";
    };
    try {
      await until(/is new/);
      assert.match(readFileSync(output, "utf8"), /interface First/);
      writeFileSync(file, "struct second { int a };\n");
      await until(/watched\.x:1:23: expected ";", found "}"/);
      assert.match(readFileSync(output, "utf8"), /interface First/);
      // As editors do: another file in its place.
      writeFileSync(join(folder, "watched.x~"), "struct second { int a; };\n");
      renameSync(join(folder, "watched.x~"), file);
      await until(/is new/);
      assert.match(readFileSync(output, "utf8"), /interface Second/);
      child.kill("SIGINT");
      const [status] = await once(child, "exit");
      assert.equal(status, 0);
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("is a port mapper, and asks, pings and calls it", async () => {
    const { port, process: mapper } = await portMapper();
    try {
      await using caller = await connect({ port: Number(port) });
      const service = { program: 77, version: 1, netid: "tcp", address: "0.0.0.0.1.2", owner: "" };
      assert.ok(await new RpcbindClient(caller).set(service));
      const lines = tertulia("dump", "127.0.0.1", "--rpcbind", port, "--json").stdout.trim();
      const all = lines.split("\n").map((line) => JSON.parse(line));
      assert.equal(all.length, 7);
      assert.deepEqual(all[6], { ...service, owner: "unknown" });
      const info = tertulia("info", "127.0.0.1", "100000", "--rpcbind", port, "--json");
      assert.deepEqual(JSON.parse(info.stdout).versions, [2, 3, 4]);
      const ping = tertulia("ping", "127.0.0.1", "100000", "4", "-c", "1", "--rpcbind", port);
      assert.match(ping.stdout, /program 100000 version 4 at 127\.0\.0\.1:\d+ answered/);
      assert.equal(tertulia("ping", "127.0.0.1", "78", "--rpcbind", port).status, 4);
      const rpcbind = join(dirname(fixture), "../../../src/pure/oncrpc/rpcbind.x");
      const argument = JSON.stringify({ prog: 77, vers: 1, prot: 6, port: 0 });
      const words = ["127.0.0.1", rpcbind, "PMAPPROC_GETPORT", argument, "--rpcbind", port];
      assert.equal(tertulia("call", ...words, "--json").stdout, "258\n");
      assert.equal(tertulia("call", ...words.slice(0, 3), "1", "--rpcbind", port).status, 2);
      assert.equal(tertulia("dump", "127.0.0.1", "--rpcbind", "1", "--json").status, 3);
    } finally {
      mapper.kill();
    }
  });

  it("takes HOST:PORT and [ADDRESS]:PORT, an address of IPv6 with and without", {
    skip: !hasIpv6 && "this machine has no IPv6",
  }, async () => {
    const { port, process: mapper } = await portMapper("::1");
    const ping = (...words: readonly string[]): string =>
      tertulia("ping", ...words.slice(0, 1), "100000", "4", "-c", "1", ...words.slice(1)).stdout;
    try {
      for (const words of [[`[::1]:${port}`], ["::1", "-p", port], ["[::1]", "-p", port]]) {
        assert.match(ping(...words), /version 4 at \[::1\]:\d+ answered/);
      }
      assert.equal(tertulia("dump", `[::1]:${port}`, "--json").status, 0);
      assert.equal(tertulia("dump", "[::1", "--json").status, 2);
    } finally {
      mapper.kill();
    }
  });
});

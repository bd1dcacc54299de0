import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { hasNamespaces, hasPeers } from "../peers.ts";
import { Namespaces } from "./namespace.ts";

const examples = join(import.meta.dirname, "../../../../../examples/nfs");

/** A folder with some files in it. */
function sampleFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tertulia-nfs-"));
  writeFileSync(join(folder, "hello.txt"), "hello over NFS\n");
  writeFileSync(join(folder, "large.bin"), Buffer.alloc(3_000_000, "abcdefg"));
  mkdirSync(join(folder, "deep"));
  writeFileSync(join(folder, "deep", "hello.txt"), "hello over NFS\n");
  writeFileSync(join(folder, "deep", "large.bin"), Buffer.alloc(3_000_000, "abcdefg"));
  mkdirSync(join(folder, "sub"));
  for (let i = 0; i < 300; i++) writeFileSync(join(folder, "sub", `file-${i}`), `${i}`);
  symlinkSync("/etc/passwd", join(folder, "outside"));
  return folder;
}

/** Our example server over a folder: its port, and its process to end. */
async function exampleServer(folder: string): Promise<{ port: number; process: ChildProcess }> {
  const child = spawn(process.execPath, [join(examples, "server.ts"), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const text = await new Promise<string>((resolve) =>
    child.stdout.once("data", (part) => resolve(String(part))),
  );
  return { port: Number(/port (\d+)/.exec(text)?.[1]), process: child };
}

function output(command: string, parameters: readonly string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { encoding: "buffer", maxBuffer: 1 << 24, timeout: 20_000 } as const;
    execFile(command, parameters, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stderr}`));
    });
  });
}

describe("our example of an NFS server", () => {
  it("is listed and read by libnfs", async (t) => {
    if (!hasPeers(t, "nfs-ls", "nfs-cat")) return;
    const folder = sampleFolder();
    const { port, process: server } = await exampleServer(folder);
    try {
      const url = (path: string): string =>
        `nfs://127.0.0.1/${path}?version=3&nfsport=${port}&mountport=${port}`;
      const root = String(await output("nfs-ls", [url("")]));
      match(root, /15 hello\.txt/);
      match(root, /3000000 large\.bin/);
      match(root, /^d.* sub$/m);
      // libnfs mounts the folder of what it reads, and cannot mount "" itself.
      equal(String(await output("nfs-cat", [url("deep/hello.txt")])), "hello over NFS\n");
      const large = await output("nfs-cat", [url("deep/large.bin")]);
      deepEqual(large, readFileSync(join(folder, "large.bin")));
      const all = String(await output("nfs-ls", ["-R", url("")]));
      equal(all.match(/file-\d+/g)?.length, 300);
    } finally {
      server.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("our example of an NFS client", () => {
  it("mounts, lists, reads, makes and writes on nfs-ganesha, found by our rpcbind", async (t) => {
    if (!hasNamespaces(t) || !hasPeers(t, "ganesha.nfsd", "unshare", "nsenter")) return;
    await using spaces = new Namespaces();
    const folder = sampleFolder();
    const mapper = [
      process.execPath,
      join(import.meta.dirname, "portmap-process.js"),
      "/run/rpcbind.sock",
    ];
    const { enter } = await spaces.start(spaces.one, mapper, /ready/);
    const configuration = join(spaces.folder, "ganesha.conf");
    writeFileSync(
      configuration,
      `NFS_CORE_PARAM { NFS_Protocols = 3; NFS_Port = 2049; MNT_Port = 20048; Enable_NLM = false; Enable_RQUOTA = false; }
NFSV4 { Graceless = true; RecoveryBackend = fs; RecoveryRoot = ${spaces.folder}; }
NFS_KRB5 { Active_krb5 = false; }
EXPORT { Export_Id = 1; Path = ${folder}; Pseudo = /export; Access_Type = RW; Squash = No_Root_Squash; SecType = none, sys; Protocols = 3; Transports = TCP, UDP; FSAL { Name = VFS; } }
`,
    );
    const pid = join(spaces.folder, "ganesha.pid");
    const command = ["ganesha.nfsd", "-F", "-f", configuration, "-L", "STDERR", "-p", pid];
    await spaces.enter(enter, command, /NFS SERVER INITIALIZED/);
    const client = async (...parameters: readonly string[]): Promise<string> =>
      await spaces.run(
        [
          process.execPath,
          "--disable-warning=ExperimentalWarning",
          join(examples, "client.ts"),
          "10.79.0.1",
          folder,
          ...parameters,
        ],
        spaces.two,
      );
    try {
      match(await client("ls"), /NF3REG +15 hello\.txt/);
      equal((await client("ls", "sub")).match(/file-\d+/g)?.length, 300);
      equal(await client("cat", "hello.txt"), "hello over NFS\n");
      equal((await client("cat", "large.bin")).length, 3_000_000);
      equal(await client("mkdir", "made"), "");
      match(await client("mkdir", "made"), /made: NFS3ERR_EXIST/);
      equal(await client("put", "made/new.txt", "written by us"), "");
      equal(readFileSync(join(folder, "made", "new.txt"), "utf8"), "written by us");
      ok((await client("cat", "made/none")).includes("NFS3ERR_NOENT"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

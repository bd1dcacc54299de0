/**
 * A client of NFS version 3: mounts, lists, reads, makes and writes. Everything below RPC's surface was
 * made from mount.x and nfs3.x by `tertulia rpc generate`.
 *
 *     node examples/nfs/client.ts HOST EXPORT ls [DIRECTORY]
 *     node examples/nfs/client.ts HOST EXPORT cat FILE
 *     node examples/nfs/client.ts HOST EXPORT put FILE TEXT
 *     node examples/nfs/client.ts HOST EXPORT mkdir DIRECTORY
 *
 * @module
 */

import { authSys, type Caller, connect, lookup } from "tertulia/rpc";
import { MountProgramV3Client } from "./generated/mount.ts";
import { type NfsFh3, NfsProgramV3Client, type Sattr3 } from "./generated/nfs3.ts";

const [host = "", directory = "", action = "ls", path = "", text = ""] = process.argv.slice(2);
if (directory === "") {
  console.error("usage: client.ts HOST EXPORT ls|cat|put|mkdir [PATH] [TEXT]");
  process.exit(2);
}

/** A connection to the newest place of a program that rpcbind on the host knows. */
async function call(program: number): Promise<Caller & AsyncDisposable> {
  const place = await lookup({ host, program, version: 3 });
  if (place === undefined) throw new Error(`${host} does not serve program ${program}`);
  return await connect({ host, port: place.port, auth: authSys() });
}

/** The result, or an error that says what the server said. */
function ok<Status extends string, Ok>(
  what: string,
  result: { readonly status: Status; readonly resok?: Ok },
): Ok {
  if (result.resok === undefined) throw new Error(`${what}: ${result.status}`);
  return result.resok;
}

await using mounter = await call(100005);
const mounted = await new MountProgramV3Client(mounter).mnt(directory);
if (mounted.fhs_status !== "MNT3_OK") throw new Error(`${directory}: ${mounted.fhs_status}`);
const root: NfsFh3 = { data: mounted.mountinfo.fhandle };

await using caller = await call(100003);
const nfs = new NfsProgramV3Client(caller);
const parts = path.split("/").filter((part) => part !== "");
const name = parts.at(-1) ?? "";

/** The handle of a path below the root. */
async function walk(names: readonly string[]): Promise<NfsFh3> {
  let at = root;
  for (const one of names) at = ok(one, await nfs.lookup({ what: { dir: at, name: one } })).object;
  return at;
}

const attributes: Sattr3 = {
  mode: { set_it: true, mode: 0o755 },
  uid: { set_it: false },
  gid: { set_it: false },
  size: { set_it: false },
  atime: { set_it: "DONT_CHANGE" },
  mtime: { set_it: "DONT_CHANGE" },
};

if (action === "ls") {
  const dir = await walk(parts);
  let cookie = 0n;
  let cookieverf: Uint8Array = new Uint8Array(8);
  for (;;) {
    const { reply, ...rest } = ok(
      path || "/",
      await nfs.readdirplus({ dir, cookie, cookieverf, dircount: 4096, maxcount: 32_768 }),
    );
    for (const entry of reply.entries) {
      const { name_attributes: known } = entry;
      const size = known.attributes_follow ? known.attributes.size : "?";
      const type = known.attributes_follow ? known.attributes.type : "?";
      console.log(`${type.padEnd(7)} ${String(size).padStart(10)} ${entry.name}`);
      cookie = entry.cookie;
    }
    cookieverf = rest.cookieverf;
    if (reply.eof || reply.entries.length === 0) break;
  }
} else if (action === "cat") {
  const file = await walk(parts);
  for (let offset = 0n; ; ) {
    const { data, eof } = ok(name, await nfs.read({ file, offset, count: 65_536 }));
    process.stdout.write(data);
    offset += BigInt(data.length);
    if (eof || data.length === 0) break;
  }
} else if (action === "put") {
  const dir = await walk(parts.slice(0, -1));
  const how = { mode: "UNCHECKED", obj_attributes: attributes } as const;
  const made = ok(name, await nfs.create({ where: { dir, name }, how }));
  const file = made.obj.handle_follows ? made.obj.handle : await walk(parts);
  const data = new TextEncoder().encode(text);
  ok(name, await nfs.write({ file, offset: 0n, count: data.length, stable: "UNSTABLE", data }));
  ok(name, await nfs.commit({ file, offset: 0n, count: 0 }));
} else if (action === "mkdir") {
  const dir = await walk(parts.slice(0, -1));
  ok(name, await nfs.mkdir({ where: { dir, name }, attributes }));
} else throw new Error(`${action} is not ls, cat, put or mkdir`);

/**
 * A small read-only server of NFS version 3 (and of MOUNT, on the same port), over one directory.
 *
 *     node examples/nfs/server.ts DIRECTORY [PORT] [HOST]
 *     nfs-ls "nfs://127.0.0.1/?version=3&nfsport=PORT&mountport=PORT"
 *
 * A file's handle is its path below the directory; what leads out of it is refused. Symbolic links are
 * shown and not followed.
 *
 * @module
 */

import { type BigIntStats, constants } from "node:fs";
import { lstat, open, readdir, readlink, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RpcServer } from "tertulia/rpc";
import { serveMountProgramV3 } from "./generated/mount.ts";
import {
  type Fattr3,
  type NfsFh3,
  type NfsProgramV3Handlers,
  type Nfsstat3,
  type PostOpAttr,
  serveNfsProgramV3,
} from "./generated/nfs3.ts";

const [folder = "", port = "0", host = "127.0.0.1"] = process.argv.slice(2);
if (folder === "") {
  console.error("usage: server.ts DIRECTORY [PORT] [HOST]");
  process.exit(2);
}
const top = await realpath(folder);
const NO_ATTRIBUTES: PostOpAttr = { attributes_follow: false };
const READ_MAX = 1024 * 1024;

/** A refusal, with the number that NFS has for it. */
class Refusal extends Error {
  readonly status: Exclude<Nfsstat3, "NFS3_OK">;
  constructor(status: Exclude<Nfsstat3, "NFS3_OK">) {
    super(status);
    this.status = status;
  }
}

// A handle has at most 64 octets, RFC 1813 2.4, so that a path does not fit: it is given a number.
const paths = [""];
const numbers = new Map([["", 0]]);

function handleOf(path: string): NfsFh3 {
  let number = numbers.get(path);
  if (number === undefined) {
    if (paths.length >= 1_000_000) throw new Refusal("NFS3ERR_SERVERFAULT");
    number = paths.push(path) - 1;
    numbers.set(path, number);
  }
  const data = new Uint8Array(8);
  new DataView(data.buffer).setUint32(4, number);
  return { data };
}

function pathOf({ data }: NfsFh3): string {
  if (data.length !== 8) throw new Refusal("NFS3ERR_BADHANDLE");
  const path = paths[new DataView(data.buffer, data.byteOffset, 8).getUint32(4)];
  if (path === undefined) throw new Refusal("NFS3ERR_STALE");
  return path;
}

/** A name in a directory, as a path; no name leads out of it. */
function below(directory: string, name: string): string {
  if (name === "" || name.includes("/") || name.includes("\0")) throw new Refusal("NFS3ERR_ACCES");
  if (name === ".") return directory;
  if (name === "..") return directory === "" ? "" : dirname(`/${directory}`).slice(1);
  return directory === "" ? name : `${directory}/${name}`;
}

async function statOf(path: string): Promise<BigIntStats> {
  return await lstat(join(top, path), { bigint: true });
}

function attributesOf(stat: BigIntStats): Fattr3 {
  const time = (ns: bigint): { seconds: number; nseconds: number } => ({
    seconds: Number((ns / 1_000_000_000n) & 0xffff_ffffn),
    nseconds: Number(ns % 1_000_000_000n),
  });
  const type = stat.isDirectory()
    ? "NF3DIR"
    : stat.isSymbolicLink()
      ? "NF3LNK"
      : stat.isFIFO()
        ? "NF3FIFO"
        : stat.isSocket()
          ? "NF3SOCK"
          : "NF3REG";
  return {
    type,
    mode: Number(stat.mode & 0o7777n),
    nlink: Number(stat.nlink),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: stat.size,
    used: stat.blocks * 512n,
    rdev: { specdata1: 0, specdata2: 0 },
    fsid: stat.dev,
    fileid: stat.ino,
    atime: time(stat.atimeNs),
    mtime: time(stat.mtimeNs),
    ctime: time(stat.ctimeNs),
  };
}

async function attributes(path: string): Promise<PostOpAttr> {
  try {
    return { attributes_follow: true, attributes: attributesOf(await statOf(path)) };
  } catch {
    return NO_ATTRIBUTES;
  }
}

function statusOf(error: unknown): Exclude<Nfsstat3, "NFS3_OK"> {
  if (error instanceof Refusal) return error.status;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "NFS3ERR_NOENT";
  if (code === "EACCES" || code === "EPERM") return "NFS3ERR_ACCES";
  if (code === "ENOTDIR") return "NFS3ERR_NOTDIR";
  if (code === "EISDIR") return "NFS3ERR_ISDIR";
  if (code === "ELOOP" || code === "EINVAL") return "NFS3ERR_INVAL";
  return "NFS3ERR_IO";
}

/** Runs a procedure: its result, or the failure that its union has for it. */
async function answer<Ok, Fail>(
  run: () => Promise<Ok>,
  fail: Fail,
): Promise<
  { status: "NFS3_OK"; resok: Ok } | { status: Exclude<Nfsstat3, "NFS3_OK">; resfail: Fail }
> {
  try {
    return { status: "NFS3_OK", resok: await run() };
  } catch (error) {
    return { status: statusOf(error), resfail: fail };
  }
}

const wcc = { before: { attributes_follow: false }, after: NO_ATTRIBUTES } as const;
const readOnly = { status: "NFS3ERR_ROFS", resfail: { dir_wcc: wcc } } as const;
const noObject = { obj_attributes: NO_ATTRIBUTES };

/** The names in a directory from a cookie on; the cookie of a name is its place, beginning with 1. */
async function list(dir: NfsFh3, cookie: bigint): Promise<{ path: string; names: string[] }> {
  const path = pathOf(dir);
  const names = [".", "..", ...(await readdir(join(top, path))).sort()];
  return { path, names: names.slice(Number(cookie)) };
}

const handlers: NfsProgramV3Handlers = {
  null() {},
  async getattr({ object }) {
    const stat = await answer(async () => {
      return { obj_attributes: attributesOf(await statOf(pathOf(object))) };
    }, undefined);
    return stat.status === "NFS3_OK" ? stat : { status: stat.status };
  },
  setattr: () => ({ status: "NFS3ERR_ROFS", resfail: { obj_wcc: wcc } }),
  lookup: ({ what }) =>
    answer(
      async () => {
        const directory = pathOf(what.dir);
        const path = below(directory, what.name);
        await statOf(path);
        return {
          object: handleOf(path),
          obj_attributes: await attributes(path),
          dir_attributes: await attributes(directory),
        };
      },
      { dir_attributes: NO_ATTRIBUTES },
    ),
  access: ({ object, access }) =>
    answer(async () => {
      // READ, LOOKUP and EXECUTE; MODIFY, EXTEND and DELETE are not to be had here.
      return { obj_attributes: await attributes(pathOf(object)), access: access & 0x23 };
    }, noObject),
  readlink: ({ symlink }) =>
    answer(
      async () => ({
        symlink_attributes: await attributes(pathOf(symlink)),
        data: await readlink(join(top, pathOf(symlink))),
      }),
      { symlink_attributes: NO_ATTRIBUTES },
    ),
  read: ({ file, offset, count }) =>
    answer(
      async () => {
        const path = pathOf(file);
        const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
        await using handle = await open(join(top, path), flags);
        const stat = await handle.stat({ bigint: true });
        if (!stat.isFile())
          throw new Refusal(stat.isDirectory() ? "NFS3ERR_ISDIR" : "NFS3ERR_INVAL");
        const buffer = new Uint8Array(Math.min(count, READ_MAX));
        // Past 2^53 no file reaches; reading there is reading past its end.
        const position = offset > BigInt(Number.MAX_SAFE_INTEGER) ? stat.size : offset;
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, Number(position));
        return {
          file_attributes: { attributes_follow: true, attributes: attributesOf(stat) } as const,
          count: bytesRead,
          eof: position + BigInt(bytesRead) >= stat.size,
          data: buffer.subarray(0, bytesRead),
        };
      },
      { file_attributes: NO_ATTRIBUTES },
    ),
  write: () => ({ status: "NFS3ERR_ROFS", resfail: { file_wcc: wcc } }),
  create: () => readOnly,
  mkdir: () => readOnly,
  symlink: () => readOnly,
  mknod: () => readOnly,
  remove: () => readOnly,
  rmdir: () => readOnly,
  rename: () => ({ status: "NFS3ERR_ROFS", resfail: { fromdir_wcc: wcc, todir_wcc: wcc } }),
  link: () => ({
    status: "NFS3ERR_ROFS",
    resfail: { file_attributes: NO_ATTRIBUTES, linkdir_wcc: wcc },
  }),
  readdir: ({ dir, cookie, count }) =>
    answer(
      async () => {
        const { path, names } = await list(dir, cookie);
        const some = names.slice(0, Math.max(1, Math.floor(count / 300)));
        const entries = await Promise.all(
          some.map(async (name, index) => ({
            fileid: (await statOf(below(path, name))).ino,
            name,
            cookie: cookie + BigInt(index + 1),
          })),
        );
        return {
          dir_attributes: await attributes(path),
          cookieverf: new Uint8Array(8),
          reply: { entries, eof: some.length === names.length },
        };
      },
      { dir_attributes: NO_ATTRIBUTES },
    ),
  readdirplus: ({ dir, cookie, maxcount }) =>
    answer(
      async () => {
        const { path, names } = await list(dir, cookie);
        // An entry has up to 255 octets of name and some 170 of attributes and handle.
        const some = names.slice(0, Math.max(1, Math.floor(maxcount / 450)));
        const entries = await Promise.all(
          some.map(async (name, index) => {
            const one = below(path, name);
            const known = attributesOf(await statOf(one));
            return {
              fileid: known.fileid,
              name,
              cookie: cookie + BigInt(index + 1),
              name_attributes: { attributes_follow: true, attributes: known } as const,
              name_handle: { handle_follows: true, handle: handleOf(one) } as const,
            };
          }),
        );
        return {
          dir_attributes: await attributes(path),
          cookieverf: new Uint8Array(8),
          reply: { entries, eof: some.length === names.length },
        };
      },
      { dir_attributes: NO_ATTRIBUTES },
    ),
  fsstat: ({ fsroot }) =>
    answer(
      async () => ({
        obj_attributes: await attributes(pathOf(fsroot)),
        ...{ tbytes: 0n, fbytes: 0n, abytes: 0n, tfiles: 0n, ffiles: 0n, afiles: 0n, invarsec: 0 },
      }),
      noObject,
    ),
  fsinfo: ({ fsroot }) =>
    answer(
      async () => ({
        obj_attributes: await attributes(pathOf(fsroot)),
        ...{ rtmax: READ_MAX, rtpref: READ_MAX, rtmult: 4096 },
        ...{ wtmax: 65_536, wtpref: 65_536, wtmult: 4096, dtpref: 32_768 },
        maxfilesize: 2n ** 53n,
        time_delta: { seconds: 0, nseconds: 1 },
        // FSF3_SYMLINK and FSF3_HOMOGENEOUS.
        properties: 0x000a,
      }),
      noObject,
    ),
  pathconf: ({ object }) =>
    answer(
      async () => ({
        obj_attributes: await attributes(pathOf(object)),
        ...{ linkmax: 32_000, name_max: 255, no_trunc: true, chown_restricted: true },
        ...{ case_insensitive: false, case_preserving: true },
      }),
      noObject,
    ),
  commit: () => ({ status: "NFS3ERR_ROFS", resfail: { file_wcc: wcc } }),
};

const mounts = serveMountProgramV3({
  null() {},
  async mnt(directory) {
    try {
      // Any directory may be mounted; libnfs asks for "" when it means the root.
      let path = "";
      for (const name of directory.split("/")) if (name !== "") path = below(path, name);
      if (!(await statOf(path)).isDirectory()) return { fhs_status: "MNT3ERR_NOTDIR" };
      const { data: fhandle } = handleOf(path);
      // AUTH_NONE and AUTH_SYS.
      return { fhs_status: "MNT3_OK", mountinfo: { fhandle, auth_flavors: [0, 1] } };
    } catch {
      return { fhs_status: "MNT3ERR_NOENT" };
    }
  },
  dump: () => [],
  umnt() {},
  umntall() {},
  export: () => [{ ex_dir: "/", ex_groups: [] }],
});

const server = new RpcServer({ programs: [mounts, serveNfsProgramV3(handlers)] });
const listening = await server.listen({ port: Number(port), host });
await server.listenUdp({ port: listening.port, host });
console.log(`serving ${top} read-only at port ${listening.port}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void server.stop());

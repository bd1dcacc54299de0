// Made from nfs3.x by "tertulia rpc generate"; change that file, not this one.

import {
  FakeCaller,
  badEnum,
  badUnion,
  checkUhyper,
  checkUint,
  refuse,
  serve,
  type CallOptions,
  type Caller,
  type Procedure,
  type ProgramVersion,
  type ServedProgram,
  type ServerCall,
  type XdrReader,
  type XdrWriter,
} from "tertulia/xdr";

export const NFS3_FHSIZE: 64 = 64;

export const NFS3_COOKIEVERFSIZE: 8 = 8;

export const NFS3_CREATEVERFSIZE: 8 = 8;

export const NFS3_WRITEVERFSIZE: 8 = 8;

export const ACCESS3_READ: 1 = 1;

export const ACCESS3_LOOKUP: 2 = 2;

export const ACCESS3_MODIFY: 4 = 4;

export const ACCESS3_EXTEND: 8 = 8;

export const ACCESS3_DELETE: 16 = 16;

export const ACCESS3_EXECUTE: 32 = 32;

export const FSF3_LINK: 1 = 1;

export const FSF3_SYMLINK: 2 = 2;

export const FSF3_HOMOGENEOUS: 8 = 8;

export const FSF3_CANSETTIME: 16 = 16;

export type Uint64 = bigint;

export function encodeUint64(writer: XdrWriter, value: Uint64): void {
  writer.uhyper(value);
}

export function decodeUint64(reader: XdrReader): Uint64 {
  return reader.uhyper();
}

export type Int64 = bigint;

export function encodeInt64(writer: XdrWriter, value: Int64): void {
  writer.hyper(value);
}

export function decodeInt64(reader: XdrReader): Int64 {
  return reader.hyper();
}

export type Uint32 = number;

export function encodeUint32(writer: XdrWriter, value: Uint32): void {
  writer.uint(value);
}

export function decodeUint32(reader: XdrReader): Uint32 {
  return reader.uint();
}

export type Int32 = number;

export function encodeInt32(writer: XdrWriter, value: Int32): void {
  writer.int(value);
}

export function decodeInt32(reader: XdrReader): Int32 {
  return reader.int();
}

export type Filename3 = string;

export function encodeFilename3(writer: XdrWriter, value: Filename3): void {
  writer.string(value, 4294967295);
}

export function decodeFilename3(reader: XdrReader): Filename3 {
  return reader.string(4294967295);
}

export type Nfspath3 = string;

export function encodeNfspath3(writer: XdrWriter, value: Nfspath3): void {
  writer.string(value, 4294967295);
}

export function decodeNfspath3(reader: XdrReader): Nfspath3 {
  return reader.string(4294967295);
}

export type Fileid3 = Uint64;

export function encodeFileid3(writer: XdrWriter, value: Fileid3): void {
  encodeUint64(writer, value);
}

export function decodeFileid3(reader: XdrReader): Fileid3 {
  return decodeUint64(reader);
}

export type Cookie3 = Uint64;

export function encodeCookie3(writer: XdrWriter, value: Cookie3): void {
  encodeUint64(writer, value);
}

export function decodeCookie3(reader: XdrReader): Cookie3 {
  return decodeUint64(reader);
}

export type Cookieverf3 = Uint8Array;

export function encodeCookieverf3(writer: XdrWriter, value: Cookieverf3): void {
  writer.opaqueFixed(value, 8);
}

export function decodeCookieverf3(reader: XdrReader): Cookieverf3 {
  return reader.opaqueFixed(8);
}

export type Createverf3 = Uint8Array;

export function encodeCreateverf3(writer: XdrWriter, value: Createverf3): void {
  writer.opaqueFixed(value, 8);
}

export function decodeCreateverf3(reader: XdrReader): Createverf3 {
  return reader.opaqueFixed(8);
}

export type Writeverf3 = Uint8Array;

export function encodeWriteverf3(writer: XdrWriter, value: Writeverf3): void {
  writer.opaqueFixed(value, 8);
}

export function decodeWriteverf3(reader: XdrReader): Writeverf3 {
  return reader.opaqueFixed(8);
}

export type Uid3 = Uint32;

export function encodeUid3(writer: XdrWriter, value: Uid3): void {
  encodeUint32(writer, value);
}

export function decodeUid3(reader: XdrReader): Uid3 {
  return decodeUint32(reader);
}

export type Gid3 = Uint32;

export function encodeGid3(writer: XdrWriter, value: Gid3): void {
  encodeUint32(writer, value);
}

export function decodeGid3(reader: XdrReader): Gid3 {
  return decodeUint32(reader);
}

export type Size3 = Uint64;

export function encodeSize3(writer: XdrWriter, value: Size3): void {
  encodeUint64(writer, value);
}

export function decodeSize3(reader: XdrReader): Size3 {
  return decodeUint64(reader);
}

export type Offset3 = Uint64;

export function encodeOffset3(writer: XdrWriter, value: Offset3): void {
  encodeUint64(writer, value);
}

export function decodeOffset3(reader: XdrReader): Offset3 {
  return decodeUint64(reader);
}

export type Mode3 = Uint32;

export function encodeMode3(writer: XdrWriter, value: Mode3): void {
  encodeUint32(writer, value);
}

export function decodeMode3(reader: XdrReader): Mode3 {
  return decodeUint32(reader);
}

export type Count3 = Uint32;

export function encodeCount3(writer: XdrWriter, value: Count3): void {
  encodeUint32(writer, value);
}

export function decodeCount3(reader: XdrReader): Count3 {
  return decodeUint32(reader);
}

export type Nfsstat3 = keyof typeof Nfsstat3;
/** The number of each. */
export const Nfsstat3: {
  readonly NFS3_OK: 0;
  readonly NFS3ERR_PERM: 1;
  readonly NFS3ERR_NOENT: 2;
  readonly NFS3ERR_IO: 5;
  readonly NFS3ERR_NXIO: 6;
  readonly NFS3ERR_ACCES: 13;
  readonly NFS3ERR_EXIST: 17;
  readonly NFS3ERR_XDEV: 18;
  readonly NFS3ERR_NODEV: 19;
  readonly NFS3ERR_NOTDIR: 20;
  readonly NFS3ERR_ISDIR: 21;
  readonly NFS3ERR_INVAL: 22;
  readonly NFS3ERR_FBIG: 27;
  readonly NFS3ERR_NOSPC: 28;
  readonly NFS3ERR_ROFS: 30;
  readonly NFS3ERR_MLINK: 31;
  readonly NFS3ERR_NAMETOOLONG: 63;
  readonly NFS3ERR_NOTEMPTY: 66;
  readonly NFS3ERR_DQUOT: 69;
  readonly NFS3ERR_STALE: 70;
  readonly NFS3ERR_REMOTE: 71;
  readonly NFS3ERR_BADHANDLE: 10001;
  readonly NFS3ERR_NOT_SYNC: 10002;
  readonly NFS3ERR_BAD_COOKIE: 10003;
  readonly NFS3ERR_NOTSUPP: 10004;
  readonly NFS3ERR_TOOSMALL: 10005;
  readonly NFS3ERR_SERVERFAULT: 10006;
  readonly NFS3ERR_BADTYPE: 10007;
  readonly NFS3ERR_JUKEBOX: 10008;
} = {
  NFS3_OK: 0,
  NFS3ERR_PERM: 1,
  NFS3ERR_NOENT: 2,
  NFS3ERR_IO: 5,
  NFS3ERR_NXIO: 6,
  NFS3ERR_ACCES: 13,
  NFS3ERR_EXIST: 17,
  NFS3ERR_XDEV: 18,
  NFS3ERR_NODEV: 19,
  NFS3ERR_NOTDIR: 20,
  NFS3ERR_ISDIR: 21,
  NFS3ERR_INVAL: 22,
  NFS3ERR_FBIG: 27,
  NFS3ERR_NOSPC: 28,
  NFS3ERR_ROFS: 30,
  NFS3ERR_MLINK: 31,
  NFS3ERR_NAMETOOLONG: 63,
  NFS3ERR_NOTEMPTY: 66,
  NFS3ERR_DQUOT: 69,
  NFS3ERR_STALE: 70,
  NFS3ERR_REMOTE: 71,
  NFS3ERR_BADHANDLE: 10001,
  NFS3ERR_NOT_SYNC: 10002,
  NFS3ERR_BAD_COOKIE: 10003,
  NFS3ERR_NOTSUPP: 10004,
  NFS3ERR_TOOSMALL: 10005,
  NFS3ERR_SERVERFAULT: 10006,
  NFS3ERR_BADTYPE: 10007,
  NFS3ERR_JUKEBOX: 10008,
};

/** The number of a {@link Nfsstat3}, checked. */
export function fromNfsstat3(value: Nfsstat3): number {
  const number: unknown = Nfsstat3[value];
  return typeof number === "number" ? number : refuse("nfsstat3", value);
}

/** The {@link Nfsstat3} with that number. */
export function toNfsstat3(number: number): Nfsstat3 {
  switch (number) {
    case 0: return "NFS3_OK";
    case 1: return "NFS3ERR_PERM";
    case 2: return "NFS3ERR_NOENT";
    case 5: return "NFS3ERR_IO";
    case 6: return "NFS3ERR_NXIO";
    case 13: return "NFS3ERR_ACCES";
    case 17: return "NFS3ERR_EXIST";
    case 18: return "NFS3ERR_XDEV";
    case 19: return "NFS3ERR_NODEV";
    case 20: return "NFS3ERR_NOTDIR";
    case 21: return "NFS3ERR_ISDIR";
    case 22: return "NFS3ERR_INVAL";
    case 27: return "NFS3ERR_FBIG";
    case 28: return "NFS3ERR_NOSPC";
    case 30: return "NFS3ERR_ROFS";
    case 31: return "NFS3ERR_MLINK";
    case 63: return "NFS3ERR_NAMETOOLONG";
    case 66: return "NFS3ERR_NOTEMPTY";
    case 69: return "NFS3ERR_DQUOT";
    case 70: return "NFS3ERR_STALE";
    case 71: return "NFS3ERR_REMOTE";
    case 10001: return "NFS3ERR_BADHANDLE";
    case 10002: return "NFS3ERR_NOT_SYNC";
    case 10003: return "NFS3ERR_BAD_COOKIE";
    case 10004: return "NFS3ERR_NOTSUPP";
    case 10005: return "NFS3ERR_TOOSMALL";
    case 10006: return "NFS3ERR_SERVERFAULT";
    case 10007: return "NFS3ERR_BADTYPE";
    case 10008: return "NFS3ERR_JUKEBOX";
    default: return badEnum("nfsstat3", number);
  }
}

export function encodeNfsstat3(writer: XdrWriter, value: Nfsstat3): void {
  writer.int(fromNfsstat3(value));
}

export function decodeNfsstat3(reader: XdrReader): Nfsstat3 {
  return toNfsstat3(reader.int());
}

export type Ftype3 = keyof typeof Ftype3;
/** The number of each. */
export const Ftype3: {
  readonly NF3REG: 1;
  readonly NF3DIR: 2;
  readonly NF3BLK: 3;
  readonly NF3CHR: 4;
  readonly NF3LNK: 5;
  readonly NF3SOCK: 6;
  readonly NF3FIFO: 7;
} = {
  NF3REG: 1,
  NF3DIR: 2,
  NF3BLK: 3,
  NF3CHR: 4,
  NF3LNK: 5,
  NF3SOCK: 6,
  NF3FIFO: 7,
};

/** The number of a {@link Ftype3}, checked. */
export function fromFtype3(value: Ftype3): number {
  const number: unknown = Ftype3[value];
  return typeof number === "number" ? number : refuse("ftype3", value);
}

/** The {@link Ftype3} with that number. */
export function toFtype3(number: number): Ftype3 {
  switch (number) {
    case 1: return "NF3REG";
    case 2: return "NF3DIR";
    case 3: return "NF3BLK";
    case 4: return "NF3CHR";
    case 5: return "NF3LNK";
    case 6: return "NF3SOCK";
    case 7: return "NF3FIFO";
    default: return badEnum("ftype3", number);
  }
}

export function encodeFtype3(writer: XdrWriter, value: Ftype3): void {
  writer.int(fromFtype3(value));
}

export function decodeFtype3(reader: XdrReader): Ftype3 {
  return toFtype3(reader.int());
}

export interface Specdata3 {
  readonly specdata1: Uint32;
  readonly specdata2: Uint32;
}

export function encodeSpecdata3(writer: XdrWriter, value: Specdata3): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setUint32(at, checkUint(value.specdata1));
  view.setUint32(at + 4, checkUint(value.specdata2));
}

export function decodeSpecdata3(reader: XdrReader): Specdata3 {
  const at1 = reader.take(8);
  const $specdata1 = reader.view.getUint32(at1);
  const $specdata2 = reader.view.getUint32(at1 + 4);
  return { specdata1: $specdata1, specdata2: $specdata2 };
}

export interface NfsFh3 {
  readonly data: Uint8Array;
}

export function encodeNfsFh3(writer: XdrWriter, value: NfsFh3): void {
  writer.opaque(value.data, 64);
}

export function decodeNfsFh3(reader: XdrReader): NfsFh3 {
  const $data = reader.opaque(64);
  return { data: $data };
}

export interface Nfstime3 {
  readonly seconds: Uint32;
  readonly nseconds: Uint32;
}

export function encodeNfstime3(writer: XdrWriter, value: Nfstime3): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setUint32(at, checkUint(value.seconds));
  view.setUint32(at + 4, checkUint(value.nseconds));
}

export function decodeNfstime3(reader: XdrReader): Nfstime3 {
  const at2 = reader.take(8);
  const $seconds = reader.view.getUint32(at2);
  const $nseconds = reader.view.getUint32(at2 + 4);
  return { seconds: $seconds, nseconds: $nseconds };
}

export interface Fattr3 {
  readonly type: Ftype3;
  readonly mode: Mode3;
  readonly nlink: Uint32;
  readonly uid: Uid3;
  readonly gid: Gid3;
  readonly size: Size3;
  readonly used: Size3;
  readonly rdev: Specdata3;
  readonly fsid: Uint64;
  readonly fileid: Fileid3;
  readonly atime: Nfstime3;
  readonly mtime: Nfstime3;
  readonly ctime: Nfstime3;
}

export function encodeFattr3(writer: XdrWriter, value: Fattr3): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(84);
  view = writer.view;
  view.setInt32(at, fromFtype3(value.type));
  view.setUint32(at + 4, checkUint(value.mode));
  view.setUint32(at + 8, checkUint(value.nlink));
  view.setUint32(at + 12, checkUint(value.uid));
  view.setUint32(at + 16, checkUint(value.gid));
  view.setBigUint64(at + 20, checkUhyper(value.size));
  view.setBigUint64(at + 28, checkUhyper(value.used));
  view.setUint32(at + 36, checkUint(value.rdev.specdata1));
  view.setUint32(at + 40, checkUint(value.rdev.specdata2));
  view.setBigUint64(at + 44, checkUhyper(value.fsid));
  view.setBigUint64(at + 52, checkUhyper(value.fileid));
  view.setUint32(at + 60, checkUint(value.atime.seconds));
  view.setUint32(at + 64, checkUint(value.atime.nseconds));
  view.setUint32(at + 68, checkUint(value.mtime.seconds));
  view.setUint32(at + 72, checkUint(value.mtime.nseconds));
  view.setUint32(at + 76, checkUint(value.ctime.seconds));
  view.setUint32(at + 80, checkUint(value.ctime.nseconds));
}

export function decodeFattr3(reader: XdrReader): Fattr3 {
  const at3 = reader.take(84);
  const $type = toFtype3(reader.view.getInt32(at3));
  const $mode = reader.view.getUint32(at3 + 4);
  const $nlink = reader.view.getUint32(at3 + 8);
  const $uid = reader.view.getUint32(at3 + 12);
  const $gid = reader.view.getUint32(at3 + 16);
  const $size = reader.view.getBigUint64(at3 + 20);
  const $used = reader.view.getBigUint64(at3 + 28);
  const $rdev = { specdata1: reader.view.getUint32(at3 + 36), specdata2: reader.view.getUint32(at3 + 40) };
  const $fsid = reader.view.getBigUint64(at3 + 44);
  const $fileid = reader.view.getBigUint64(at3 + 52);
  const $atime = { seconds: reader.view.getUint32(at3 + 60), nseconds: reader.view.getUint32(at3 + 64) };
  const $mtime = { seconds: reader.view.getUint32(at3 + 68), nseconds: reader.view.getUint32(at3 + 72) };
  const $ctime = { seconds: reader.view.getUint32(at3 + 76), nseconds: reader.view.getUint32(at3 + 80) };
  return { type: $type, mode: $mode, nlink: $nlink, uid: $uid, gid: $gid, size: $size, used: $used, rdev: $rdev, fsid: $fsid, fileid: $fileid, atime: $atime, mtime: $mtime, ctime: $ctime };
}

export type PostOpAttr =
  | { readonly attributes_follow: true; readonly attributes: Fattr3 }
  | { readonly attributes_follow: false };

export function encodePostOpAttr(writer: XdrWriter, value: PostOpAttr): void {
  writer.bool(value.attributes_follow);
  switch (value.attributes_follow) {
    case true: {
      const $arm = value as { readonly attributes: Fattr3 };
      encodeFattr3(writer, $arm.attributes);
      break;
    }
    case false: {
      break;
    }
    default: refuse("post_op_attr", (value as { attributes_follow: unknown }).attributes_follow);
  }
}

export function decodePostOpAttr(reader: XdrReader): PostOpAttr {
  const $attributes_follow = reader.bool();
  switch ($attributes_follow) {
    case true: {
      return { attributes_follow: $attributes_follow, attributes: decodeFattr3(reader) };
    }
    case false: {
      return { attributes_follow: $attributes_follow };
    }
    default: return badUnion("post_op_attr", $attributes_follow);
  }
}

export interface WccAttr {
  readonly size: Size3;
  readonly mtime: Nfstime3;
  readonly ctime: Nfstime3;
}

export function encodeWccAttr(writer: XdrWriter, value: WccAttr): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(24);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.size));
  view.setUint32(at + 8, checkUint(value.mtime.seconds));
  view.setUint32(at + 12, checkUint(value.mtime.nseconds));
  view.setUint32(at + 16, checkUint(value.ctime.seconds));
  view.setUint32(at + 20, checkUint(value.ctime.nseconds));
}

export function decodeWccAttr(reader: XdrReader): WccAttr {
  const at4 = reader.take(24);
  const $size = reader.view.getBigUint64(at4);
  const $mtime = { seconds: reader.view.getUint32(at4 + 8), nseconds: reader.view.getUint32(at4 + 12) };
  const $ctime = { seconds: reader.view.getUint32(at4 + 16), nseconds: reader.view.getUint32(at4 + 20) };
  return { size: $size, mtime: $mtime, ctime: $ctime };
}

export type PreOpAttr =
  | { readonly attributes_follow: true; readonly attributes: WccAttr }
  | { readonly attributes_follow: false };

export function encodePreOpAttr(writer: XdrWriter, value: PreOpAttr): void {
  writer.bool(value.attributes_follow);
  switch (value.attributes_follow) {
    case true: {
      const $arm = value as { readonly attributes: WccAttr };
      encodeWccAttr(writer, $arm.attributes);
      break;
    }
    case false: {
      break;
    }
    default: refuse("pre_op_attr", (value as { attributes_follow: unknown }).attributes_follow);
  }
}

export function decodePreOpAttr(reader: XdrReader): PreOpAttr {
  const $attributes_follow = reader.bool();
  switch ($attributes_follow) {
    case true: {
      return { attributes_follow: $attributes_follow, attributes: decodeWccAttr(reader) };
    }
    case false: {
      return { attributes_follow: $attributes_follow };
    }
    default: return badUnion("pre_op_attr", $attributes_follow);
  }
}

export interface WccData {
  readonly before: PreOpAttr;
  readonly after: PostOpAttr;
}

export function encodeWccData(writer: XdrWriter, value: WccData): void {
  encodePreOpAttr(writer, value.before);
  encodePostOpAttr(writer, value.after);
}

export function decodeWccData(reader: XdrReader): WccData {
  const $before = decodePreOpAttr(reader);
  const $after = decodePostOpAttr(reader);
  return { before: $before, after: $after };
}

export type PostOpFh3 =
  | { readonly handle_follows: true; readonly handle: NfsFh3 }
  | { readonly handle_follows: false };

export function encodePostOpFh3(writer: XdrWriter, value: PostOpFh3): void {
  writer.bool(value.handle_follows);
  switch (value.handle_follows) {
    case true: {
      const $arm = value as { readonly handle: NfsFh3 };
      encodeNfsFh3(writer, $arm.handle);
      break;
    }
    case false: {
      break;
    }
    default: refuse("post_op_fh3", (value as { handle_follows: unknown }).handle_follows);
  }
}

export function decodePostOpFh3(reader: XdrReader): PostOpFh3 {
  const $handle_follows = reader.bool();
  switch ($handle_follows) {
    case true: {
      return { handle_follows: $handle_follows, handle: decodeNfsFh3(reader) };
    }
    case false: {
      return { handle_follows: $handle_follows };
    }
    default: return badUnion("post_op_fh3", $handle_follows);
  }
}

export type TimeHow = keyof typeof TimeHow;
/** The number of each. */
export const TimeHow: {
  readonly DONT_CHANGE: 0;
  readonly SET_TO_SERVER_TIME: 1;
  readonly SET_TO_CLIENT_TIME: 2;
} = {
  DONT_CHANGE: 0,
  SET_TO_SERVER_TIME: 1,
  SET_TO_CLIENT_TIME: 2,
};

/** The number of a {@link TimeHow}, checked. */
export function fromTimeHow(value: TimeHow): number {
  const number: unknown = TimeHow[value];
  return typeof number === "number" ? number : refuse("time_how", value);
}

/** The {@link TimeHow} with that number. */
export function toTimeHow(number: number): TimeHow {
  switch (number) {
    case 0: return "DONT_CHANGE";
    case 1: return "SET_TO_SERVER_TIME";
    case 2: return "SET_TO_CLIENT_TIME";
    default: return badEnum("time_how", number);
  }
}

export function encodeTimeHow(writer: XdrWriter, value: TimeHow): void {
  writer.int(fromTimeHow(value));
}

export function decodeTimeHow(reader: XdrReader): TimeHow {
  return toTimeHow(reader.int());
}

export type SetMode3 =
  | { readonly set_it: true; readonly mode: Mode3 }
  | { readonly set_it: false };

export function encodeSetMode3(writer: XdrWriter, value: SetMode3): void {
  writer.bool(value.set_it);
  switch (value.set_it) {
    case true: {
      const $arm = value as { readonly mode: Mode3 };
      encodeMode3(writer, $arm.mode);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeSetMode3(reader: XdrReader): SetMode3 {
  const $set_it = reader.bool();
  switch ($set_it) {
    case true: {
      return { set_it: $set_it, mode: decodeMode3(reader) };
    }
    default: {
      return { set_it: $set_it };
    }
  }
}

export type SetUid3 =
  | { readonly set_it: true; readonly uid: Uid3 }
  | { readonly set_it: false };

export function encodeSetUid3(writer: XdrWriter, value: SetUid3): void {
  writer.bool(value.set_it);
  switch (value.set_it) {
    case true: {
      const $arm = value as { readonly uid: Uid3 };
      encodeUid3(writer, $arm.uid);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeSetUid3(reader: XdrReader): SetUid3 {
  const $set_it = reader.bool();
  switch ($set_it) {
    case true: {
      return { set_it: $set_it, uid: decodeUid3(reader) };
    }
    default: {
      return { set_it: $set_it };
    }
  }
}

export type SetGid3 =
  | { readonly set_it: true; readonly gid: Gid3 }
  | { readonly set_it: false };

export function encodeSetGid3(writer: XdrWriter, value: SetGid3): void {
  writer.bool(value.set_it);
  switch (value.set_it) {
    case true: {
      const $arm = value as { readonly gid: Gid3 };
      encodeGid3(writer, $arm.gid);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeSetGid3(reader: XdrReader): SetGid3 {
  const $set_it = reader.bool();
  switch ($set_it) {
    case true: {
      return { set_it: $set_it, gid: decodeGid3(reader) };
    }
    default: {
      return { set_it: $set_it };
    }
  }
}

export type SetSize3 =
  | { readonly set_it: true; readonly size: Size3 }
  | { readonly set_it: false };

export function encodeSetSize3(writer: XdrWriter, value: SetSize3): void {
  writer.bool(value.set_it);
  switch (value.set_it) {
    case true: {
      const $arm = value as { readonly size: Size3 };
      encodeSize3(writer, $arm.size);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeSetSize3(reader: XdrReader): SetSize3 {
  const $set_it = reader.bool();
  switch ($set_it) {
    case true: {
      return { set_it: $set_it, size: decodeSize3(reader) };
    }
    default: {
      return { set_it: $set_it };
    }
  }
}

export type SetAtime =
  | { readonly set_it: "SET_TO_CLIENT_TIME"; readonly atime: Nfstime3 }
  | { readonly set_it: "DONT_CHANGE" | "SET_TO_SERVER_TIME" };

export function encodeSetAtime(writer: XdrWriter, value: SetAtime): void {
  encodeTimeHow(writer, value.set_it);
  switch (value.set_it) {
    case "SET_TO_CLIENT_TIME": {
      const $arm = value as { readonly atime: Nfstime3 };
      encodeNfstime3(writer, $arm.atime);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeSetAtime(reader: XdrReader): SetAtime {
  const $set_it = decodeTimeHow(reader);
  switch ($set_it) {
    case "SET_TO_CLIENT_TIME": {
      return { set_it: $set_it, atime: decodeNfstime3(reader) };
    }
    default: {
      return { set_it: $set_it };
    }
  }
}

export type SetMtime =
  | { readonly set_it: "SET_TO_CLIENT_TIME"; readonly mtime: Nfstime3 }
  | { readonly set_it: "DONT_CHANGE" | "SET_TO_SERVER_TIME" };

export function encodeSetMtime(writer: XdrWriter, value: SetMtime): void {
  encodeTimeHow(writer, value.set_it);
  switch (value.set_it) {
    case "SET_TO_CLIENT_TIME": {
      const $arm = value as { readonly mtime: Nfstime3 };
      encodeNfstime3(writer, $arm.mtime);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeSetMtime(reader: XdrReader): SetMtime {
  const $set_it = decodeTimeHow(reader);
  switch ($set_it) {
    case "SET_TO_CLIENT_TIME": {
      return { set_it: $set_it, mtime: decodeNfstime3(reader) };
    }
    default: {
      return { set_it: $set_it };
    }
  }
}

export interface Sattr3 {
  readonly mode: SetMode3;
  readonly uid: SetUid3;
  readonly gid: SetGid3;
  readonly size: SetSize3;
  readonly atime: SetAtime;
  readonly mtime: SetMtime;
}

export function encodeSattr3(writer: XdrWriter, value: Sattr3): void {
  encodeSetMode3(writer, value.mode);
  encodeSetUid3(writer, value.uid);
  encodeSetGid3(writer, value.gid);
  encodeSetSize3(writer, value.size);
  encodeSetAtime(writer, value.atime);
  encodeSetMtime(writer, value.mtime);
}

export function decodeSattr3(reader: XdrReader): Sattr3 {
  const $mode = decodeSetMode3(reader);
  const $uid = decodeSetUid3(reader);
  const $gid = decodeSetGid3(reader);
  const $size = decodeSetSize3(reader);
  const $atime = decodeSetAtime(reader);
  const $mtime = decodeSetMtime(reader);
  return { mode: $mode, uid: $uid, gid: $gid, size: $size, atime: $atime, mtime: $mtime };
}

export interface Diropargs3 {
  readonly dir: NfsFh3;
  readonly name: Filename3;
}

export function encodeDiropargs3(writer: XdrWriter, value: Diropargs3): void {
  encodeNfsFh3(writer, value.dir);
  encodeFilename3(writer, value.name);
}

export function decodeDiropargs3(reader: XdrReader): Diropargs3 {
  const $dir = decodeNfsFh3(reader);
  const $name = decodeFilename3(reader);
  return { dir: $dir, name: $name };
}

export interface GETATTR3args {
  readonly object: NfsFh3;
}

export function encodeGETATTR3args(writer: XdrWriter, value: GETATTR3args): void {
  encodeNfsFh3(writer, value.object);
}

export function decodeGETATTR3args(reader: XdrReader): GETATTR3args {
  const $object = decodeNfsFh3(reader);
  return { object: $object };
}

export interface GETATTR3resok {
  readonly obj_attributes: Fattr3;
}

export function encodeGETATTR3resok(writer: XdrWriter, value: GETATTR3resok): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(84);
  view = writer.view;
  view.setInt32(at, fromFtype3(value.obj_attributes.type));
  view.setUint32(at + 4, checkUint(value.obj_attributes.mode));
  view.setUint32(at + 8, checkUint(value.obj_attributes.nlink));
  view.setUint32(at + 12, checkUint(value.obj_attributes.uid));
  view.setUint32(at + 16, checkUint(value.obj_attributes.gid));
  view.setBigUint64(at + 20, checkUhyper(value.obj_attributes.size));
  view.setBigUint64(at + 28, checkUhyper(value.obj_attributes.used));
  view.setUint32(at + 36, checkUint(value.obj_attributes.rdev.specdata1));
  view.setUint32(at + 40, checkUint(value.obj_attributes.rdev.specdata2));
  view.setBigUint64(at + 44, checkUhyper(value.obj_attributes.fsid));
  view.setBigUint64(at + 52, checkUhyper(value.obj_attributes.fileid));
  view.setUint32(at + 60, checkUint(value.obj_attributes.atime.seconds));
  view.setUint32(at + 64, checkUint(value.obj_attributes.atime.nseconds));
  view.setUint32(at + 68, checkUint(value.obj_attributes.mtime.seconds));
  view.setUint32(at + 72, checkUint(value.obj_attributes.mtime.nseconds));
  view.setUint32(at + 76, checkUint(value.obj_attributes.ctime.seconds));
  view.setUint32(at + 80, checkUint(value.obj_attributes.ctime.nseconds));
}

export function decodeGETATTR3resok(reader: XdrReader): GETATTR3resok {
  const at5 = reader.take(84);
  const $obj_attributes = { type: toFtype3(reader.view.getInt32(at5)), mode: reader.view.getUint32(at5 + 4), nlink: reader.view.getUint32(at5 + 8), uid: reader.view.getUint32(at5 + 12), gid: reader.view.getUint32(at5 + 16), size: reader.view.getBigUint64(at5 + 20), used: reader.view.getBigUint64(at5 + 28), rdev: { specdata1: reader.view.getUint32(at5 + 36), specdata2: reader.view.getUint32(at5 + 40) }, fsid: reader.view.getBigUint64(at5 + 44), fileid: reader.view.getBigUint64(at5 + 52), atime: { seconds: reader.view.getUint32(at5 + 60), nseconds: reader.view.getUint32(at5 + 64) }, mtime: { seconds: reader.view.getUint32(at5 + 68), nseconds: reader.view.getUint32(at5 + 72) }, ctime: { seconds: reader.view.getUint32(at5 + 76), nseconds: reader.view.getUint32(at5 + 80) } };
  return { obj_attributes: $obj_attributes };
}

export type GETATTR3res =
  | { readonly status: "NFS3_OK"; readonly resok: GETATTR3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX" };

export function encodeGETATTR3res(writer: XdrWriter, value: GETATTR3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: GETATTR3resok };
      encodeGETATTR3resok(writer, $arm.resok);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeGETATTR3res(reader: XdrReader): GETATTR3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeGETATTR3resok(reader) };
    }
    default: {
      return { status: $status };
    }
  }
}

export type Sattrguard3 =
  | { readonly check: true; readonly obj_ctime: Nfstime3 }
  | { readonly check: false };

export function encodeSattrguard3(writer: XdrWriter, value: Sattrguard3): void {
  writer.bool(value.check);
  switch (value.check) {
    case true: {
      const $arm = value as { readonly obj_ctime: Nfstime3 };
      encodeNfstime3(writer, $arm.obj_ctime);
      break;
    }
    case false: {
      break;
    }
    default: refuse("sattrguard3", (value as { check: unknown }).check);
  }
}

export function decodeSattrguard3(reader: XdrReader): Sattrguard3 {
  const $check = reader.bool();
  switch ($check) {
    case true: {
      return { check: $check, obj_ctime: decodeNfstime3(reader) };
    }
    case false: {
      return { check: $check };
    }
    default: return badUnion("sattrguard3", $check);
  }
}

export interface SETATTR3args {
  readonly object: NfsFh3;
  readonly new_attributes: Sattr3;
  readonly guard: Sattrguard3;
}

export function encodeSETATTR3args(writer: XdrWriter, value: SETATTR3args): void {
  encodeNfsFh3(writer, value.object);
  encodeSattr3(writer, value.new_attributes);
  encodeSattrguard3(writer, value.guard);
}

export function decodeSETATTR3args(reader: XdrReader): SETATTR3args {
  const $object = decodeNfsFh3(reader);
  const $new_attributes = decodeSattr3(reader);
  const $guard = decodeSattrguard3(reader);
  return { object: $object, new_attributes: $new_attributes, guard: $guard };
}

export interface SETATTR3resok {
  readonly obj_wcc: WccData;
}

export function encodeSETATTR3resok(writer: XdrWriter, value: SETATTR3resok): void {
  encodeWccData(writer, value.obj_wcc);
}

export function decodeSETATTR3resok(reader: XdrReader): SETATTR3resok {
  const $obj_wcc = decodeWccData(reader);
  return { obj_wcc: $obj_wcc };
}

export interface SETATTR3resfail {
  readonly obj_wcc: WccData;
}

export function encodeSETATTR3resfail(writer: XdrWriter, value: SETATTR3resfail): void {
  encodeWccData(writer, value.obj_wcc);
}

export function decodeSETATTR3resfail(reader: XdrReader): SETATTR3resfail {
  const $obj_wcc = decodeWccData(reader);
  return { obj_wcc: $obj_wcc };
}

export type SETATTR3res =
  | { readonly status: "NFS3_OK"; readonly resok: SETATTR3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: SETATTR3resfail };

export function encodeSETATTR3res(writer: XdrWriter, value: SETATTR3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: SETATTR3resok };
      encodeSETATTR3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: SETATTR3resfail };
      encodeSETATTR3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeSETATTR3res(reader: XdrReader): SETATTR3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeSETATTR3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeSETATTR3resfail(reader) };
    }
  }
}

export interface LOOKUP3args {
  readonly what: Diropargs3;
}

export function encodeLOOKUP3args(writer: XdrWriter, value: LOOKUP3args): void {
  encodeDiropargs3(writer, value.what);
}

export function decodeLOOKUP3args(reader: XdrReader): LOOKUP3args {
  const $what = decodeDiropargs3(reader);
  return { what: $what };
}

export interface LOOKUP3resok {
  readonly object: NfsFh3;
  readonly obj_attributes: PostOpAttr;
  readonly dir_attributes: PostOpAttr;
}

export function encodeLOOKUP3resok(writer: XdrWriter, value: LOOKUP3resok): void {
  encodeNfsFh3(writer, value.object);
  encodePostOpAttr(writer, value.obj_attributes);
  encodePostOpAttr(writer, value.dir_attributes);
}

export function decodeLOOKUP3resok(reader: XdrReader): LOOKUP3resok {
  const $object = decodeNfsFh3(reader);
  const $obj_attributes = decodePostOpAttr(reader);
  const $dir_attributes = decodePostOpAttr(reader);
  return { object: $object, obj_attributes: $obj_attributes, dir_attributes: $dir_attributes };
}

export interface LOOKUP3resfail {
  readonly dir_attributes: PostOpAttr;
}

export function encodeLOOKUP3resfail(writer: XdrWriter, value: LOOKUP3resfail): void {
  encodePostOpAttr(writer, value.dir_attributes);
}

export function decodeLOOKUP3resfail(reader: XdrReader): LOOKUP3resfail {
  const $dir_attributes = decodePostOpAttr(reader);
  return { dir_attributes: $dir_attributes };
}

export type LOOKUP3res =
  | { readonly status: "NFS3_OK"; readonly resok: LOOKUP3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: LOOKUP3resfail };

export function encodeLOOKUP3res(writer: XdrWriter, value: LOOKUP3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: LOOKUP3resok };
      encodeLOOKUP3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: LOOKUP3resfail };
      encodeLOOKUP3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeLOOKUP3res(reader: XdrReader): LOOKUP3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeLOOKUP3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeLOOKUP3resfail(reader) };
    }
  }
}

export interface ACCESS3args {
  readonly object: NfsFh3;
  readonly access: Uint32;
}

export function encodeACCESS3args(writer: XdrWriter, value: ACCESS3args): void {
  encodeNfsFh3(writer, value.object);
  let at: number;
  let view: DataView;
  at = writer.reserve(4);
  view = writer.view;
  view.setUint32(at, checkUint(value.access));
}

export function decodeACCESS3args(reader: XdrReader): ACCESS3args {
  const $object = decodeNfsFh3(reader);
  const at6 = reader.take(4);
  const $access = reader.view.getUint32(at6);
  return { object: $object, access: $access };
}

export interface ACCESS3resok {
  readonly obj_attributes: PostOpAttr;
  readonly access: Uint32;
}

export function encodeACCESS3resok(writer: XdrWriter, value: ACCESS3resok): void {
  encodePostOpAttr(writer, value.obj_attributes);
  let at: number;
  let view: DataView;
  at = writer.reserve(4);
  view = writer.view;
  view.setUint32(at, checkUint(value.access));
}

export function decodeACCESS3resok(reader: XdrReader): ACCESS3resok {
  const $obj_attributes = decodePostOpAttr(reader);
  const at7 = reader.take(4);
  const $access = reader.view.getUint32(at7);
  return { obj_attributes: $obj_attributes, access: $access };
}

export interface ACCESS3resfail {
  readonly obj_attributes: PostOpAttr;
}

export function encodeACCESS3resfail(writer: XdrWriter, value: ACCESS3resfail): void {
  encodePostOpAttr(writer, value.obj_attributes);
}

export function decodeACCESS3resfail(reader: XdrReader): ACCESS3resfail {
  const $obj_attributes = decodePostOpAttr(reader);
  return { obj_attributes: $obj_attributes };
}

export type ACCESS3res =
  | { readonly status: "NFS3_OK"; readonly resok: ACCESS3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: ACCESS3resfail };

export function encodeACCESS3res(writer: XdrWriter, value: ACCESS3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: ACCESS3resok };
      encodeACCESS3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: ACCESS3resfail };
      encodeACCESS3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeACCESS3res(reader: XdrReader): ACCESS3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeACCESS3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeACCESS3resfail(reader) };
    }
  }
}

export interface READLINK3args {
  readonly symlink: NfsFh3;
}

export function encodeREADLINK3args(writer: XdrWriter, value: READLINK3args): void {
  encodeNfsFh3(writer, value.symlink);
}

export function decodeREADLINK3args(reader: XdrReader): READLINK3args {
  const $symlink = decodeNfsFh3(reader);
  return { symlink: $symlink };
}

export interface READLINK3resok {
  readonly symlink_attributes: PostOpAttr;
  readonly data: Nfspath3;
}

export function encodeREADLINK3resok(writer: XdrWriter, value: READLINK3resok): void {
  encodePostOpAttr(writer, value.symlink_attributes);
  encodeNfspath3(writer, value.data);
}

export function decodeREADLINK3resok(reader: XdrReader): READLINK3resok {
  const $symlink_attributes = decodePostOpAttr(reader);
  const $data = decodeNfspath3(reader);
  return { symlink_attributes: $symlink_attributes, data: $data };
}

export interface READLINK3resfail {
  readonly symlink_attributes: PostOpAttr;
}

export function encodeREADLINK3resfail(writer: XdrWriter, value: READLINK3resfail): void {
  encodePostOpAttr(writer, value.symlink_attributes);
}

export function decodeREADLINK3resfail(reader: XdrReader): READLINK3resfail {
  const $symlink_attributes = decodePostOpAttr(reader);
  return { symlink_attributes: $symlink_attributes };
}

export type READLINK3res =
  | { readonly status: "NFS3_OK"; readonly resok: READLINK3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: READLINK3resfail };

export function encodeREADLINK3res(writer: XdrWriter, value: READLINK3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: READLINK3resok };
      encodeREADLINK3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: READLINK3resfail };
      encodeREADLINK3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeREADLINK3res(reader: XdrReader): READLINK3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeREADLINK3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeREADLINK3resfail(reader) };
    }
  }
}

export interface READ3args {
  readonly file: NfsFh3;
  readonly offset: Offset3;
  readonly count: Count3;
}

export function encodeREAD3args(writer: XdrWriter, value: READ3args): void {
  encodeNfsFh3(writer, value.file);
  let at: number;
  let view: DataView;
  at = writer.reserve(12);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.offset));
  view.setUint32(at + 8, checkUint(value.count));
}

export function decodeREAD3args(reader: XdrReader): READ3args {
  const $file = decodeNfsFh3(reader);
  const at8 = reader.take(12);
  const $offset = reader.view.getBigUint64(at8);
  const $count = reader.view.getUint32(at8 + 8);
  return { file: $file, offset: $offset, count: $count };
}

export interface READ3resok {
  readonly file_attributes: PostOpAttr;
  readonly count: Count3;
  readonly eof: boolean;
  readonly data: Uint8Array;
}

export function encodeREAD3resok(writer: XdrWriter, value: READ3resok): void {
  encodePostOpAttr(writer, value.file_attributes);
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setUint32(at, checkUint(value.count));
  view.setUint32(at + 4, value.eof ? 1 : 0);
  writer.opaque(value.data, 4294967295);
}

export function decodeREAD3resok(reader: XdrReader): READ3resok {
  const $file_attributes = decodePostOpAttr(reader);
  const at9 = reader.take(8);
  const $count = reader.view.getUint32(at9);
  const $eof = reader.boolAt(at9 + 4);
  const $data = reader.opaque(4294967295);
  return { file_attributes: $file_attributes, count: $count, eof: $eof, data: $data };
}

export interface READ3resfail {
  readonly file_attributes: PostOpAttr;
}

export function encodeREAD3resfail(writer: XdrWriter, value: READ3resfail): void {
  encodePostOpAttr(writer, value.file_attributes);
}

export function decodeREAD3resfail(reader: XdrReader): READ3resfail {
  const $file_attributes = decodePostOpAttr(reader);
  return { file_attributes: $file_attributes };
}

export type READ3res =
  | { readonly status: "NFS3_OK"; readonly resok: READ3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: READ3resfail };

export function encodeREAD3res(writer: XdrWriter, value: READ3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: READ3resok };
      encodeREAD3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: READ3resfail };
      encodeREAD3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeREAD3res(reader: XdrReader): READ3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeREAD3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeREAD3resfail(reader) };
    }
  }
}

export type StableHow = keyof typeof StableHow;
/** The number of each. */
export const StableHow: {
  readonly UNSTABLE: 0;
  readonly DATA_SYNC: 1;
  readonly FILE_SYNC: 2;
} = {
  UNSTABLE: 0,
  DATA_SYNC: 1,
  FILE_SYNC: 2,
};

/** The number of a {@link StableHow}, checked. */
export function fromStableHow(value: StableHow): number {
  const number: unknown = StableHow[value];
  return typeof number === "number" ? number : refuse("stable_how", value);
}

/** The {@link StableHow} with that number. */
export function toStableHow(number: number): StableHow {
  switch (number) {
    case 0: return "UNSTABLE";
    case 1: return "DATA_SYNC";
    case 2: return "FILE_SYNC";
    default: return badEnum("stable_how", number);
  }
}

export function encodeStableHow(writer: XdrWriter, value: StableHow): void {
  writer.int(fromStableHow(value));
}

export function decodeStableHow(reader: XdrReader): StableHow {
  return toStableHow(reader.int());
}

export interface WRITE3args {
  readonly file: NfsFh3;
  readonly offset: Offset3;
  readonly count: Count3;
  readonly stable: StableHow;
  readonly data: Uint8Array;
}

export function encodeWRITE3args(writer: XdrWriter, value: WRITE3args): void {
  encodeNfsFh3(writer, value.file);
  let at: number;
  let view: DataView;
  at = writer.reserve(16);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.offset));
  view.setUint32(at + 8, checkUint(value.count));
  view.setInt32(at + 12, fromStableHow(value.stable));
  writer.opaque(value.data, 4294967295);
}

export function decodeWRITE3args(reader: XdrReader): WRITE3args {
  const $file = decodeNfsFh3(reader);
  const at10 = reader.take(16);
  const $offset = reader.view.getBigUint64(at10);
  const $count = reader.view.getUint32(at10 + 8);
  const $stable = toStableHow(reader.view.getInt32(at10 + 12));
  const $data = reader.opaque(4294967295);
  return { file: $file, offset: $offset, count: $count, stable: $stable, data: $data };
}

export interface WRITE3resok {
  readonly file_wcc: WccData;
  readonly count: Count3;
  readonly committed: StableHow;
  readonly verf: Writeverf3;
}

export function encodeWRITE3resok(writer: XdrWriter, value: WRITE3resok): void {
  encodeWccData(writer, value.file_wcc);
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setUint32(at, checkUint(value.count));
  view.setInt32(at + 4, fromStableHow(value.committed));
  encodeWriteverf3(writer, value.verf);
}

export function decodeWRITE3resok(reader: XdrReader): WRITE3resok {
  const $file_wcc = decodeWccData(reader);
  const at11 = reader.take(8);
  const $count = reader.view.getUint32(at11);
  const $committed = toStableHow(reader.view.getInt32(at11 + 4));
  const $verf = decodeWriteverf3(reader);
  return { file_wcc: $file_wcc, count: $count, committed: $committed, verf: $verf };
}

export interface WRITE3resfail {
  readonly file_wcc: WccData;
}

export function encodeWRITE3resfail(writer: XdrWriter, value: WRITE3resfail): void {
  encodeWccData(writer, value.file_wcc);
}

export function decodeWRITE3resfail(reader: XdrReader): WRITE3resfail {
  const $file_wcc = decodeWccData(reader);
  return { file_wcc: $file_wcc };
}

export type WRITE3res =
  | { readonly status: "NFS3_OK"; readonly resok: WRITE3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: WRITE3resfail };

export function encodeWRITE3res(writer: XdrWriter, value: WRITE3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: WRITE3resok };
      encodeWRITE3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: WRITE3resfail };
      encodeWRITE3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeWRITE3res(reader: XdrReader): WRITE3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeWRITE3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeWRITE3resfail(reader) };
    }
  }
}

export type Createmode3 = keyof typeof Createmode3;
/** The number of each. */
export const Createmode3: {
  readonly UNCHECKED: 0;
  readonly GUARDED: 1;
  readonly EXCLUSIVE: 2;
} = {
  UNCHECKED: 0,
  GUARDED: 1,
  EXCLUSIVE: 2,
};

/** The number of a {@link Createmode3}, checked. */
export function fromCreatemode3(value: Createmode3): number {
  const number: unknown = Createmode3[value];
  return typeof number === "number" ? number : refuse("createmode3", value);
}

/** The {@link Createmode3} with that number. */
export function toCreatemode3(number: number): Createmode3 {
  switch (number) {
    case 0: return "UNCHECKED";
    case 1: return "GUARDED";
    case 2: return "EXCLUSIVE";
    default: return badEnum("createmode3", number);
  }
}

export function encodeCreatemode3(writer: XdrWriter, value: Createmode3): void {
  writer.int(fromCreatemode3(value));
}

export function decodeCreatemode3(reader: XdrReader): Createmode3 {
  return toCreatemode3(reader.int());
}

export type Createhow3 =
  | { readonly mode: "UNCHECKED" | "GUARDED"; readonly obj_attributes: Sattr3 }
  | { readonly mode: "EXCLUSIVE"; readonly verf: Createverf3 };

export function encodeCreatehow3(writer: XdrWriter, value: Createhow3): void {
  encodeCreatemode3(writer, value.mode);
  switch (value.mode) {
    case "UNCHECKED":
    case "GUARDED": {
      const $arm = value as { readonly obj_attributes: Sattr3 };
      encodeSattr3(writer, $arm.obj_attributes);
      break;
    }
    case "EXCLUSIVE": {
      const $arm = value as { readonly verf: Createverf3 };
      encodeCreateverf3(writer, $arm.verf);
      break;
    }
    default: refuse("createhow3", (value as { mode: unknown }).mode);
  }
}

export function decodeCreatehow3(reader: XdrReader): Createhow3 {
  const $mode = decodeCreatemode3(reader);
  switch ($mode) {
    case "UNCHECKED":
    case "GUARDED": {
      return { mode: $mode, obj_attributes: decodeSattr3(reader) };
    }
    case "EXCLUSIVE": {
      return { mode: $mode, verf: decodeCreateverf3(reader) };
    }
    default: return badUnion("createhow3", $mode);
  }
}

export interface CREATE3args {
  readonly where: Diropargs3;
  readonly how: Createhow3;
}

export function encodeCREATE3args(writer: XdrWriter, value: CREATE3args): void {
  encodeDiropargs3(writer, value.where);
  encodeCreatehow3(writer, value.how);
}

export function decodeCREATE3args(reader: XdrReader): CREATE3args {
  const $where = decodeDiropargs3(reader);
  const $how = decodeCreatehow3(reader);
  return { where: $where, how: $how };
}

export interface CREATE3resok {
  readonly obj: PostOpFh3;
  readonly obj_attributes: PostOpAttr;
  readonly dir_wcc: WccData;
}

export function encodeCREATE3resok(writer: XdrWriter, value: CREATE3resok): void {
  encodePostOpFh3(writer, value.obj);
  encodePostOpAttr(writer, value.obj_attributes);
  encodeWccData(writer, value.dir_wcc);
}

export function decodeCREATE3resok(reader: XdrReader): CREATE3resok {
  const $obj = decodePostOpFh3(reader);
  const $obj_attributes = decodePostOpAttr(reader);
  const $dir_wcc = decodeWccData(reader);
  return { obj: $obj, obj_attributes: $obj_attributes, dir_wcc: $dir_wcc };
}

export interface CREATE3resfail {
  readonly dir_wcc: WccData;
}

export function encodeCREATE3resfail(writer: XdrWriter, value: CREATE3resfail): void {
  encodeWccData(writer, value.dir_wcc);
}

export function decodeCREATE3resfail(reader: XdrReader): CREATE3resfail {
  const $dir_wcc = decodeWccData(reader);
  return { dir_wcc: $dir_wcc };
}

export type CREATE3res =
  | { readonly status: "NFS3_OK"; readonly resok: CREATE3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: CREATE3resfail };

export function encodeCREATE3res(writer: XdrWriter, value: CREATE3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: CREATE3resok };
      encodeCREATE3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: CREATE3resfail };
      encodeCREATE3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeCREATE3res(reader: XdrReader): CREATE3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeCREATE3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeCREATE3resfail(reader) };
    }
  }
}

export interface MKDIR3args {
  readonly where: Diropargs3;
  readonly attributes: Sattr3;
}

export function encodeMKDIR3args(writer: XdrWriter, value: MKDIR3args): void {
  encodeDiropargs3(writer, value.where);
  encodeSattr3(writer, value.attributes);
}

export function decodeMKDIR3args(reader: XdrReader): MKDIR3args {
  const $where = decodeDiropargs3(reader);
  const $attributes = decodeSattr3(reader);
  return { where: $where, attributes: $attributes };
}

export interface MKDIR3resok {
  readonly obj: PostOpFh3;
  readonly obj_attributes: PostOpAttr;
  readonly dir_wcc: WccData;
}

export function encodeMKDIR3resok(writer: XdrWriter, value: MKDIR3resok): void {
  encodePostOpFh3(writer, value.obj);
  encodePostOpAttr(writer, value.obj_attributes);
  encodeWccData(writer, value.dir_wcc);
}

export function decodeMKDIR3resok(reader: XdrReader): MKDIR3resok {
  const $obj = decodePostOpFh3(reader);
  const $obj_attributes = decodePostOpAttr(reader);
  const $dir_wcc = decodeWccData(reader);
  return { obj: $obj, obj_attributes: $obj_attributes, dir_wcc: $dir_wcc };
}

export interface MKDIR3resfail {
  readonly dir_wcc: WccData;
}

export function encodeMKDIR3resfail(writer: XdrWriter, value: MKDIR3resfail): void {
  encodeWccData(writer, value.dir_wcc);
}

export function decodeMKDIR3resfail(reader: XdrReader): MKDIR3resfail {
  const $dir_wcc = decodeWccData(reader);
  return { dir_wcc: $dir_wcc };
}

export type MKDIR3res =
  | { readonly status: "NFS3_OK"; readonly resok: MKDIR3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: MKDIR3resfail };

export function encodeMKDIR3res(writer: XdrWriter, value: MKDIR3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: MKDIR3resok };
      encodeMKDIR3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: MKDIR3resfail };
      encodeMKDIR3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeMKDIR3res(reader: XdrReader): MKDIR3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeMKDIR3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeMKDIR3resfail(reader) };
    }
  }
}

export interface Symlinkdata3 {
  readonly symlink_attributes: Sattr3;
  readonly symlink_data: Nfspath3;
}

export function encodeSymlinkdata3(writer: XdrWriter, value: Symlinkdata3): void {
  encodeSattr3(writer, value.symlink_attributes);
  encodeNfspath3(writer, value.symlink_data);
}

export function decodeSymlinkdata3(reader: XdrReader): Symlinkdata3 {
  const $symlink_attributes = decodeSattr3(reader);
  const $symlink_data = decodeNfspath3(reader);
  return { symlink_attributes: $symlink_attributes, symlink_data: $symlink_data };
}

export interface SYMLINK3args {
  readonly where: Diropargs3;
  readonly symlink: Symlinkdata3;
}

export function encodeSYMLINK3args(writer: XdrWriter, value: SYMLINK3args): void {
  encodeDiropargs3(writer, value.where);
  encodeSymlinkdata3(writer, value.symlink);
}

export function decodeSYMLINK3args(reader: XdrReader): SYMLINK3args {
  const $where = decodeDiropargs3(reader);
  const $symlink = decodeSymlinkdata3(reader);
  return { where: $where, symlink: $symlink };
}

export interface SYMLINK3resok {
  readonly obj: PostOpFh3;
  readonly obj_attributes: PostOpAttr;
  readonly dir_wcc: WccData;
}

export function encodeSYMLINK3resok(writer: XdrWriter, value: SYMLINK3resok): void {
  encodePostOpFh3(writer, value.obj);
  encodePostOpAttr(writer, value.obj_attributes);
  encodeWccData(writer, value.dir_wcc);
}

export function decodeSYMLINK3resok(reader: XdrReader): SYMLINK3resok {
  const $obj = decodePostOpFh3(reader);
  const $obj_attributes = decodePostOpAttr(reader);
  const $dir_wcc = decodeWccData(reader);
  return { obj: $obj, obj_attributes: $obj_attributes, dir_wcc: $dir_wcc };
}

export interface SYMLINK3resfail {
  readonly dir_wcc: WccData;
}

export function encodeSYMLINK3resfail(writer: XdrWriter, value: SYMLINK3resfail): void {
  encodeWccData(writer, value.dir_wcc);
}

export function decodeSYMLINK3resfail(reader: XdrReader): SYMLINK3resfail {
  const $dir_wcc = decodeWccData(reader);
  return { dir_wcc: $dir_wcc };
}

export type SYMLINK3res =
  | { readonly status: "NFS3_OK"; readonly resok: SYMLINK3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: SYMLINK3resfail };

export function encodeSYMLINK3res(writer: XdrWriter, value: SYMLINK3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: SYMLINK3resok };
      encodeSYMLINK3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: SYMLINK3resfail };
      encodeSYMLINK3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeSYMLINK3res(reader: XdrReader): SYMLINK3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeSYMLINK3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeSYMLINK3resfail(reader) };
    }
  }
}

export interface Devicedata3 {
  readonly dev_attributes: Sattr3;
  readonly spec: Specdata3;
}

export function encodeDevicedata3(writer: XdrWriter, value: Devicedata3): void {
  encodeSattr3(writer, value.dev_attributes);
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setUint32(at, checkUint(value.spec.specdata1));
  view.setUint32(at + 4, checkUint(value.spec.specdata2));
}

export function decodeDevicedata3(reader: XdrReader): Devicedata3 {
  const $dev_attributes = decodeSattr3(reader);
  const at12 = reader.take(8);
  const $spec = { specdata1: reader.view.getUint32(at12), specdata2: reader.view.getUint32(at12 + 4) };
  return { dev_attributes: $dev_attributes, spec: $spec };
}

export type Mknoddata3 =
  | { readonly type: "NF3CHR" | "NF3BLK"; readonly device: Devicedata3 }
  | { readonly type: "NF3SOCK" | "NF3FIFO"; readonly pipe_attributes: Sattr3 }
  | { readonly type: "NF3REG" | "NF3DIR" | "NF3LNK" };

export function encodeMknoddata3(writer: XdrWriter, value: Mknoddata3): void {
  encodeFtype3(writer, value.type);
  switch (value.type) {
    case "NF3CHR":
    case "NF3BLK": {
      const $arm = value as { readonly device: Devicedata3 };
      encodeDevicedata3(writer, $arm.device);
      break;
    }
    case "NF3SOCK":
    case "NF3FIFO": {
      const $arm = value as { readonly pipe_attributes: Sattr3 };
      encodeSattr3(writer, $arm.pipe_attributes);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeMknoddata3(reader: XdrReader): Mknoddata3 {
  const $type = decodeFtype3(reader);
  switch ($type) {
    case "NF3CHR":
    case "NF3BLK": {
      return { type: $type, device: decodeDevicedata3(reader) };
    }
    case "NF3SOCK":
    case "NF3FIFO": {
      return { type: $type, pipe_attributes: decodeSattr3(reader) };
    }
    default: {
      return { type: $type };
    }
  }
}

export interface MKNOD3args {
  readonly where: Diropargs3;
  readonly what: Mknoddata3;
}

export function encodeMKNOD3args(writer: XdrWriter, value: MKNOD3args): void {
  encodeDiropargs3(writer, value.where);
  encodeMknoddata3(writer, value.what);
}

export function decodeMKNOD3args(reader: XdrReader): MKNOD3args {
  const $where = decodeDiropargs3(reader);
  const $what = decodeMknoddata3(reader);
  return { where: $where, what: $what };
}

export interface MKNOD3resok {
  readonly obj: PostOpFh3;
  readonly obj_attributes: PostOpAttr;
  readonly dir_wcc: WccData;
}

export function encodeMKNOD3resok(writer: XdrWriter, value: MKNOD3resok): void {
  encodePostOpFh3(writer, value.obj);
  encodePostOpAttr(writer, value.obj_attributes);
  encodeWccData(writer, value.dir_wcc);
}

export function decodeMKNOD3resok(reader: XdrReader): MKNOD3resok {
  const $obj = decodePostOpFh3(reader);
  const $obj_attributes = decodePostOpAttr(reader);
  const $dir_wcc = decodeWccData(reader);
  return { obj: $obj, obj_attributes: $obj_attributes, dir_wcc: $dir_wcc };
}

export interface MKNOD3resfail {
  readonly dir_wcc: WccData;
}

export function encodeMKNOD3resfail(writer: XdrWriter, value: MKNOD3resfail): void {
  encodeWccData(writer, value.dir_wcc);
}

export function decodeMKNOD3resfail(reader: XdrReader): MKNOD3resfail {
  const $dir_wcc = decodeWccData(reader);
  return { dir_wcc: $dir_wcc };
}

export type MKNOD3res =
  | { readonly status: "NFS3_OK"; readonly resok: MKNOD3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: MKNOD3resfail };

export function encodeMKNOD3res(writer: XdrWriter, value: MKNOD3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: MKNOD3resok };
      encodeMKNOD3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: MKNOD3resfail };
      encodeMKNOD3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeMKNOD3res(reader: XdrReader): MKNOD3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeMKNOD3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeMKNOD3resfail(reader) };
    }
  }
}

export interface REMOVE3args {
  readonly object: Diropargs3;
}

export function encodeREMOVE3args(writer: XdrWriter, value: REMOVE3args): void {
  encodeDiropargs3(writer, value.object);
}

export function decodeREMOVE3args(reader: XdrReader): REMOVE3args {
  const $object = decodeDiropargs3(reader);
  return { object: $object };
}

export interface REMOVE3resok {
  readonly dir_wcc: WccData;
}

export function encodeREMOVE3resok(writer: XdrWriter, value: REMOVE3resok): void {
  encodeWccData(writer, value.dir_wcc);
}

export function decodeREMOVE3resok(reader: XdrReader): REMOVE3resok {
  const $dir_wcc = decodeWccData(reader);
  return { dir_wcc: $dir_wcc };
}

export interface REMOVE3resfail {
  readonly dir_wcc: WccData;
}

export function encodeREMOVE3resfail(writer: XdrWriter, value: REMOVE3resfail): void {
  encodeWccData(writer, value.dir_wcc);
}

export function decodeREMOVE3resfail(reader: XdrReader): REMOVE3resfail {
  const $dir_wcc = decodeWccData(reader);
  return { dir_wcc: $dir_wcc };
}

export type REMOVE3res =
  | { readonly status: "NFS3_OK"; readonly resok: REMOVE3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: REMOVE3resfail };

export function encodeREMOVE3res(writer: XdrWriter, value: REMOVE3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: REMOVE3resok };
      encodeREMOVE3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: REMOVE3resfail };
      encodeREMOVE3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeREMOVE3res(reader: XdrReader): REMOVE3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeREMOVE3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeREMOVE3resfail(reader) };
    }
  }
}

export interface RMDIR3args {
  readonly object: Diropargs3;
}

export function encodeRMDIR3args(writer: XdrWriter, value: RMDIR3args): void {
  encodeDiropargs3(writer, value.object);
}

export function decodeRMDIR3args(reader: XdrReader): RMDIR3args {
  const $object = decodeDiropargs3(reader);
  return { object: $object };
}

export interface RMDIR3resok {
  readonly dir_wcc: WccData;
}

export function encodeRMDIR3resok(writer: XdrWriter, value: RMDIR3resok): void {
  encodeWccData(writer, value.dir_wcc);
}

export function decodeRMDIR3resok(reader: XdrReader): RMDIR3resok {
  const $dir_wcc = decodeWccData(reader);
  return { dir_wcc: $dir_wcc };
}

export interface RMDIR3resfail {
  readonly dir_wcc: WccData;
}

export function encodeRMDIR3resfail(writer: XdrWriter, value: RMDIR3resfail): void {
  encodeWccData(writer, value.dir_wcc);
}

export function decodeRMDIR3resfail(reader: XdrReader): RMDIR3resfail {
  const $dir_wcc = decodeWccData(reader);
  return { dir_wcc: $dir_wcc };
}

export type RMDIR3res =
  | { readonly status: "NFS3_OK"; readonly resok: RMDIR3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: RMDIR3resfail };

export function encodeRMDIR3res(writer: XdrWriter, value: RMDIR3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: RMDIR3resok };
      encodeRMDIR3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: RMDIR3resfail };
      encodeRMDIR3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeRMDIR3res(reader: XdrReader): RMDIR3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeRMDIR3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeRMDIR3resfail(reader) };
    }
  }
}

export interface RENAME3args {
  readonly from: Diropargs3;
  readonly to: Diropargs3;
}

export function encodeRENAME3args(writer: XdrWriter, value: RENAME3args): void {
  encodeDiropargs3(writer, value.from);
  encodeDiropargs3(writer, value.to);
}

export function decodeRENAME3args(reader: XdrReader): RENAME3args {
  const $from = decodeDiropargs3(reader);
  const $to = decodeDiropargs3(reader);
  return { from: $from, to: $to };
}

export interface RENAME3resok {
  readonly fromdir_wcc: WccData;
  readonly todir_wcc: WccData;
}

export function encodeRENAME3resok(writer: XdrWriter, value: RENAME3resok): void {
  encodeWccData(writer, value.fromdir_wcc);
  encodeWccData(writer, value.todir_wcc);
}

export function decodeRENAME3resok(reader: XdrReader): RENAME3resok {
  const $fromdir_wcc = decodeWccData(reader);
  const $todir_wcc = decodeWccData(reader);
  return { fromdir_wcc: $fromdir_wcc, todir_wcc: $todir_wcc };
}

export interface RENAME3resfail {
  readonly fromdir_wcc: WccData;
  readonly todir_wcc: WccData;
}

export function encodeRENAME3resfail(writer: XdrWriter, value: RENAME3resfail): void {
  encodeWccData(writer, value.fromdir_wcc);
  encodeWccData(writer, value.todir_wcc);
}

export function decodeRENAME3resfail(reader: XdrReader): RENAME3resfail {
  const $fromdir_wcc = decodeWccData(reader);
  const $todir_wcc = decodeWccData(reader);
  return { fromdir_wcc: $fromdir_wcc, todir_wcc: $todir_wcc };
}

export type RENAME3res =
  | { readonly status: "NFS3_OK"; readonly resok: RENAME3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: RENAME3resfail };

export function encodeRENAME3res(writer: XdrWriter, value: RENAME3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: RENAME3resok };
      encodeRENAME3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: RENAME3resfail };
      encodeRENAME3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeRENAME3res(reader: XdrReader): RENAME3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeRENAME3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeRENAME3resfail(reader) };
    }
  }
}

export interface LINK3args {
  readonly file: NfsFh3;
  readonly link: Diropargs3;
}

export function encodeLINK3args(writer: XdrWriter, value: LINK3args): void {
  encodeNfsFh3(writer, value.file);
  encodeDiropargs3(writer, value.link);
}

export function decodeLINK3args(reader: XdrReader): LINK3args {
  const $file = decodeNfsFh3(reader);
  const $link = decodeDiropargs3(reader);
  return { file: $file, link: $link };
}

export interface LINK3resok {
  readonly file_attributes: PostOpAttr;
  readonly linkdir_wcc: WccData;
}

export function encodeLINK3resok(writer: XdrWriter, value: LINK3resok): void {
  encodePostOpAttr(writer, value.file_attributes);
  encodeWccData(writer, value.linkdir_wcc);
}

export function decodeLINK3resok(reader: XdrReader): LINK3resok {
  const $file_attributes = decodePostOpAttr(reader);
  const $linkdir_wcc = decodeWccData(reader);
  return { file_attributes: $file_attributes, linkdir_wcc: $linkdir_wcc };
}

export interface LINK3resfail {
  readonly file_attributes: PostOpAttr;
  readonly linkdir_wcc: WccData;
}

export function encodeLINK3resfail(writer: XdrWriter, value: LINK3resfail): void {
  encodePostOpAttr(writer, value.file_attributes);
  encodeWccData(writer, value.linkdir_wcc);
}

export function decodeLINK3resfail(reader: XdrReader): LINK3resfail {
  const $file_attributes = decodePostOpAttr(reader);
  const $linkdir_wcc = decodeWccData(reader);
  return { file_attributes: $file_attributes, linkdir_wcc: $linkdir_wcc };
}

export type LINK3res =
  | { readonly status: "NFS3_OK"; readonly resok: LINK3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: LINK3resfail };

export function encodeLINK3res(writer: XdrWriter, value: LINK3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: LINK3resok };
      encodeLINK3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: LINK3resfail };
      encodeLINK3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeLINK3res(reader: XdrReader): LINK3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeLINK3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeLINK3resfail(reader) };
    }
  }
}

export interface Entry3 {
  readonly fileid: Fileid3;
  readonly name: Filename3;
  readonly cookie: Cookie3;
}

export function encodeEntry3(writer: XdrWriter, value: Entry3): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.fileid));
  encodeFilename3(writer, value.name);
  at = writer.reserve(8);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.cookie));
}

export function decodeEntry3(reader: XdrReader): Entry3 {
  const at13 = reader.take(8);
  const $fileid = reader.view.getBigUint64(at13);
  const $name = decodeFilename3(reader);
  const at14 = reader.take(8);
  const $cookie = reader.view.getBigUint64(at14);
  return { fileid: $fileid, name: $name, cookie: $cookie };
}

export function encodeEntry3List(writer: XdrWriter, list: readonly Entry3[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeEntry3(writer, value);
  }
  writer.bool(false);
}

export function decodeEntry3List(reader: XdrReader): Entry3[] {
  const list: Entry3[] = [];
  while (reader.bool()) {
    list.push(decodeEntry3(reader));
    reader.listed(list.length);
  }
  return list;
}

export interface Dirlist3 {
  readonly entries: readonly Entry3[];
  readonly eof: boolean;
}

export function encodeDirlist3(writer: XdrWriter, value: Dirlist3): void {
  encodeEntry3List(writer, value.entries);
  let at: number;
  let view: DataView;
  at = writer.reserve(4);
  view = writer.view;
  view.setUint32(at, value.eof ? 1 : 0);
}

export function decodeDirlist3(reader: XdrReader): Dirlist3 {
  const $entries = decodeEntry3List(reader);
  const at15 = reader.take(4);
  const $eof = reader.boolAt(at15);
  return { entries: $entries, eof: $eof };
}

export interface READDIR3args {
  readonly dir: NfsFh3;
  readonly cookie: Cookie3;
  readonly cookieverf: Cookieverf3;
  readonly count: Count3;
}

export function encodeREADDIR3args(writer: XdrWriter, value: READDIR3args): void {
  encodeNfsFh3(writer, value.dir);
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.cookie));
  encodeCookieverf3(writer, value.cookieverf);
  at = writer.reserve(4);
  view = writer.view;
  view.setUint32(at, checkUint(value.count));
}

export function decodeREADDIR3args(reader: XdrReader): READDIR3args {
  const $dir = decodeNfsFh3(reader);
  const at16 = reader.take(8);
  const $cookie = reader.view.getBigUint64(at16);
  const $cookieverf = decodeCookieverf3(reader);
  const at17 = reader.take(4);
  const $count = reader.view.getUint32(at17);
  return { dir: $dir, cookie: $cookie, cookieverf: $cookieverf, count: $count };
}

export interface READDIR3resok {
  readonly dir_attributes: PostOpAttr;
  readonly cookieverf: Cookieverf3;
  readonly reply: Dirlist3;
}

export function encodeREADDIR3resok(writer: XdrWriter, value: READDIR3resok): void {
  encodePostOpAttr(writer, value.dir_attributes);
  encodeCookieverf3(writer, value.cookieverf);
  encodeDirlist3(writer, value.reply);
}

export function decodeREADDIR3resok(reader: XdrReader): READDIR3resok {
  const $dir_attributes = decodePostOpAttr(reader);
  const $cookieverf = decodeCookieverf3(reader);
  const $reply = decodeDirlist3(reader);
  return { dir_attributes: $dir_attributes, cookieverf: $cookieverf, reply: $reply };
}

export interface READDIR3resfail {
  readonly dir_attributes: PostOpAttr;
}

export function encodeREADDIR3resfail(writer: XdrWriter, value: READDIR3resfail): void {
  encodePostOpAttr(writer, value.dir_attributes);
}

export function decodeREADDIR3resfail(reader: XdrReader): READDIR3resfail {
  const $dir_attributes = decodePostOpAttr(reader);
  return { dir_attributes: $dir_attributes };
}

export type READDIR3res =
  | { readonly status: "NFS3_OK"; readonly resok: READDIR3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: READDIR3resfail };

export function encodeREADDIR3res(writer: XdrWriter, value: READDIR3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: READDIR3resok };
      encodeREADDIR3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: READDIR3resfail };
      encodeREADDIR3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeREADDIR3res(reader: XdrReader): READDIR3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeREADDIR3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeREADDIR3resfail(reader) };
    }
  }
}

export interface Entryplus3 {
  readonly fileid: Fileid3;
  readonly name: Filename3;
  readonly cookie: Cookie3;
  readonly name_attributes: PostOpAttr;
  readonly name_handle: PostOpFh3;
}

export function encodeEntryplus3(writer: XdrWriter, value: Entryplus3): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.fileid));
  encodeFilename3(writer, value.name);
  at = writer.reserve(8);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.cookie));
  encodePostOpAttr(writer, value.name_attributes);
  encodePostOpFh3(writer, value.name_handle);
}

export function decodeEntryplus3(reader: XdrReader): Entryplus3 {
  const at18 = reader.take(8);
  const $fileid = reader.view.getBigUint64(at18);
  const $name = decodeFilename3(reader);
  const at19 = reader.take(8);
  const $cookie = reader.view.getBigUint64(at19);
  const $name_attributes = decodePostOpAttr(reader);
  const $name_handle = decodePostOpFh3(reader);
  return { fileid: $fileid, name: $name, cookie: $cookie, name_attributes: $name_attributes, name_handle: $name_handle };
}

export function encodeEntryplus3List(writer: XdrWriter, list: readonly Entryplus3[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeEntryplus3(writer, value);
  }
  writer.bool(false);
}

export function decodeEntryplus3List(reader: XdrReader): Entryplus3[] {
  const list: Entryplus3[] = [];
  while (reader.bool()) {
    list.push(decodeEntryplus3(reader));
    reader.listed(list.length);
  }
  return list;
}

export interface Dirlistplus3 {
  readonly entries: readonly Entryplus3[];
  readonly eof: boolean;
}

export function encodeDirlistplus3(writer: XdrWriter, value: Dirlistplus3): void {
  encodeEntryplus3List(writer, value.entries);
  let at: number;
  let view: DataView;
  at = writer.reserve(4);
  view = writer.view;
  view.setUint32(at, value.eof ? 1 : 0);
}

export function decodeDirlistplus3(reader: XdrReader): Dirlistplus3 {
  const $entries = decodeEntryplus3List(reader);
  const at20 = reader.take(4);
  const $eof = reader.boolAt(at20);
  return { entries: $entries, eof: $eof };
}

export interface READDIRPLUS3args {
  readonly dir: NfsFh3;
  readonly cookie: Cookie3;
  readonly cookieverf: Cookieverf3;
  readonly dircount: Count3;
  readonly maxcount: Count3;
}

export function encodeREADDIRPLUS3args(writer: XdrWriter, value: READDIRPLUS3args): void {
  encodeNfsFh3(writer, value.dir);
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.cookie));
  encodeCookieverf3(writer, value.cookieverf);
  at = writer.reserve(8);
  view = writer.view;
  view.setUint32(at, checkUint(value.dircount));
  view.setUint32(at + 4, checkUint(value.maxcount));
}

export function decodeREADDIRPLUS3args(reader: XdrReader): READDIRPLUS3args {
  const $dir = decodeNfsFh3(reader);
  const at21 = reader.take(8);
  const $cookie = reader.view.getBigUint64(at21);
  const $cookieverf = decodeCookieverf3(reader);
  const at22 = reader.take(8);
  const $dircount = reader.view.getUint32(at22);
  const $maxcount = reader.view.getUint32(at22 + 4);
  return { dir: $dir, cookie: $cookie, cookieverf: $cookieverf, dircount: $dircount, maxcount: $maxcount };
}

export interface READDIRPLUS3resok {
  readonly dir_attributes: PostOpAttr;
  readonly cookieverf: Cookieverf3;
  readonly reply: Dirlistplus3;
}

export function encodeREADDIRPLUS3resok(writer: XdrWriter, value: READDIRPLUS3resok): void {
  encodePostOpAttr(writer, value.dir_attributes);
  encodeCookieverf3(writer, value.cookieverf);
  encodeDirlistplus3(writer, value.reply);
}

export function decodeREADDIRPLUS3resok(reader: XdrReader): READDIRPLUS3resok {
  const $dir_attributes = decodePostOpAttr(reader);
  const $cookieverf = decodeCookieverf3(reader);
  const $reply = decodeDirlistplus3(reader);
  return { dir_attributes: $dir_attributes, cookieverf: $cookieverf, reply: $reply };
}

export interface READDIRPLUS3resfail {
  readonly dir_attributes: PostOpAttr;
}

export function encodeREADDIRPLUS3resfail(writer: XdrWriter, value: READDIRPLUS3resfail): void {
  encodePostOpAttr(writer, value.dir_attributes);
}

export function decodeREADDIRPLUS3resfail(reader: XdrReader): READDIRPLUS3resfail {
  const $dir_attributes = decodePostOpAttr(reader);
  return { dir_attributes: $dir_attributes };
}

export type READDIRPLUS3res =
  | { readonly status: "NFS3_OK"; readonly resok: READDIRPLUS3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: READDIRPLUS3resfail };

export function encodeREADDIRPLUS3res(writer: XdrWriter, value: READDIRPLUS3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: READDIRPLUS3resok };
      encodeREADDIRPLUS3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: READDIRPLUS3resfail };
      encodeREADDIRPLUS3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeREADDIRPLUS3res(reader: XdrReader): READDIRPLUS3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeREADDIRPLUS3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeREADDIRPLUS3resfail(reader) };
    }
  }
}

export interface FSSTAT3args {
  readonly fsroot: NfsFh3;
}

export function encodeFSSTAT3args(writer: XdrWriter, value: FSSTAT3args): void {
  encodeNfsFh3(writer, value.fsroot);
}

export function decodeFSSTAT3args(reader: XdrReader): FSSTAT3args {
  const $fsroot = decodeNfsFh3(reader);
  return { fsroot: $fsroot };
}

export interface FSSTAT3resok {
  readonly obj_attributes: PostOpAttr;
  readonly tbytes: Size3;
  readonly fbytes: Size3;
  readonly abytes: Size3;
  readonly tfiles: Size3;
  readonly ffiles: Size3;
  readonly afiles: Size3;
  readonly invarsec: Uint32;
}

export function encodeFSSTAT3resok(writer: XdrWriter, value: FSSTAT3resok): void {
  encodePostOpAttr(writer, value.obj_attributes);
  let at: number;
  let view: DataView;
  at = writer.reserve(52);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.tbytes));
  view.setBigUint64(at + 8, checkUhyper(value.fbytes));
  view.setBigUint64(at + 16, checkUhyper(value.abytes));
  view.setBigUint64(at + 24, checkUhyper(value.tfiles));
  view.setBigUint64(at + 32, checkUhyper(value.ffiles));
  view.setBigUint64(at + 40, checkUhyper(value.afiles));
  view.setUint32(at + 48, checkUint(value.invarsec));
}

export function decodeFSSTAT3resok(reader: XdrReader): FSSTAT3resok {
  const $obj_attributes = decodePostOpAttr(reader);
  const at23 = reader.take(52);
  const $tbytes = reader.view.getBigUint64(at23);
  const $fbytes = reader.view.getBigUint64(at23 + 8);
  const $abytes = reader.view.getBigUint64(at23 + 16);
  const $tfiles = reader.view.getBigUint64(at23 + 24);
  const $ffiles = reader.view.getBigUint64(at23 + 32);
  const $afiles = reader.view.getBigUint64(at23 + 40);
  const $invarsec = reader.view.getUint32(at23 + 48);
  return { obj_attributes: $obj_attributes, tbytes: $tbytes, fbytes: $fbytes, abytes: $abytes, tfiles: $tfiles, ffiles: $ffiles, afiles: $afiles, invarsec: $invarsec };
}

export interface FSSTAT3resfail {
  readonly obj_attributes: PostOpAttr;
}

export function encodeFSSTAT3resfail(writer: XdrWriter, value: FSSTAT3resfail): void {
  encodePostOpAttr(writer, value.obj_attributes);
}

export function decodeFSSTAT3resfail(reader: XdrReader): FSSTAT3resfail {
  const $obj_attributes = decodePostOpAttr(reader);
  return { obj_attributes: $obj_attributes };
}

export type FSSTAT3res =
  | { readonly status: "NFS3_OK"; readonly resok: FSSTAT3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: FSSTAT3resfail };

export function encodeFSSTAT3res(writer: XdrWriter, value: FSSTAT3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: FSSTAT3resok };
      encodeFSSTAT3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: FSSTAT3resfail };
      encodeFSSTAT3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeFSSTAT3res(reader: XdrReader): FSSTAT3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeFSSTAT3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeFSSTAT3resfail(reader) };
    }
  }
}

export interface FSINFO3args {
  readonly fsroot: NfsFh3;
}

export function encodeFSINFO3args(writer: XdrWriter, value: FSINFO3args): void {
  encodeNfsFh3(writer, value.fsroot);
}

export function decodeFSINFO3args(reader: XdrReader): FSINFO3args {
  const $fsroot = decodeNfsFh3(reader);
  return { fsroot: $fsroot };
}

export interface FSINFO3resok {
  readonly obj_attributes: PostOpAttr;
  readonly rtmax: Uint32;
  readonly rtpref: Uint32;
  readonly rtmult: Uint32;
  readonly wtmax: Uint32;
  readonly wtpref: Uint32;
  readonly wtmult: Uint32;
  readonly dtpref: Uint32;
  readonly maxfilesize: Size3;
  readonly time_delta: Nfstime3;
  readonly properties: Uint32;
}

export function encodeFSINFO3resok(writer: XdrWriter, value: FSINFO3resok): void {
  encodePostOpAttr(writer, value.obj_attributes);
  let at: number;
  let view: DataView;
  at = writer.reserve(48);
  view = writer.view;
  view.setUint32(at, checkUint(value.rtmax));
  view.setUint32(at + 4, checkUint(value.rtpref));
  view.setUint32(at + 8, checkUint(value.rtmult));
  view.setUint32(at + 12, checkUint(value.wtmax));
  view.setUint32(at + 16, checkUint(value.wtpref));
  view.setUint32(at + 20, checkUint(value.wtmult));
  view.setUint32(at + 24, checkUint(value.dtpref));
  view.setBigUint64(at + 28, checkUhyper(value.maxfilesize));
  view.setUint32(at + 36, checkUint(value.time_delta.seconds));
  view.setUint32(at + 40, checkUint(value.time_delta.nseconds));
  view.setUint32(at + 44, checkUint(value.properties));
}

export function decodeFSINFO3resok(reader: XdrReader): FSINFO3resok {
  const $obj_attributes = decodePostOpAttr(reader);
  const at24 = reader.take(48);
  const $rtmax = reader.view.getUint32(at24);
  const $rtpref = reader.view.getUint32(at24 + 4);
  const $rtmult = reader.view.getUint32(at24 + 8);
  const $wtmax = reader.view.getUint32(at24 + 12);
  const $wtpref = reader.view.getUint32(at24 + 16);
  const $wtmult = reader.view.getUint32(at24 + 20);
  const $dtpref = reader.view.getUint32(at24 + 24);
  const $maxfilesize = reader.view.getBigUint64(at24 + 28);
  const $time_delta = { seconds: reader.view.getUint32(at24 + 36), nseconds: reader.view.getUint32(at24 + 40) };
  const $properties = reader.view.getUint32(at24 + 44);
  return { obj_attributes: $obj_attributes, rtmax: $rtmax, rtpref: $rtpref, rtmult: $rtmult, wtmax: $wtmax, wtpref: $wtpref, wtmult: $wtmult, dtpref: $dtpref, maxfilesize: $maxfilesize, time_delta: $time_delta, properties: $properties };
}

export interface FSINFO3resfail {
  readonly obj_attributes: PostOpAttr;
}

export function encodeFSINFO3resfail(writer: XdrWriter, value: FSINFO3resfail): void {
  encodePostOpAttr(writer, value.obj_attributes);
}

export function decodeFSINFO3resfail(reader: XdrReader): FSINFO3resfail {
  const $obj_attributes = decodePostOpAttr(reader);
  return { obj_attributes: $obj_attributes };
}

export type FSINFO3res =
  | { readonly status: "NFS3_OK"; readonly resok: FSINFO3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: FSINFO3resfail };

export function encodeFSINFO3res(writer: XdrWriter, value: FSINFO3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: FSINFO3resok };
      encodeFSINFO3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: FSINFO3resfail };
      encodeFSINFO3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeFSINFO3res(reader: XdrReader): FSINFO3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeFSINFO3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeFSINFO3resfail(reader) };
    }
  }
}

export interface PATHCONF3args {
  readonly object: NfsFh3;
}

export function encodePATHCONF3args(writer: XdrWriter, value: PATHCONF3args): void {
  encodeNfsFh3(writer, value.object);
}

export function decodePATHCONF3args(reader: XdrReader): PATHCONF3args {
  const $object = decodeNfsFh3(reader);
  return { object: $object };
}

export interface PATHCONF3resok {
  readonly obj_attributes: PostOpAttr;
  readonly linkmax: Uint32;
  readonly name_max: Uint32;
  readonly no_trunc: boolean;
  readonly chown_restricted: boolean;
  readonly case_insensitive: boolean;
  readonly case_preserving: boolean;
}

export function encodePATHCONF3resok(writer: XdrWriter, value: PATHCONF3resok): void {
  encodePostOpAttr(writer, value.obj_attributes);
  let at: number;
  let view: DataView;
  at = writer.reserve(24);
  view = writer.view;
  view.setUint32(at, checkUint(value.linkmax));
  view.setUint32(at + 4, checkUint(value.name_max));
  view.setUint32(at + 8, value.no_trunc ? 1 : 0);
  view.setUint32(at + 12, value.chown_restricted ? 1 : 0);
  view.setUint32(at + 16, value.case_insensitive ? 1 : 0);
  view.setUint32(at + 20, value.case_preserving ? 1 : 0);
}

export function decodePATHCONF3resok(reader: XdrReader): PATHCONF3resok {
  const $obj_attributes = decodePostOpAttr(reader);
  const at25 = reader.take(24);
  const $linkmax = reader.view.getUint32(at25);
  const $name_max = reader.view.getUint32(at25 + 4);
  const $no_trunc = reader.boolAt(at25 + 8);
  const $chown_restricted = reader.boolAt(at25 + 12);
  const $case_insensitive = reader.boolAt(at25 + 16);
  const $case_preserving = reader.boolAt(at25 + 20);
  return { obj_attributes: $obj_attributes, linkmax: $linkmax, name_max: $name_max, no_trunc: $no_trunc, chown_restricted: $chown_restricted, case_insensitive: $case_insensitive, case_preserving: $case_preserving };
}

export interface PATHCONF3resfail {
  readonly obj_attributes: PostOpAttr;
}

export function encodePATHCONF3resfail(writer: XdrWriter, value: PATHCONF3resfail): void {
  encodePostOpAttr(writer, value.obj_attributes);
}

export function decodePATHCONF3resfail(reader: XdrReader): PATHCONF3resfail {
  const $obj_attributes = decodePostOpAttr(reader);
  return { obj_attributes: $obj_attributes };
}

export type PATHCONF3res =
  | { readonly status: "NFS3_OK"; readonly resok: PATHCONF3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: PATHCONF3resfail };

export function encodePATHCONF3res(writer: XdrWriter, value: PATHCONF3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: PATHCONF3resok };
      encodePATHCONF3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: PATHCONF3resfail };
      encodePATHCONF3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodePATHCONF3res(reader: XdrReader): PATHCONF3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodePATHCONF3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodePATHCONF3resfail(reader) };
    }
  }
}

export interface COMMIT3args {
  readonly file: NfsFh3;
  readonly offset: Offset3;
  readonly count: Count3;
}

export function encodeCOMMIT3args(writer: XdrWriter, value: COMMIT3args): void {
  encodeNfsFh3(writer, value.file);
  let at: number;
  let view: DataView;
  at = writer.reserve(12);
  view = writer.view;
  view.setBigUint64(at, checkUhyper(value.offset));
  view.setUint32(at + 8, checkUint(value.count));
}

export function decodeCOMMIT3args(reader: XdrReader): COMMIT3args {
  const $file = decodeNfsFh3(reader);
  const at26 = reader.take(12);
  const $offset = reader.view.getBigUint64(at26);
  const $count = reader.view.getUint32(at26 + 8);
  return { file: $file, offset: $offset, count: $count };
}

export interface COMMIT3resok {
  readonly file_wcc: WccData;
  readonly verf: Writeverf3;
}

export function encodeCOMMIT3resok(writer: XdrWriter, value: COMMIT3resok): void {
  encodeWccData(writer, value.file_wcc);
  encodeWriteverf3(writer, value.verf);
}

export function decodeCOMMIT3resok(reader: XdrReader): COMMIT3resok {
  const $file_wcc = decodeWccData(reader);
  const $verf = decodeWriteverf3(reader);
  return { file_wcc: $file_wcc, verf: $verf };
}

export interface COMMIT3resfail {
  readonly file_wcc: WccData;
}

export function encodeCOMMIT3resfail(writer: XdrWriter, value: COMMIT3resfail): void {
  encodeWccData(writer, value.file_wcc);
}

export function decodeCOMMIT3resfail(reader: XdrReader): COMMIT3resfail {
  const $file_wcc = decodeWccData(reader);
  return { file_wcc: $file_wcc };
}

export type COMMIT3res =
  | { readonly status: "NFS3_OK"; readonly resok: COMMIT3resok }
  | { readonly status: "NFS3ERR_PERM" | "NFS3ERR_NOENT" | "NFS3ERR_IO" | "NFS3ERR_NXIO" | "NFS3ERR_ACCES" | "NFS3ERR_EXIST" | "NFS3ERR_XDEV" | "NFS3ERR_NODEV" | "NFS3ERR_NOTDIR" | "NFS3ERR_ISDIR" | "NFS3ERR_INVAL" | "NFS3ERR_FBIG" | "NFS3ERR_NOSPC" | "NFS3ERR_ROFS" | "NFS3ERR_MLINK" | "NFS3ERR_NAMETOOLONG" | "NFS3ERR_NOTEMPTY" | "NFS3ERR_DQUOT" | "NFS3ERR_STALE" | "NFS3ERR_REMOTE" | "NFS3ERR_BADHANDLE" | "NFS3ERR_NOT_SYNC" | "NFS3ERR_BAD_COOKIE" | "NFS3ERR_NOTSUPP" | "NFS3ERR_TOOSMALL" | "NFS3ERR_SERVERFAULT" | "NFS3ERR_BADTYPE" | "NFS3ERR_JUKEBOX"; readonly resfail: COMMIT3resfail };

export function encodeCOMMIT3res(writer: XdrWriter, value: COMMIT3res): void {
  encodeNfsstat3(writer, value.status);
  switch (value.status) {
    case "NFS3_OK": {
      const $arm = value as { readonly resok: COMMIT3resok };
      encodeCOMMIT3resok(writer, $arm.resok);
      break;
    }
    default: {
      const $arm = value as { readonly resfail: COMMIT3resfail };
      encodeCOMMIT3resfail(writer, $arm.resfail);
      break;
    }
  }
}

export function decodeCOMMIT3res(reader: XdrReader): COMMIT3res {
  const $status = decodeNfsstat3(reader);
  switch ($status) {
    case "NFS3_OK": {
      return { status: $status, resok: decodeCOMMIT3resok(reader) };
    }
    default: {
      return { status: $status, resfail: decodeCOMMIT3resfail(reader) };
    }
  }
}

/** What version 3 of NFS_PROGRAM, program 100003, consists of. */
export const nfsProgramV3: ProgramVersion & {
  readonly procedures: {
    readonly null: Procedure<void, void>;
    readonly getattr: Procedure<GETATTR3args, GETATTR3res>;
    readonly setattr: Procedure<SETATTR3args, SETATTR3res>;
    readonly lookup: Procedure<LOOKUP3args, LOOKUP3res>;
    readonly access: Procedure<ACCESS3args, ACCESS3res>;
    readonly readlink: Procedure<READLINK3args, READLINK3res>;
    readonly read: Procedure<READ3args, READ3res>;
    readonly write: Procedure<WRITE3args, WRITE3res>;
    readonly create: Procedure<CREATE3args, CREATE3res>;
    readonly mkdir: Procedure<MKDIR3args, MKDIR3res>;
    readonly symlink: Procedure<SYMLINK3args, SYMLINK3res>;
    readonly mknod: Procedure<MKNOD3args, MKNOD3res>;
    readonly remove: Procedure<REMOVE3args, REMOVE3res>;
    readonly rmdir: Procedure<RMDIR3args, RMDIR3res>;
    readonly rename: Procedure<RENAME3args, RENAME3res>;
    readonly link: Procedure<LINK3args, LINK3res>;
    readonly readdir: Procedure<READDIR3args, READDIR3res>;
    readonly readdirplus: Procedure<READDIRPLUS3args, READDIRPLUS3res>;
    readonly fsstat: Procedure<FSSTAT3args, FSSTAT3res>;
    readonly fsinfo: Procedure<FSINFO3args, FSINFO3res>;
    readonly pathconf: Procedure<PATHCONF3args, PATHCONF3res>;
    readonly commit: Procedure<COMMIT3args, COMMIT3res>;
  };
} = {
  name: "NFS_PROGRAM version 3",
  program: 100003,
  version: 3,
  procedures: {
    null: {
      name: "NFSPROC3_NULL",
      number: 0,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: () => undefined,
    },
    getattr: {
      name: "NFSPROC3_GETATTR",
      number: 1,
      isIdempotent: true,
      encodeArgument: encodeGETATTR3args,
      decodeArgument: decodeGETATTR3args,
      encodeResult: encodeGETATTR3res,
      decodeResult: decodeGETATTR3res,
    },
    setattr: {
      name: "NFSPROC3_SETATTR",
      number: 2,
      isIdempotent: false,
      encodeArgument: encodeSETATTR3args,
      decodeArgument: decodeSETATTR3args,
      encodeResult: encodeSETATTR3res,
      decodeResult: decodeSETATTR3res,
    },
    lookup: {
      name: "NFSPROC3_LOOKUP",
      number: 3,
      isIdempotent: true,
      encodeArgument: encodeLOOKUP3args,
      decodeArgument: decodeLOOKUP3args,
      encodeResult: encodeLOOKUP3res,
      decodeResult: decodeLOOKUP3res,
    },
    access: {
      name: "NFSPROC3_ACCESS",
      number: 4,
      isIdempotent: true,
      encodeArgument: encodeACCESS3args,
      decodeArgument: decodeACCESS3args,
      encodeResult: encodeACCESS3res,
      decodeResult: decodeACCESS3res,
    },
    readlink: {
      name: "NFSPROC3_READLINK",
      number: 5,
      isIdempotent: true,
      encodeArgument: encodeREADLINK3args,
      decodeArgument: decodeREADLINK3args,
      encodeResult: encodeREADLINK3res,
      decodeResult: decodeREADLINK3res,
    },
    read: {
      name: "NFSPROC3_READ",
      number: 6,
      isIdempotent: true,
      encodeArgument: encodeREAD3args,
      decodeArgument: decodeREAD3args,
      encodeResult: encodeREAD3res,
      decodeResult: decodeREAD3res,
    },
    write: {
      name: "NFSPROC3_WRITE",
      number: 7,
      isIdempotent: true,
      encodeArgument: encodeWRITE3args,
      decodeArgument: decodeWRITE3args,
      encodeResult: encodeWRITE3res,
      decodeResult: decodeWRITE3res,
    },
    create: {
      name: "NFSPROC3_CREATE",
      number: 8,
      isIdempotent: false,
      encodeArgument: encodeCREATE3args,
      decodeArgument: decodeCREATE3args,
      encodeResult: encodeCREATE3res,
      decodeResult: decodeCREATE3res,
    },
    mkdir: {
      name: "NFSPROC3_MKDIR",
      number: 9,
      isIdempotent: false,
      encodeArgument: encodeMKDIR3args,
      decodeArgument: decodeMKDIR3args,
      encodeResult: encodeMKDIR3res,
      decodeResult: decodeMKDIR3res,
    },
    symlink: {
      name: "NFSPROC3_SYMLINK",
      number: 10,
      isIdempotent: false,
      encodeArgument: encodeSYMLINK3args,
      decodeArgument: decodeSYMLINK3args,
      encodeResult: encodeSYMLINK3res,
      decodeResult: decodeSYMLINK3res,
    },
    mknod: {
      name: "NFSPROC3_MKNOD",
      number: 11,
      isIdempotent: false,
      encodeArgument: encodeMKNOD3args,
      decodeArgument: decodeMKNOD3args,
      encodeResult: encodeMKNOD3res,
      decodeResult: decodeMKNOD3res,
    },
    remove: {
      name: "NFSPROC3_REMOVE",
      number: 12,
      isIdempotent: false,
      encodeArgument: encodeREMOVE3args,
      decodeArgument: decodeREMOVE3args,
      encodeResult: encodeREMOVE3res,
      decodeResult: decodeREMOVE3res,
    },
    rmdir: {
      name: "NFSPROC3_RMDIR",
      number: 13,
      isIdempotent: false,
      encodeArgument: encodeRMDIR3args,
      decodeArgument: decodeRMDIR3args,
      encodeResult: encodeRMDIR3res,
      decodeResult: decodeRMDIR3res,
    },
    rename: {
      name: "NFSPROC3_RENAME",
      number: 14,
      isIdempotent: false,
      encodeArgument: encodeRENAME3args,
      decodeArgument: decodeRENAME3args,
      encodeResult: encodeRENAME3res,
      decodeResult: decodeRENAME3res,
    },
    link: {
      name: "NFSPROC3_LINK",
      number: 15,
      isIdempotent: false,
      encodeArgument: encodeLINK3args,
      decodeArgument: decodeLINK3args,
      encodeResult: encodeLINK3res,
      decodeResult: decodeLINK3res,
    },
    readdir: {
      name: "NFSPROC3_READDIR",
      number: 16,
      isIdempotent: true,
      encodeArgument: encodeREADDIR3args,
      decodeArgument: decodeREADDIR3args,
      encodeResult: encodeREADDIR3res,
      decodeResult: decodeREADDIR3res,
    },
    readdirplus: {
      name: "NFSPROC3_READDIRPLUS",
      number: 17,
      isIdempotent: true,
      encodeArgument: encodeREADDIRPLUS3args,
      decodeArgument: decodeREADDIRPLUS3args,
      encodeResult: encodeREADDIRPLUS3res,
      decodeResult: decodeREADDIRPLUS3res,
    },
    fsstat: {
      name: "NFSPROC3_FSSTAT",
      number: 18,
      isIdempotent: true,
      encodeArgument: encodeFSSTAT3args,
      decodeArgument: decodeFSSTAT3args,
      encodeResult: encodeFSSTAT3res,
      decodeResult: decodeFSSTAT3res,
    },
    fsinfo: {
      name: "NFSPROC3_FSINFO",
      number: 19,
      isIdempotent: true,
      encodeArgument: encodeFSINFO3args,
      decodeArgument: decodeFSINFO3args,
      encodeResult: encodeFSINFO3res,
      decodeResult: decodeFSINFO3res,
    },
    pathconf: {
      name: "NFSPROC3_PATHCONF",
      number: 20,
      isIdempotent: true,
      encodeArgument: encodePATHCONF3args,
      decodeArgument: decodePATHCONF3args,
      encodeResult: encodePATHCONF3res,
      decodeResult: decodePATHCONF3res,
    },
    commit: {
      name: "NFSPROC3_COMMIT",
      number: 21,
      isIdempotent: true,
      encodeArgument: encodeCOMMIT3args,
      decodeArgument: decodeCOMMIT3args,
      encodeResult: encodeCOMMIT3res,
      decodeResult: decodeCOMMIT3res,
    },
  },
};

/** Calls version 3 of NFS_PROGRAM, program 100003. */
export class NfsProgramV3Client {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Procedure 0, NFSPROC3_NULL. */
  null(options?: CallOptions): Promise<void> {
    return this.#caller.call<void, void>(nfsProgramV3, nfsProgramV3.procedures.null, undefined, options);
  }

  /** Procedure 1, NFSPROC3_GETATTR. */
  getattr(argument: GETATTR3args, options?: CallOptions): Promise<GETATTR3res> {
    return this.#caller.call<GETATTR3args, GETATTR3res>(nfsProgramV3, nfsProgramV3.procedures.getattr, argument, options);
  }

  /** Procedure 2, NFSPROC3_SETATTR. */
  setattr(argument: SETATTR3args, options?: CallOptions): Promise<SETATTR3res> {
    return this.#caller.call<SETATTR3args, SETATTR3res>(nfsProgramV3, nfsProgramV3.procedures.setattr, argument, options);
  }

  /** Procedure 3, NFSPROC3_LOOKUP. */
  lookup(argument: LOOKUP3args, options?: CallOptions): Promise<LOOKUP3res> {
    return this.#caller.call<LOOKUP3args, LOOKUP3res>(nfsProgramV3, nfsProgramV3.procedures.lookup, argument, options);
  }

  /** Procedure 4, NFSPROC3_ACCESS. */
  access(argument: ACCESS3args, options?: CallOptions): Promise<ACCESS3res> {
    return this.#caller.call<ACCESS3args, ACCESS3res>(nfsProgramV3, nfsProgramV3.procedures.access, argument, options);
  }

  /** Procedure 5, NFSPROC3_READLINK. */
  readlink(argument: READLINK3args, options?: CallOptions): Promise<READLINK3res> {
    return this.#caller.call<READLINK3args, READLINK3res>(nfsProgramV3, nfsProgramV3.procedures.readlink, argument, options);
  }

  /** Procedure 6, NFSPROC3_READ. */
  read(argument: READ3args, options?: CallOptions): Promise<READ3res> {
    return this.#caller.call<READ3args, READ3res>(nfsProgramV3, nfsProgramV3.procedures.read, argument, options);
  }

  /** Procedure 7, NFSPROC3_WRITE. */
  write(argument: WRITE3args, options?: CallOptions): Promise<WRITE3res> {
    return this.#caller.call<WRITE3args, WRITE3res>(nfsProgramV3, nfsProgramV3.procedures.write, argument, options);
  }

  /** Procedure 8, NFSPROC3_CREATE. */
  create(argument: CREATE3args, options?: CallOptions): Promise<CREATE3res> {
    return this.#caller.call<CREATE3args, CREATE3res>(nfsProgramV3, nfsProgramV3.procedures.create, argument, options);
  }

  /** Procedure 9, NFSPROC3_MKDIR. */
  mkdir(argument: MKDIR3args, options?: CallOptions): Promise<MKDIR3res> {
    return this.#caller.call<MKDIR3args, MKDIR3res>(nfsProgramV3, nfsProgramV3.procedures.mkdir, argument, options);
  }

  /** Procedure 10, NFSPROC3_SYMLINK. */
  symlink(argument: SYMLINK3args, options?: CallOptions): Promise<SYMLINK3res> {
    return this.#caller.call<SYMLINK3args, SYMLINK3res>(nfsProgramV3, nfsProgramV3.procedures.symlink, argument, options);
  }

  /** Procedure 11, NFSPROC3_MKNOD. */
  mknod(argument: MKNOD3args, options?: CallOptions): Promise<MKNOD3res> {
    return this.#caller.call<MKNOD3args, MKNOD3res>(nfsProgramV3, nfsProgramV3.procedures.mknod, argument, options);
  }

  /** Procedure 12, NFSPROC3_REMOVE. */
  remove(argument: REMOVE3args, options?: CallOptions): Promise<REMOVE3res> {
    return this.#caller.call<REMOVE3args, REMOVE3res>(nfsProgramV3, nfsProgramV3.procedures.remove, argument, options);
  }

  /** Procedure 13, NFSPROC3_RMDIR. */
  rmdir(argument: RMDIR3args, options?: CallOptions): Promise<RMDIR3res> {
    return this.#caller.call<RMDIR3args, RMDIR3res>(nfsProgramV3, nfsProgramV3.procedures.rmdir, argument, options);
  }

  /** Procedure 14, NFSPROC3_RENAME. */
  rename(argument: RENAME3args, options?: CallOptions): Promise<RENAME3res> {
    return this.#caller.call<RENAME3args, RENAME3res>(nfsProgramV3, nfsProgramV3.procedures.rename, argument, options);
  }

  /** Procedure 15, NFSPROC3_LINK. */
  link(argument: LINK3args, options?: CallOptions): Promise<LINK3res> {
    return this.#caller.call<LINK3args, LINK3res>(nfsProgramV3, nfsProgramV3.procedures.link, argument, options);
  }

  /** Procedure 16, NFSPROC3_READDIR. */
  readdir(argument: READDIR3args, options?: CallOptions): Promise<READDIR3res> {
    return this.#caller.call<READDIR3args, READDIR3res>(nfsProgramV3, nfsProgramV3.procedures.readdir, argument, options);
  }

  /** Procedure 17, NFSPROC3_READDIRPLUS. */
  readdirplus(argument: READDIRPLUS3args, options?: CallOptions): Promise<READDIRPLUS3res> {
    return this.#caller.call<READDIRPLUS3args, READDIRPLUS3res>(nfsProgramV3, nfsProgramV3.procedures.readdirplus, argument, options);
  }

  /** Procedure 18, NFSPROC3_FSSTAT. */
  fsstat(argument: FSSTAT3args, options?: CallOptions): Promise<FSSTAT3res> {
    return this.#caller.call<FSSTAT3args, FSSTAT3res>(nfsProgramV3, nfsProgramV3.procedures.fsstat, argument, options);
  }

  /** Procedure 19, NFSPROC3_FSINFO. */
  fsinfo(argument: FSINFO3args, options?: CallOptions): Promise<FSINFO3res> {
    return this.#caller.call<FSINFO3args, FSINFO3res>(nfsProgramV3, nfsProgramV3.procedures.fsinfo, argument, options);
  }

  /** Procedure 20, NFSPROC3_PATHCONF. */
  pathconf(argument: PATHCONF3args, options?: CallOptions): Promise<PATHCONF3res> {
    return this.#caller.call<PATHCONF3args, PATHCONF3res>(nfsProgramV3, nfsProgramV3.procedures.pathconf, argument, options);
  }

  /** Procedure 21, NFSPROC3_COMMIT. */
  commit(argument: COMMIT3args, options?: CallOptions): Promise<COMMIT3res> {
    return this.#caller.call<COMMIT3args, COMMIT3res>(nfsProgramV3, nfsProgramV3.procedures.commit, argument, options);
  }
}

/** Who answers version 3 of NFS_PROGRAM, program 100003. */
export interface NfsProgramV3Handlers {
  /** Procedure 0, NFSPROC3_NULL. */
  null?(argument: void, call: ServerCall): void | Promise<void>;
  /** Procedure 1, NFSPROC3_GETATTR. */
  getattr(argument: GETATTR3args, call: ServerCall): GETATTR3res | Promise<GETATTR3res>;
  /** Procedure 2, NFSPROC3_SETATTR. */
  setattr(argument: SETATTR3args, call: ServerCall): SETATTR3res | Promise<SETATTR3res>;
  /** Procedure 3, NFSPROC3_LOOKUP. */
  lookup(argument: LOOKUP3args, call: ServerCall): LOOKUP3res | Promise<LOOKUP3res>;
  /** Procedure 4, NFSPROC3_ACCESS. */
  access(argument: ACCESS3args, call: ServerCall): ACCESS3res | Promise<ACCESS3res>;
  /** Procedure 5, NFSPROC3_READLINK. */
  readlink(argument: READLINK3args, call: ServerCall): READLINK3res | Promise<READLINK3res>;
  /** Procedure 6, NFSPROC3_READ. */
  read(argument: READ3args, call: ServerCall): READ3res | Promise<READ3res>;
  /** Procedure 7, NFSPROC3_WRITE. */
  write(argument: WRITE3args, call: ServerCall): WRITE3res | Promise<WRITE3res>;
  /** Procedure 8, NFSPROC3_CREATE. */
  create(argument: CREATE3args, call: ServerCall): CREATE3res | Promise<CREATE3res>;
  /** Procedure 9, NFSPROC3_MKDIR. */
  mkdir(argument: MKDIR3args, call: ServerCall): MKDIR3res | Promise<MKDIR3res>;
  /** Procedure 10, NFSPROC3_SYMLINK. */
  symlink(argument: SYMLINK3args, call: ServerCall): SYMLINK3res | Promise<SYMLINK3res>;
  /** Procedure 11, NFSPROC3_MKNOD. */
  mknod(argument: MKNOD3args, call: ServerCall): MKNOD3res | Promise<MKNOD3res>;
  /** Procedure 12, NFSPROC3_REMOVE. */
  remove(argument: REMOVE3args, call: ServerCall): REMOVE3res | Promise<REMOVE3res>;
  /** Procedure 13, NFSPROC3_RMDIR. */
  rmdir(argument: RMDIR3args, call: ServerCall): RMDIR3res | Promise<RMDIR3res>;
  /** Procedure 14, NFSPROC3_RENAME. */
  rename(argument: RENAME3args, call: ServerCall): RENAME3res | Promise<RENAME3res>;
  /** Procedure 15, NFSPROC3_LINK. */
  link(argument: LINK3args, call: ServerCall): LINK3res | Promise<LINK3res>;
  /** Procedure 16, NFSPROC3_READDIR. */
  readdir(argument: READDIR3args, call: ServerCall): READDIR3res | Promise<READDIR3res>;
  /** Procedure 17, NFSPROC3_READDIRPLUS. */
  readdirplus(argument: READDIRPLUS3args, call: ServerCall): READDIRPLUS3res | Promise<READDIRPLUS3res>;
  /** Procedure 18, NFSPROC3_FSSTAT. */
  fsstat(argument: FSSTAT3args, call: ServerCall): FSSTAT3res | Promise<FSSTAT3res>;
  /** Procedure 19, NFSPROC3_FSINFO. */
  fsinfo(argument: FSINFO3args, call: ServerCall): FSINFO3res | Promise<FSINFO3res>;
  /** Procedure 20, NFSPROC3_PATHCONF. */
  pathconf(argument: PATHCONF3args, call: ServerCall): PATHCONF3res | Promise<PATHCONF3res>;
  /** Procedure 21, NFSPROC3_COMMIT. */
  commit(argument: COMMIT3args, call: ServerCall): COMMIT3res | Promise<COMMIT3res>;
}

/** Makes of handlers what a server serves. */
export function serveNfsProgramV3(handlers: NfsProgramV3Handlers): ServedProgram {
  return serve(nfsProgramV3, nfsProgramV3.procedures, handlers);
}

/** A client for tests: calls run through the codecs to the handlers given, without a network. */
export function fakeNfsProgramV3(handlers: Partial<NfsProgramV3Handlers> = {}): NfsProgramV3Client {
  return new NfsProgramV3Client(new FakeCaller([serve(nfsProgramV3, nfsProgramV3.procedures, handlers)]));
}

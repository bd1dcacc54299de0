// Made from mount.x by "tertulia rpc generate"; change that file, not this one.

import {
  FakeCaller,
  badEnum,
  checkInt,
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

export const MNTPATHLEN: 1024 = 1024;

export const MNTNAMLEN: 255 = 255;

export const FHSIZE3: 64 = 64;

export type Fhandle3 = Uint8Array;

export function encodeFhandle3(writer: XdrWriter, value: Fhandle3): void {
  writer.opaque(value, 64);
}

export function decodeFhandle3(reader: XdrReader): Fhandle3 {
  return reader.opaque(64);
}

export type Dirpath = string;

export function encodeDirpath(writer: XdrWriter, value: Dirpath): void {
  writer.string(value, 1024);
}

export function decodeDirpath(reader: XdrReader): Dirpath {
  return reader.string(1024);
}

export type Name = string;

export function encodeName(writer: XdrWriter, value: Name): void {
  writer.string(value, 255);
}

export function decodeName(reader: XdrReader): Name {
  return reader.string(255);
}

export type Mountstat3 = keyof typeof Mountstat3;
/** The number of each. */
export const Mountstat3: {
  readonly MNT3_OK: 0;
  readonly MNT3ERR_PERM: 1;
  readonly MNT3ERR_NOENT: 2;
  readonly MNT3ERR_IO: 5;
  readonly MNT3ERR_ACCES: 13;
  readonly MNT3ERR_NOTDIR: 20;
  readonly MNT3ERR_INVAL: 22;
  readonly MNT3ERR_NAMETOOLONG: 63;
  readonly MNT3ERR_NOTSUPP: 10004;
  readonly MNT3ERR_SERVERFAULT: 10006;
} = {
  MNT3_OK: 0,
  MNT3ERR_PERM: 1,
  MNT3ERR_NOENT: 2,
  MNT3ERR_IO: 5,
  MNT3ERR_ACCES: 13,
  MNT3ERR_NOTDIR: 20,
  MNT3ERR_INVAL: 22,
  MNT3ERR_NAMETOOLONG: 63,
  MNT3ERR_NOTSUPP: 10004,
  MNT3ERR_SERVERFAULT: 10006,
};

/** The number of a {@link Mountstat3}, checked. */
export function fromMountstat3(value: Mountstat3): number {
  const number: unknown = Mountstat3[value];
  return typeof number === "number" ? number : refuse("mountstat3", value);
}

/** The {@link Mountstat3} with that number. */
export function toMountstat3(number: number): Mountstat3 {
  switch (number) {
    case 0: return "MNT3_OK";
    case 1: return "MNT3ERR_PERM";
    case 2: return "MNT3ERR_NOENT";
    case 5: return "MNT3ERR_IO";
    case 13: return "MNT3ERR_ACCES";
    case 20: return "MNT3ERR_NOTDIR";
    case 22: return "MNT3ERR_INVAL";
    case 63: return "MNT3ERR_NAMETOOLONG";
    case 10004: return "MNT3ERR_NOTSUPP";
    case 10006: return "MNT3ERR_SERVERFAULT";
    default: return badEnum("mountstat3", number);
  }
}

export function encodeMountstat3(writer: XdrWriter, value: Mountstat3): void {
  writer.int(fromMountstat3(value));
}

export function decodeMountstat3(reader: XdrReader): Mountstat3 {
  return toMountstat3(reader.int());
}

export interface Mountres3Ok {
  readonly fhandle: Fhandle3;
  readonly auth_flavors: readonly number[];
}

export function encodeMountres3Ok(writer: XdrWriter, value: Mountres3Ok): void {
  encodeFhandle3(writer, value.fhandle);
  writer.count(value.auth_flavors.length, 4294967295);
  let at1 = writer.reserve(value.auth_flavors.length * 4);
  const view2 = writer.view;
  for (const item3 of value.auth_flavors) {
    view2.setInt32(at1, checkInt(item3));
    at1 += 4;
  }
}

export function decodeMountres3Ok(reader: XdrReader): Mountres3Ok {
  const $fhandle = decodeFhandle3(reader);
  const count5 = reader.count(4294967295, 4);
  const list4 = new Array<number>(count5);
  let at7 = reader.take(count5 * 4);
  for (let index6 = 0; index6 < count5; index6++) {
    list4[index6] = reader.view.getInt32(at7);
    at7 += 4;
  }
  const $auth_flavors = list4;
  return { fhandle: $fhandle, auth_flavors: $auth_flavors };
}

export type Mountres3 =
  | { readonly fhs_status: "MNT3_OK"; readonly mountinfo: Mountres3Ok }
  | { readonly fhs_status: "MNT3ERR_PERM" | "MNT3ERR_NOENT" | "MNT3ERR_IO" | "MNT3ERR_ACCES" | "MNT3ERR_NOTDIR" | "MNT3ERR_INVAL" | "MNT3ERR_NAMETOOLONG" | "MNT3ERR_NOTSUPP" | "MNT3ERR_SERVERFAULT" };

export function encodeMountres3(writer: XdrWriter, value: Mountres3): void {
  encodeMountstat3(writer, value.fhs_status);
  switch (value.fhs_status) {
    case "MNT3_OK": {
      const $arm = value as { readonly mountinfo: Mountres3Ok };
      encodeMountres3Ok(writer, $arm.mountinfo);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeMountres3(reader: XdrReader): Mountres3 {
  const $fhs_status = decodeMountstat3(reader);
  switch ($fhs_status) {
    case "MNT3_OK": {
      return { fhs_status: $fhs_status, mountinfo: decodeMountres3Ok(reader) };
    }
    default: {
      return { fhs_status: $fhs_status };
    }
  }
}

export type Mountlist = readonly Mountbody[];

export function encodeMountlist(writer: XdrWriter, value: Mountlist): void {
  encodeMountbodyList(writer, value);
}

export function decodeMountlist(reader: XdrReader): Mountlist {
  return decodeMountbodyList(reader);
}

export interface Mountbody {
  readonly ml_hostname: Name;
  readonly ml_directory: Dirpath;
}

export function encodeMountbody(writer: XdrWriter, value: Mountbody): void {
  encodeName(writer, value.ml_hostname);
  encodeDirpath(writer, value.ml_directory);
}

export function decodeMountbody(reader: XdrReader): Mountbody {
  const $ml_hostname = decodeName(reader);
  const $ml_directory = decodeDirpath(reader);
  return { ml_hostname: $ml_hostname, ml_directory: $ml_directory };
}

export function encodeMountbodyList(writer: XdrWriter, list: readonly Mountbody[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeMountbody(writer, value);
  }
  writer.bool(false);
}

export function decodeMountbodyList(reader: XdrReader): Mountbody[] {
  const list: Mountbody[] = [];
  while (reader.bool()) {
    list.push(decodeMountbody(reader));
    reader.listed(list.length);
  }
  return list;
}

export type Groups = readonly Groupnode[];

export function encodeGroups(writer: XdrWriter, value: Groups): void {
  encodeGroupnodeList(writer, value);
}

export function decodeGroups(reader: XdrReader): Groups {
  return decodeGroupnodeList(reader);
}

export interface Groupnode {
  readonly gr_name: Name;
}

export function encodeGroupnode(writer: XdrWriter, value: Groupnode): void {
  encodeName(writer, value.gr_name);
}

export function decodeGroupnode(reader: XdrReader): Groupnode {
  const $gr_name = decodeName(reader);
  return { gr_name: $gr_name };
}

export function encodeGroupnodeList(writer: XdrWriter, list: readonly Groupnode[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeGroupnode(writer, value);
  }
  writer.bool(false);
}

export function decodeGroupnodeList(reader: XdrReader): Groupnode[] {
  const list: Groupnode[] = [];
  while (reader.bool()) {
    list.push(decodeGroupnode(reader));
    reader.listed(list.length);
  }
  return list;
}

export type Exports = readonly Exportnode[];

export function encodeExports(writer: XdrWriter, value: Exports): void {
  encodeExportnodeList(writer, value);
}

export function decodeExports(reader: XdrReader): Exports {
  return decodeExportnodeList(reader);
}

export interface Exportnode {
  readonly ex_dir: Dirpath;
  readonly ex_groups: readonly Groupnode[];
}

export function encodeExportnode(writer: XdrWriter, value: Exportnode): void {
  encodeDirpath(writer, value.ex_dir);
  encodeGroupnodeList(writer, value.ex_groups);
}

export function decodeExportnode(reader: XdrReader): Exportnode {
  const $ex_dir = decodeDirpath(reader);
  const $ex_groups = decodeGroupnodeList(reader);
  return { ex_dir: $ex_dir, ex_groups: $ex_groups };
}

export function encodeExportnodeList(writer: XdrWriter, list: readonly Exportnode[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeExportnode(writer, value);
  }
  writer.bool(false);
}

export function decodeExportnodeList(reader: XdrReader): Exportnode[] {
  const list: Exportnode[] = [];
  while (reader.bool()) {
    list.push(decodeExportnode(reader));
    reader.listed(list.length);
  }
  return list;
}

/** What version 3 of MOUNT_PROGRAM, program 100005, consists of. */
export const mountProgramV3: ProgramVersion & {
  readonly procedures: {
    readonly null: Procedure<void, void>;
    readonly mnt: Procedure<Dirpath, Mountres3>;
    readonly dump: Procedure<void, readonly Mountbody[]>;
    readonly umnt: Procedure<Dirpath, void>;
    readonly umntall: Procedure<void, void>;
    readonly export: Procedure<void, readonly Exportnode[]>;
  };
} = {
  name: "MOUNT_PROGRAM version 3",
  program: 100005,
  version: 3,
  procedures: {
    null: {
      name: "MOUNTPROC3_NULL",
      number: 0,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: () => undefined,
    },
    mnt: {
      name: "MOUNTPROC3_MNT",
      number: 1,
      isIdempotent: true,
      encodeArgument: encodeDirpath,
      decodeArgument: decodeDirpath,
      encodeResult: encodeMountres3,
      decodeResult: decodeMountres3,
    },
    dump: {
      name: "MOUNTPROC3_DUMP",
      number: 2,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: encodeMountlist,
      decodeResult: decodeMountlist,
    },
    umnt: {
      name: "MOUNTPROC3_UMNT",
      number: 3,
      isIdempotent: true,
      encodeArgument: encodeDirpath,
      decodeArgument: decodeDirpath,
      encodeResult: () => {},
      decodeResult: () => undefined,
    },
    umntall: {
      name: "MOUNTPROC3_UMNTALL",
      number: 4,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: () => undefined,
    },
    export: {
      name: "MOUNTPROC3_EXPORT",
      number: 5,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: encodeExports,
      decodeResult: decodeExports,
    },
  },
};

/** Calls version 3 of MOUNT_PROGRAM, program 100005. */
export class MountProgramV3Client {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Procedure 0, MOUNTPROC3_NULL. */
  null(options?: CallOptions): Promise<void> {
    return this.#caller.call<void, void>(mountProgramV3, mountProgramV3.procedures.null, undefined, options);
  }

  /** Procedure 1, MOUNTPROC3_MNT. */
  mnt(argument: Dirpath, options?: CallOptions): Promise<Mountres3> {
    return this.#caller.call<Dirpath, Mountres3>(mountProgramV3, mountProgramV3.procedures.mnt, argument, options);
  }

  /** Procedure 2, MOUNTPROC3_DUMP. */
  dump(options?: CallOptions): Promise<readonly Mountbody[]> {
    return this.#caller.call<void, readonly Mountbody[]>(mountProgramV3, mountProgramV3.procedures.dump, undefined, options);
  }

  /** Procedure 3, MOUNTPROC3_UMNT. */
  umnt(argument: Dirpath, options?: CallOptions): Promise<void> {
    return this.#caller.call<Dirpath, void>(mountProgramV3, mountProgramV3.procedures.umnt, argument, options);
  }

  /** Procedure 4, MOUNTPROC3_UMNTALL. */
  umntall(options?: CallOptions): Promise<void> {
    return this.#caller.call<void, void>(mountProgramV3, mountProgramV3.procedures.umntall, undefined, options);
  }

  /** Procedure 5, MOUNTPROC3_EXPORT. */
  export(options?: CallOptions): Promise<readonly Exportnode[]> {
    return this.#caller.call<void, readonly Exportnode[]>(mountProgramV3, mountProgramV3.procedures.export, undefined, options);
  }
}

/** Who answers version 3 of MOUNT_PROGRAM, program 100005. */
export interface MountProgramV3Handlers {
  /** Procedure 0, MOUNTPROC3_NULL. */
  null?(argument: void, call: ServerCall): void | Promise<void>;
  /** Procedure 1, MOUNTPROC3_MNT. */
  mnt(argument: Dirpath, call: ServerCall): Mountres3 | Promise<Mountres3>;
  /** Procedure 2, MOUNTPROC3_DUMP. */
  dump(argument: void, call: ServerCall): readonly Mountbody[] | Promise<readonly Mountbody[]>;
  /** Procedure 3, MOUNTPROC3_UMNT. */
  umnt(argument: Dirpath, call: ServerCall): void | Promise<void>;
  /** Procedure 4, MOUNTPROC3_UMNTALL. */
  umntall(argument: void, call: ServerCall): void | Promise<void>;
  /** Procedure 5, MOUNTPROC3_EXPORT. */
  export(argument: void, call: ServerCall): readonly Exportnode[] | Promise<readonly Exportnode[]>;
}

/** Makes of handlers what a server serves. */
export function serveMountProgramV3(handlers: MountProgramV3Handlers): ServedProgram {
  return serve(mountProgramV3, mountProgramV3.procedures, handlers);
}

/** A client for tests: calls run through the codecs to the handlers given, without a network. */
export function fakeMountProgramV3(handlers: Partial<MountProgramV3Handlers> = {}): MountProgramV3Client {
  return new MountProgramV3Client(new FakeCaller([serve(mountProgramV3, mountProgramV3.procedures, handlers)]));
}

// Made from rpcbind.x by "tertulia rpc generate"; change that file, not this one.

import {
  FakeCaller,
  checkInt,
  checkSize,
  checkUint,
  serve,
  type CallOptions,
  type Caller,
  type Procedure,
  type ProgramVersion,
  type ServedProgram,
  type ServerCall,
  type XdrReader,
  type XdrWriter,
} from "../index.ts";

/** Protocol numbers of version 2. */
export const PMAP_TCP: 6 = 6;

export const PMAP_UDP: 17 = 17;

export const RPCBSTAT_HIGHPROC: 13 = 13;

export const RPCBVERS_STAT: 3 = 3;

export interface Pmap {
  readonly prog: number;
  readonly vers: number;
  /** 6 for TCP, 17 for UDP */
  readonly prot: number;
  readonly port: number;
}

export function encodePmap(writer: XdrWriter, value: Pmap): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(16);
  view = writer.view;
  view.setUint32(at, checkUint(value.prog));
  view.setUint32(at + 4, checkUint(value.vers));
  view.setUint32(at + 8, checkUint(value.prot));
  view.setUint32(at + 12, checkUint(value.port));
}

export function decodePmap(reader: XdrReader): Pmap {
  const at1 = reader.take(16);
  const $prog = reader.view.getUint32(at1);
  const $vers = reader.view.getUint32(at1 + 4);
  const $prot = reader.view.getUint32(at1 + 8);
  const $port = reader.view.getUint32(at1 + 12);
  return { prog: $prog, vers: $vers, prot: $prot, port: $port };
}

export interface Pmaplist {
  readonly map: Pmap;
}

export function encodePmaplist(writer: XdrWriter, value: Pmaplist): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(16);
  view = writer.view;
  view.setUint32(at, checkUint(value.map.prog));
  view.setUint32(at + 4, checkUint(value.map.vers));
  view.setUint32(at + 8, checkUint(value.map.prot));
  view.setUint32(at + 12, checkUint(value.map.port));
}

export function decodePmaplist(reader: XdrReader): Pmaplist {
  const at2 = reader.take(16);
  const $map = { prog: reader.view.getUint32(at2), vers: reader.view.getUint32(at2 + 4), prot: reader.view.getUint32(at2 + 8), port: reader.view.getUint32(at2 + 12) };
  return { map: $map };
}

export function encodePmaplistList(writer: XdrWriter, list: readonly Pmaplist[]): void {
  for (const value of list) {
    writer.bool(true);
    encodePmaplist(writer, value);
  }
  writer.bool(false);
}

export function decodePmaplistList(reader: XdrReader): Pmaplist[] {
  const list: Pmaplist[] = [];
  while (reader.bool()) {
    list.push(decodePmaplist(reader));
    reader.listed(list.length);
  }
  return list;
}

export interface PmapCallArgs {
  readonly prog: number;
  readonly vers: number;
  readonly proc: number;
  readonly args: Uint8Array;
}

export function encodePmapCallArgs(writer: XdrWriter, value: PmapCallArgs): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(12);
  view = writer.view;
  view.setUint32(at, checkUint(value.prog));
  view.setUint32(at + 4, checkUint(value.vers));
  view.setUint32(at + 8, checkUint(value.proc));
  writer.opaque(value.args, 4294967295);
}

export function decodePmapCallArgs(reader: XdrReader): PmapCallArgs {
  const at3 = reader.take(12);
  const $prog = reader.view.getUint32(at3);
  const $vers = reader.view.getUint32(at3 + 4);
  const $proc = reader.view.getUint32(at3 + 8);
  const $args = reader.opaque(4294967295);
  return { prog: $prog, vers: $vers, proc: $proc, args: $args };
}

export interface PmapCallResult {
  readonly port: number;
  readonly res: Uint8Array;
}

export function encodePmapCallResult(writer: XdrWriter, value: PmapCallResult): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(4);
  view = writer.view;
  view.setUint32(at, checkUint(value.port));
  writer.opaque(value.res, 4294967295);
}

export function decodePmapCallResult(reader: XdrReader): PmapCallResult {
  const at4 = reader.take(4);
  const $port = reader.view.getUint32(at4);
  const $res = reader.opaque(4294967295);
  return { port: $port, res: $res };
}

/** A mapping of (program, version, network ID) to address. */
export interface Rpcb {
  readonly r_prog: number;
  readonly r_vers: number;
  readonly r_netid: string;
  /** universal address */
  readonly r_addr: string;
  /** who registered it */
  readonly r_owner: string;
}

export function encodeRpcb(writer: XdrWriter, value: Rpcb): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setUint32(at, checkUint(value.r_prog));
  view.setUint32(at + 4, checkUint(value.r_vers));
  writer.string(value.r_netid, 4294967295);
  writer.string(value.r_addr, 4294967295);
  writer.string(value.r_owner, 4294967295);
}

export function decodeRpcb(reader: XdrReader): Rpcb {
  const at5 = reader.take(8);
  const $r_prog = reader.view.getUint32(at5);
  const $r_vers = reader.view.getUint32(at5 + 4);
  const $r_netid = reader.string(4294967295);
  const $r_addr = reader.string(4294967295);
  const $r_owner = reader.string(4294967295);
  return { r_prog: $r_prog, r_vers: $r_vers, r_netid: $r_netid, r_addr: $r_addr, r_owner: $r_owner };
}

export interface Rpcblist {
  readonly rpcb_map: Rpcb;
}

export function encodeRpcblist(writer: XdrWriter, value: Rpcblist): void {
  encodeRpcb(writer, value.rpcb_map);
}

export function decodeRpcblist(reader: XdrReader): Rpcblist {
  const $rpcb_map = decodeRpcb(reader);
  return { rpcb_map: $rpcb_map };
}

export function encodeRpcblistList(writer: XdrWriter, list: readonly Rpcblist[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeRpcblist(writer, value);
  }
  writer.bool(false);
}

export function decodeRpcblistList(reader: XdrReader): Rpcblist[] {
  const list: Rpcblist[] = [];
  while (reader.bool()) {
    list.push(decodeRpcblist(reader));
    reader.listed(list.length);
  }
  return list;
}

export interface RpcbRmtcallargs {
  readonly prog: number;
  readonly vers: number;
  readonly proc: number;
  readonly args: Uint8Array;
}

export function encodeRpcbRmtcallargs(writer: XdrWriter, value: RpcbRmtcallargs): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(12);
  view = writer.view;
  view.setUint32(at, checkUint(value.prog));
  view.setUint32(at + 4, checkUint(value.vers));
  view.setUint32(at + 8, checkUint(value.proc));
  writer.opaque(value.args, 4294967295);
}

export function decodeRpcbRmtcallargs(reader: XdrReader): RpcbRmtcallargs {
  const at6 = reader.take(12);
  const $prog = reader.view.getUint32(at6);
  const $vers = reader.view.getUint32(at6 + 4);
  const $proc = reader.view.getUint32(at6 + 8);
  const $args = reader.opaque(4294967295);
  return { prog: $prog, vers: $vers, proc: $proc, args: $args };
}

export interface RpcbRmtcallres {
  readonly addr: string;
  readonly results: Uint8Array;
}

export function encodeRpcbRmtcallres(writer: XdrWriter, value: RpcbRmtcallres): void {
  writer.string(value.addr, 4294967295);
  writer.opaque(value.results, 4294967295);
}

export function decodeRpcbRmtcallres(reader: XdrReader): RpcbRmtcallres {
  const $addr = reader.string(4294967295);
  const $results = reader.opaque(4294967295);
  return { addr: $addr, results: $results };
}

/** One address that a service has. */
export interface RpcbEntry {
  /** merged address of the service */
  readonly r_maddr: string;
  readonly r_nc_netid: string;
  /** 1 datagrams, 2 streams, 3 streams with orderly release */
  readonly r_nc_semantics: number;
  readonly r_nc_protofmly: string;
  readonly r_nc_proto: string;
}

export function encodeRpcbEntry(writer: XdrWriter, value: RpcbEntry): void {
  writer.string(value.r_maddr, 4294967295);
  writer.string(value.r_nc_netid, 4294967295);
  let at: number;
  let view: DataView;
  at = writer.reserve(4);
  view = writer.view;
  view.setUint32(at, checkUint(value.r_nc_semantics));
  writer.string(value.r_nc_protofmly, 4294967295);
  writer.string(value.r_nc_proto, 4294967295);
}

export function decodeRpcbEntry(reader: XdrReader): RpcbEntry {
  const $r_maddr = reader.string(4294967295);
  const $r_nc_netid = reader.string(4294967295);
  const at7 = reader.take(4);
  const $r_nc_semantics = reader.view.getUint32(at7);
  const $r_nc_protofmly = reader.string(4294967295);
  const $r_nc_proto = reader.string(4294967295);
  return { r_maddr: $r_maddr, r_nc_netid: $r_nc_netid, r_nc_semantics: $r_nc_semantics, r_nc_protofmly: $r_nc_protofmly, r_nc_proto: $r_nc_proto };
}

export interface RpcbEntryList {
  readonly rpcb_entry_map: RpcbEntry;
}

export function encodeRpcbEntryList(writer: XdrWriter, value: RpcbEntryList): void {
  encodeRpcbEntry(writer, value.rpcb_entry_map);
}

export function decodeRpcbEntryList(reader: XdrReader): RpcbEntryList {
  const $rpcb_entry_map = decodeRpcbEntry(reader);
  return { rpcb_entry_map: $rpcb_entry_map };
}

export function encodeRpcbEntryListList(writer: XdrWriter, list: readonly RpcbEntryList[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeRpcbEntryList(writer, value);
  }
  writer.bool(false);
}

export function decodeRpcbEntryListList(reader: XdrReader): RpcbEntryList[] {
  const list: RpcbEntryList[] = [];
  while (reader.bool()) {
    list.push(decodeRpcbEntryList(reader));
    reader.listed(list.length);
  }
  return list;
}

/** How often an address was asked for. */
export interface RpcbsAddrlist {
  readonly prog: number;
  readonly vers: number;
  readonly success: number;
  readonly failure: number;
  readonly netid: string;
}

export function encodeRpcbsAddrlist(writer: XdrWriter, value: RpcbsAddrlist): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(16);
  view = writer.view;
  view.setUint32(at, checkUint(value.prog));
  view.setUint32(at + 4, checkUint(value.vers));
  view.setInt32(at + 8, checkInt(value.success));
  view.setInt32(at + 12, checkInt(value.failure));
  writer.string(value.netid, 4294967295);
}

export function decodeRpcbsAddrlist(reader: XdrReader): RpcbsAddrlist {
  const at8 = reader.take(16);
  const $prog = reader.view.getUint32(at8);
  const $vers = reader.view.getUint32(at8 + 4);
  const $success = reader.view.getInt32(at8 + 8);
  const $failure = reader.view.getInt32(at8 + 12);
  const $netid = reader.string(4294967295);
  return { prog: $prog, vers: $vers, success: $success, failure: $failure, netid: $netid };
}

export function encodeRpcbsAddrlistList(writer: XdrWriter, list: readonly RpcbsAddrlist[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeRpcbsAddrlist(writer, value);
  }
  writer.bool(false);
}

export function decodeRpcbsAddrlistList(reader: XdrReader): RpcbsAddrlist[] {
  const list: RpcbsAddrlist[] = [];
  while (reader.bool()) {
    list.push(decodeRpcbsAddrlist(reader));
    reader.listed(list.length);
  }
  return list;
}

/** How often a call was passed on. */
export interface RpcbsRmtcalllist {
  readonly prog: number;
  readonly vers: number;
  readonly proc: number;
  readonly success: number;
  readonly failure: number;
  readonly indirect: number;
  readonly netid: string;
}

export function encodeRpcbsRmtcalllist(writer: XdrWriter, value: RpcbsRmtcalllist): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(24);
  view = writer.view;
  view.setUint32(at, checkUint(value.prog));
  view.setUint32(at + 4, checkUint(value.vers));
  view.setUint32(at + 8, checkUint(value.proc));
  view.setInt32(at + 12, checkInt(value.success));
  view.setInt32(at + 16, checkInt(value.failure));
  view.setInt32(at + 20, checkInt(value.indirect));
  writer.string(value.netid, 4294967295);
}

export function decodeRpcbsRmtcalllist(reader: XdrReader): RpcbsRmtcalllist {
  const at9 = reader.take(24);
  const $prog = reader.view.getUint32(at9);
  const $vers = reader.view.getUint32(at9 + 4);
  const $proc = reader.view.getUint32(at9 + 8);
  const $success = reader.view.getInt32(at9 + 12);
  const $failure = reader.view.getInt32(at9 + 16);
  const $indirect = reader.view.getInt32(at9 + 20);
  const $netid = reader.string(4294967295);
  return { prog: $prog, vers: $vers, proc: $proc, success: $success, failure: $failure, indirect: $indirect, netid: $netid };
}

export function encodeRpcbsRmtcalllistList(writer: XdrWriter, list: readonly RpcbsRmtcalllist[]): void {
  for (const value of list) {
    writer.bool(true);
    encodeRpcbsRmtcalllist(writer, value);
  }
  writer.bool(false);
}

export function decodeRpcbsRmtcalllistList(reader: XdrReader): RpcbsRmtcalllist[] {
  const list: RpcbsRmtcalllist[] = [];
  while (reader.bool()) {
    list.push(decodeRpcbsRmtcalllist(reader));
    reader.listed(list.length);
  }
  return list;
}

export interface RpcbStat {
  /** calls by procedure */
  readonly info: readonly number[];
  readonly setinfo: number;
  readonly unsetinfo: number;
  readonly addrinfo: readonly RpcbsAddrlist[];
  readonly rmtinfo: readonly RpcbsRmtcalllist[];
}

export function encodeRpcbStat(writer: XdrWriter, value: RpcbStat): void {
  checkSize(value.info.length, 13);
  let at10 = writer.reserve(value.info.length * 4);
  const view11 = writer.view;
  for (const item12 of value.info) {
    view11.setInt32(at10, checkInt(item12));
    at10 += 4;
  }
  let at: number;
  let view: DataView;
  at = writer.reserve(8);
  view = writer.view;
  view.setInt32(at, checkInt(value.setinfo));
  view.setInt32(at + 4, checkInt(value.unsetinfo));
  encodeRpcbsAddrlistList(writer, value.addrinfo);
  encodeRpcbsRmtcalllistList(writer, value.rmtinfo);
}

export function decodeRpcbStat(reader: XdrReader): RpcbStat {
  const count14 = reader.fixedCount(13, 4);
  const list13 = new Array<number>(count14);
  let at16 = reader.take(count14 * 4);
  for (let index15 = 0; index15 < count14; index15++) {
    list13[index15] = reader.view.getInt32(at16);
    at16 += 4;
  }
  const $info = list13;
  const at17 = reader.take(8);
  const $setinfo = reader.view.getInt32(at17);
  const $unsetinfo = reader.view.getInt32(at17 + 4);
  const $addrinfo = decodeRpcbsAddrlistList(reader);
  const $rmtinfo = decodeRpcbsRmtcalllistList(reader);
  return { info: $info, setinfo: $setinfo, unsetinfo: $unsetinfo, addrinfo: $addrinfo, rmtinfo: $rmtinfo };
}

export type RpcbStatByvers = readonly RpcbStat[];

export function encodeRpcbStatByvers(writer: XdrWriter, value: RpcbStatByvers): void {
  checkSize(value.length, 3);
  for (const item18 of value) {
    encodeRpcbStat(writer, item18);
  }
}

export function decodeRpcbStatByvers(reader: XdrReader): RpcbStatByvers {
  const count20 = reader.fixedCount(3, 68);
  const list19 = new Array<RpcbStat>(count20);
  for (let index21 = 0; index21 < count20; index21++) {
    list19[index21] = decodeRpcbStat(reader);
  }
  return list19;
}

/** A transport address as the system has it. */
export interface Netbuf {
  readonly maxlen: number;
  readonly buf: Uint8Array;
}

export function encodeNetbuf(writer: XdrWriter, value: Netbuf): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(4);
  view = writer.view;
  view.setUint32(at, checkUint(value.maxlen));
  writer.opaque(value.buf, 4294967295);
}

export function decodeNetbuf(reader: XdrReader): Netbuf {
  const at22 = reader.take(4);
  const $maxlen = reader.view.getUint32(at22);
  const $buf = reader.opaque(4294967295);
  return { maxlen: $maxlen, buf: $buf };
}

/** What version 2 of PMAP_PROG, program 100000, consists of. */
export const pmapProgV2: ProgramVersion & {
  readonly procedures: {
    readonly null: Procedure<void, void>;
    readonly set: Procedure<Pmap, boolean>;
    readonly unset: Procedure<Pmap, boolean>;
    readonly getport: Procedure<Pmap, number>;
    readonly dump: Procedure<void, readonly Pmaplist[]>;
    readonly callit: Procedure<PmapCallArgs, PmapCallResult>;
  };
} = {
  name: "PMAP_PROG version 2",
  program: 100000,
  version: 2,
  procedures: {
    null: {
      name: "PMAPPROC_NULL",
      number: 0,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: () => undefined,
    },
    set: {
      name: "PMAPPROC_SET",
      number: 1,
      isIdempotent: true,
      encodeArgument: encodePmap,
      decodeArgument: decodePmap,
      encodeResult: (writer, value) => {
        writer.bool(value);
      },
      decodeResult: (reader) => reader.bool(),
    },
    unset: {
      name: "PMAPPROC_UNSET",
      number: 2,
      isIdempotent: true,
      encodeArgument: encodePmap,
      decodeArgument: decodePmap,
      encodeResult: (writer, value) => {
        writer.bool(value);
      },
      decodeResult: (reader) => reader.bool(),
    },
    getport: {
      name: "PMAPPROC_GETPORT",
      number: 3,
      isIdempotent: true,
      encodeArgument: encodePmap,
      decodeArgument: decodePmap,
      encodeResult: (writer, value) => {
        writer.uint(value);
      },
      decodeResult: (reader) => reader.uint(),
    },
    dump: {
      name: "PMAPPROC_DUMP",
      number: 4,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: (writer, value) => {
        encodePmaplistList(writer, value);
      },
      decodeResult: (reader) => decodePmaplistList(reader),
    },
    callit: {
      name: "PMAPPROC_CALLIT",
      number: 5,
      isIdempotent: true,
      encodeArgument: encodePmapCallArgs,
      decodeArgument: decodePmapCallArgs,
      encodeResult: encodePmapCallResult,
      decodeResult: decodePmapCallResult,
    },
  },
};

/** Calls version 2 of PMAP_PROG, program 100000. */
export class PmapProgV2Client {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Procedure 0, PMAPPROC_NULL. */
  null(options?: CallOptions): Promise<void> {
    return this.#caller.call<void, void>(pmapProgV2, pmapProgV2.procedures.null, undefined, options);
  }

  /** Procedure 1, PMAPPROC_SET. */
  set(argument: Pmap, options?: CallOptions): Promise<boolean> {
    return this.#caller.call<Pmap, boolean>(pmapProgV2, pmapProgV2.procedures.set, argument, options);
  }

  /** Procedure 2, PMAPPROC_UNSET. */
  unset(argument: Pmap, options?: CallOptions): Promise<boolean> {
    return this.#caller.call<Pmap, boolean>(pmapProgV2, pmapProgV2.procedures.unset, argument, options);
  }

  /** Procedure 3, PMAPPROC_GETPORT. */
  getport(argument: Pmap, options?: CallOptions): Promise<number> {
    return this.#caller.call<Pmap, number>(pmapProgV2, pmapProgV2.procedures.getport, argument, options);
  }

  /** Procedure 4, PMAPPROC_DUMP. */
  dump(options?: CallOptions): Promise<readonly Pmaplist[]> {
    return this.#caller.call<void, readonly Pmaplist[]>(pmapProgV2, pmapProgV2.procedures.dump, undefined, options);
  }

  /** Procedure 5, PMAPPROC_CALLIT. */
  callit(argument: PmapCallArgs, options?: CallOptions): Promise<PmapCallResult> {
    return this.#caller.call<PmapCallArgs, PmapCallResult>(pmapProgV2, pmapProgV2.procedures.callit, argument, options);
  }
}

/** Who answers version 2 of PMAP_PROG, program 100000. */
export interface PmapProgV2Handlers {
  /** Procedure 0, PMAPPROC_NULL. */
  null?(argument: void, call: ServerCall): void | Promise<void>;
  /** Procedure 1, PMAPPROC_SET. */
  set(argument: Pmap, call: ServerCall): boolean | Promise<boolean>;
  /** Procedure 2, PMAPPROC_UNSET. */
  unset(argument: Pmap, call: ServerCall): boolean | Promise<boolean>;
  /** Procedure 3, PMAPPROC_GETPORT. */
  getport(argument: Pmap, call: ServerCall): number | Promise<number>;
  /** Procedure 4, PMAPPROC_DUMP. */
  dump(argument: void, call: ServerCall): readonly Pmaplist[] | Promise<readonly Pmaplist[]>;
  /** Procedure 5, PMAPPROC_CALLIT. */
  callit(argument: PmapCallArgs, call: ServerCall): PmapCallResult | Promise<PmapCallResult>;
}

/** Makes of handlers what a server serves. */
export function servePmapProgV2(handlers: PmapProgV2Handlers): ServedProgram {
  return serve(pmapProgV2, pmapProgV2.procedures, handlers);
}

/** A client for tests: calls run through the codecs to the handlers given, without a network. */
export function fakePmapProgV2(handlers: Partial<PmapProgV2Handlers> = {}): PmapProgV2Client {
  return new PmapProgV2Client(new FakeCaller([serve(pmapProgV2, pmapProgV2.procedures, handlers)]));
}

/** What version 3 of PMAP_PROG, program 100000, consists of. */
export const pmapProgV3: ProgramVersion & {
  readonly procedures: {
    readonly null: Procedure<void, void>;
    readonly set: Procedure<Rpcb, boolean>;
    readonly unset: Procedure<Rpcb, boolean>;
    readonly getaddr: Procedure<Rpcb, string>;
    readonly dump: Procedure<void, readonly Rpcblist[]>;
    readonly callit: Procedure<RpcbRmtcallargs, RpcbRmtcallres>;
    readonly gettime: Procedure<void, number>;
    readonly uaddr2taddr: Procedure<string, Netbuf>;
    readonly taddr2uaddr: Procedure<Netbuf, string>;
  };
} = {
  name: "PMAP_PROG version 3",
  program: 100000,
  version: 3,
  procedures: {
    null: {
      name: "RPCBPROC_NULL",
      number: 0,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: () => undefined,
    },
    set: {
      name: "RPCBPROC_SET",
      number: 1,
      isIdempotent: true,
      encodeArgument: encodeRpcb,
      decodeArgument: decodeRpcb,
      encodeResult: (writer, value) => {
        writer.bool(value);
      },
      decodeResult: (reader) => reader.bool(),
    },
    unset: {
      name: "RPCBPROC_UNSET",
      number: 2,
      isIdempotent: true,
      encodeArgument: encodeRpcb,
      decodeArgument: decodeRpcb,
      encodeResult: (writer, value) => {
        writer.bool(value);
      },
      decodeResult: (reader) => reader.bool(),
    },
    getaddr: {
      name: "RPCBPROC_GETADDR",
      number: 3,
      isIdempotent: true,
      encodeArgument: encodeRpcb,
      decodeArgument: decodeRpcb,
      encodeResult: (writer, value) => {
        writer.string(value, 4294967295);
      },
      decodeResult: (reader) => reader.string(4294967295),
    },
    dump: {
      name: "RPCBPROC_DUMP",
      number: 4,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: (writer, value) => {
        encodeRpcblistList(writer, value);
      },
      decodeResult: (reader) => decodeRpcblistList(reader),
    },
    callit: {
      name: "RPCBPROC_CALLIT",
      number: 5,
      isIdempotent: true,
      encodeArgument: encodeRpcbRmtcallargs,
      decodeArgument: decodeRpcbRmtcallargs,
      encodeResult: encodeRpcbRmtcallres,
      decodeResult: decodeRpcbRmtcallres,
    },
    gettime: {
      name: "RPCBPROC_GETTIME",
      number: 6,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: (writer, value) => {
        writer.uint(value);
      },
      decodeResult: (reader) => reader.uint(),
    },
    uaddr2taddr: {
      name: "RPCBPROC_UADDR2TADDR",
      number: 7,
      isIdempotent: true,
      encodeArgument: (writer, value) => {
        writer.string(value, 4294967295);
      },
      decodeArgument: (reader) => reader.string(4294967295),
      encodeResult: encodeNetbuf,
      decodeResult: decodeNetbuf,
    },
    taddr2uaddr: {
      name: "RPCBPROC_TADDR2UADDR",
      number: 8,
      isIdempotent: true,
      encodeArgument: encodeNetbuf,
      decodeArgument: decodeNetbuf,
      encodeResult: (writer, value) => {
        writer.string(value, 4294967295);
      },
      decodeResult: (reader) => reader.string(4294967295),
    },
  },
};

/** Calls version 3 of PMAP_PROG, program 100000. */
export class PmapProgV3Client {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Procedure 0, RPCBPROC_NULL. */
  null(options?: CallOptions): Promise<void> {
    return this.#caller.call<void, void>(pmapProgV3, pmapProgV3.procedures.null, undefined, options);
  }

  /** Procedure 1, RPCBPROC_SET. */
  set(argument: Rpcb, options?: CallOptions): Promise<boolean> {
    return this.#caller.call<Rpcb, boolean>(pmapProgV3, pmapProgV3.procedures.set, argument, options);
  }

  /** Procedure 2, RPCBPROC_UNSET. */
  unset(argument: Rpcb, options?: CallOptions): Promise<boolean> {
    return this.#caller.call<Rpcb, boolean>(pmapProgV3, pmapProgV3.procedures.unset, argument, options);
  }

  /** Procedure 3, RPCBPROC_GETADDR. */
  getaddr(argument: Rpcb, options?: CallOptions): Promise<string> {
    return this.#caller.call<Rpcb, string>(pmapProgV3, pmapProgV3.procedures.getaddr, argument, options);
  }

  /** Procedure 4, RPCBPROC_DUMP. */
  dump(options?: CallOptions): Promise<readonly Rpcblist[]> {
    return this.#caller.call<void, readonly Rpcblist[]>(pmapProgV3, pmapProgV3.procedures.dump, undefined, options);
  }

  /** Procedure 5, RPCBPROC_CALLIT. */
  callit(argument: RpcbRmtcallargs, options?: CallOptions): Promise<RpcbRmtcallres> {
    return this.#caller.call<RpcbRmtcallargs, RpcbRmtcallres>(pmapProgV3, pmapProgV3.procedures.callit, argument, options);
  }

  /** Procedure 6, RPCBPROC_GETTIME. */
  gettime(options?: CallOptions): Promise<number> {
    return this.#caller.call<void, number>(pmapProgV3, pmapProgV3.procedures.gettime, undefined, options);
  }

  /** Procedure 7, RPCBPROC_UADDR2TADDR. */
  uaddr2taddr(argument: string, options?: CallOptions): Promise<Netbuf> {
    return this.#caller.call<string, Netbuf>(pmapProgV3, pmapProgV3.procedures.uaddr2taddr, argument, options);
  }

  /** Procedure 8, RPCBPROC_TADDR2UADDR. */
  taddr2uaddr(argument: Netbuf, options?: CallOptions): Promise<string> {
    return this.#caller.call<Netbuf, string>(pmapProgV3, pmapProgV3.procedures.taddr2uaddr, argument, options);
  }
}

/** Who answers version 3 of PMAP_PROG, program 100000. */
export interface PmapProgV3Handlers {
  /** Procedure 0, RPCBPROC_NULL. */
  null?(argument: void, call: ServerCall): void | Promise<void>;
  /** Procedure 1, RPCBPROC_SET. */
  set(argument: Rpcb, call: ServerCall): boolean | Promise<boolean>;
  /** Procedure 2, RPCBPROC_UNSET. */
  unset(argument: Rpcb, call: ServerCall): boolean | Promise<boolean>;
  /** Procedure 3, RPCBPROC_GETADDR. */
  getaddr(argument: Rpcb, call: ServerCall): string | Promise<string>;
  /** Procedure 4, RPCBPROC_DUMP. */
  dump(argument: void, call: ServerCall): readonly Rpcblist[] | Promise<readonly Rpcblist[]>;
  /** Procedure 5, RPCBPROC_CALLIT. */
  callit(argument: RpcbRmtcallargs, call: ServerCall): RpcbRmtcallres | Promise<RpcbRmtcallres>;
  /** Procedure 6, RPCBPROC_GETTIME. */
  gettime(argument: void, call: ServerCall): number | Promise<number>;
  /** Procedure 7, RPCBPROC_UADDR2TADDR. */
  uaddr2taddr(argument: string, call: ServerCall): Netbuf | Promise<Netbuf>;
  /** Procedure 8, RPCBPROC_TADDR2UADDR. */
  taddr2uaddr(argument: Netbuf, call: ServerCall): string | Promise<string>;
}

/** Makes of handlers what a server serves. */
export function servePmapProgV3(handlers: PmapProgV3Handlers): ServedProgram {
  return serve(pmapProgV3, pmapProgV3.procedures, handlers);
}

/** A client for tests: calls run through the codecs to the handlers given, without a network. */
export function fakePmapProgV3(handlers: Partial<PmapProgV3Handlers> = {}): PmapProgV3Client {
  return new PmapProgV3Client(new FakeCaller([serve(pmapProgV3, pmapProgV3.procedures, handlers)]));
}

/** What version 4 of PMAP_PROG, program 100000, consists of. */
export const pmapProgV4: ProgramVersion & {
  readonly procedures: {
    readonly null: Procedure<void, void>;
    readonly set: Procedure<Rpcb, boolean>;
    readonly unset: Procedure<Rpcb, boolean>;
    readonly getaddr: Procedure<Rpcb, string>;
    readonly dump: Procedure<void, readonly Rpcblist[]>;
    readonly bcast: Procedure<RpcbRmtcallargs, RpcbRmtcallres>;
    readonly gettime: Procedure<void, number>;
    readonly uaddr2taddr: Procedure<string, Netbuf>;
    readonly taddr2uaddr: Procedure<Netbuf, string>;
    readonly getversaddr: Procedure<Rpcb, string>;
    readonly indirect: Procedure<RpcbRmtcallargs, RpcbRmtcallres>;
    readonly getaddrlist: Procedure<Rpcb, readonly RpcbEntryList[]>;
    readonly getstat: Procedure<void, RpcbStatByvers>;
  };
} = {
  name: "PMAP_PROG version 4",
  program: 100000,
  version: 4,
  procedures: {
    null: {
      name: "RPCBPROC_NULL",
      number: 0,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: () => undefined,
    },
    set: {
      name: "RPCBPROC_SET",
      number: 1,
      isIdempotent: true,
      encodeArgument: encodeRpcb,
      decodeArgument: decodeRpcb,
      encodeResult: (writer, value) => {
        writer.bool(value);
      },
      decodeResult: (reader) => reader.bool(),
    },
    unset: {
      name: "RPCBPROC_UNSET",
      number: 2,
      isIdempotent: true,
      encodeArgument: encodeRpcb,
      decodeArgument: decodeRpcb,
      encodeResult: (writer, value) => {
        writer.bool(value);
      },
      decodeResult: (reader) => reader.bool(),
    },
    getaddr: {
      name: "RPCBPROC_GETADDR",
      number: 3,
      isIdempotent: true,
      encodeArgument: encodeRpcb,
      decodeArgument: decodeRpcb,
      encodeResult: (writer, value) => {
        writer.string(value, 4294967295);
      },
      decodeResult: (reader) => reader.string(4294967295),
    },
    dump: {
      name: "RPCBPROC_DUMP",
      number: 4,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: (writer, value) => {
        encodeRpcblistList(writer, value);
      },
      decodeResult: (reader) => decodeRpcblistList(reader),
    },
    bcast: {
      name: "RPCBPROC_BCAST",
      number: 5,
      isIdempotent: true,
      encodeArgument: encodeRpcbRmtcallargs,
      decodeArgument: decodeRpcbRmtcallargs,
      encodeResult: encodeRpcbRmtcallres,
      decodeResult: decodeRpcbRmtcallres,
    },
    gettime: {
      name: "RPCBPROC_GETTIME",
      number: 6,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: (writer, value) => {
        writer.uint(value);
      },
      decodeResult: (reader) => reader.uint(),
    },
    uaddr2taddr: {
      name: "RPCBPROC_UADDR2TADDR",
      number: 7,
      isIdempotent: true,
      encodeArgument: (writer, value) => {
        writer.string(value, 4294967295);
      },
      decodeArgument: (reader) => reader.string(4294967295),
      encodeResult: encodeNetbuf,
      decodeResult: decodeNetbuf,
    },
    taddr2uaddr: {
      name: "RPCBPROC_TADDR2UADDR",
      number: 8,
      isIdempotent: true,
      encodeArgument: encodeNetbuf,
      decodeArgument: decodeNetbuf,
      encodeResult: (writer, value) => {
        writer.string(value, 4294967295);
      },
      decodeResult: (reader) => reader.string(4294967295),
    },
    getversaddr: {
      name: "RPCBPROC_GETVERSADDR",
      number: 9,
      isIdempotent: true,
      encodeArgument: encodeRpcb,
      decodeArgument: decodeRpcb,
      encodeResult: (writer, value) => {
        writer.string(value, 4294967295);
      },
      decodeResult: (reader) => reader.string(4294967295),
    },
    indirect: {
      name: "RPCBPROC_INDIRECT",
      number: 10,
      isIdempotent: true,
      encodeArgument: encodeRpcbRmtcallargs,
      decodeArgument: decodeRpcbRmtcallargs,
      encodeResult: encodeRpcbRmtcallres,
      decodeResult: decodeRpcbRmtcallres,
    },
    getaddrlist: {
      name: "RPCBPROC_GETADDRLIST",
      number: 11,
      isIdempotent: true,
      encodeArgument: encodeRpcb,
      decodeArgument: decodeRpcb,
      encodeResult: (writer, value) => {
        encodeRpcbEntryListList(writer, value);
      },
      decodeResult: (reader) => decodeRpcbEntryListList(reader),
    },
    getstat: {
      name: "RPCBPROC_GETSTAT",
      number: 12,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: encodeRpcbStatByvers,
      decodeResult: decodeRpcbStatByvers,
    },
  },
};

/** Calls version 4 of PMAP_PROG, program 100000. */
export class PmapProgV4Client {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Procedure 0, RPCBPROC_NULL. */
  null(options?: CallOptions): Promise<void> {
    return this.#caller.call<void, void>(pmapProgV4, pmapProgV4.procedures.null, undefined, options);
  }

  /** Procedure 1, RPCBPROC_SET. */
  set(argument: Rpcb, options?: CallOptions): Promise<boolean> {
    return this.#caller.call<Rpcb, boolean>(pmapProgV4, pmapProgV4.procedures.set, argument, options);
  }

  /** Procedure 2, RPCBPROC_UNSET. */
  unset(argument: Rpcb, options?: CallOptions): Promise<boolean> {
    return this.#caller.call<Rpcb, boolean>(pmapProgV4, pmapProgV4.procedures.unset, argument, options);
  }

  /** Procedure 3, RPCBPROC_GETADDR. */
  getaddr(argument: Rpcb, options?: CallOptions): Promise<string> {
    return this.#caller.call<Rpcb, string>(pmapProgV4, pmapProgV4.procedures.getaddr, argument, options);
  }

  /** Procedure 4, RPCBPROC_DUMP. */
  dump(options?: CallOptions): Promise<readonly Rpcblist[]> {
    return this.#caller.call<void, readonly Rpcblist[]>(pmapProgV4, pmapProgV4.procedures.dump, undefined, options);
  }

  /** Procedure 5, RPCBPROC_BCAST. */
  bcast(argument: RpcbRmtcallargs, options?: CallOptions): Promise<RpcbRmtcallres> {
    return this.#caller.call<RpcbRmtcallargs, RpcbRmtcallres>(pmapProgV4, pmapProgV4.procedures.bcast, argument, options);
  }

  /** Procedure 6, RPCBPROC_GETTIME. */
  gettime(options?: CallOptions): Promise<number> {
    return this.#caller.call<void, number>(pmapProgV4, pmapProgV4.procedures.gettime, undefined, options);
  }

  /** Procedure 7, RPCBPROC_UADDR2TADDR. */
  uaddr2taddr(argument: string, options?: CallOptions): Promise<Netbuf> {
    return this.#caller.call<string, Netbuf>(pmapProgV4, pmapProgV4.procedures.uaddr2taddr, argument, options);
  }

  /** Procedure 8, RPCBPROC_TADDR2UADDR. */
  taddr2uaddr(argument: Netbuf, options?: CallOptions): Promise<string> {
    return this.#caller.call<Netbuf, string>(pmapProgV4, pmapProgV4.procedures.taddr2uaddr, argument, options);
  }

  /** Procedure 9, RPCBPROC_GETVERSADDR. */
  getversaddr(argument: Rpcb, options?: CallOptions): Promise<string> {
    return this.#caller.call<Rpcb, string>(pmapProgV4, pmapProgV4.procedures.getversaddr, argument, options);
  }

  /** Procedure 10, RPCBPROC_INDIRECT. */
  indirect(argument: RpcbRmtcallargs, options?: CallOptions): Promise<RpcbRmtcallres> {
    return this.#caller.call<RpcbRmtcallargs, RpcbRmtcallres>(pmapProgV4, pmapProgV4.procedures.indirect, argument, options);
  }

  /** Procedure 11, RPCBPROC_GETADDRLIST. */
  getaddrlist(argument: Rpcb, options?: CallOptions): Promise<readonly RpcbEntryList[]> {
    return this.#caller.call<Rpcb, readonly RpcbEntryList[]>(pmapProgV4, pmapProgV4.procedures.getaddrlist, argument, options);
  }

  /** Procedure 12, RPCBPROC_GETSTAT. */
  getstat(options?: CallOptions): Promise<RpcbStatByvers> {
    return this.#caller.call<void, RpcbStatByvers>(pmapProgV4, pmapProgV4.procedures.getstat, undefined, options);
  }
}

/** Who answers version 4 of PMAP_PROG, program 100000. */
export interface PmapProgV4Handlers {
  /** Procedure 0, RPCBPROC_NULL. */
  null?(argument: void, call: ServerCall): void | Promise<void>;
  /** Procedure 1, RPCBPROC_SET. */
  set(argument: Rpcb, call: ServerCall): boolean | Promise<boolean>;
  /** Procedure 2, RPCBPROC_UNSET. */
  unset(argument: Rpcb, call: ServerCall): boolean | Promise<boolean>;
  /** Procedure 3, RPCBPROC_GETADDR. */
  getaddr(argument: Rpcb, call: ServerCall): string | Promise<string>;
  /** Procedure 4, RPCBPROC_DUMP. */
  dump(argument: void, call: ServerCall): readonly Rpcblist[] | Promise<readonly Rpcblist[]>;
  /** Procedure 5, RPCBPROC_BCAST. */
  bcast(argument: RpcbRmtcallargs, call: ServerCall): RpcbRmtcallres | Promise<RpcbRmtcallres>;
  /** Procedure 6, RPCBPROC_GETTIME. */
  gettime(argument: void, call: ServerCall): number | Promise<number>;
  /** Procedure 7, RPCBPROC_UADDR2TADDR. */
  uaddr2taddr(argument: string, call: ServerCall): Netbuf | Promise<Netbuf>;
  /** Procedure 8, RPCBPROC_TADDR2UADDR. */
  taddr2uaddr(argument: Netbuf, call: ServerCall): string | Promise<string>;
  /** Procedure 9, RPCBPROC_GETVERSADDR. */
  getversaddr(argument: Rpcb, call: ServerCall): string | Promise<string>;
  /** Procedure 10, RPCBPROC_INDIRECT. */
  indirect(argument: RpcbRmtcallargs, call: ServerCall): RpcbRmtcallres | Promise<RpcbRmtcallres>;
  /** Procedure 11, RPCBPROC_GETADDRLIST. */
  getaddrlist(argument: Rpcb, call: ServerCall): readonly RpcbEntryList[] | Promise<readonly RpcbEntryList[]>;
  /** Procedure 12, RPCBPROC_GETSTAT. */
  getstat(argument: void, call: ServerCall): RpcbStatByvers | Promise<RpcbStatByvers>;
}

/** Makes of handlers what a server serves. */
export function servePmapProgV4(handlers: PmapProgV4Handlers): ServedProgram {
  return serve(pmapProgV4, pmapProgV4.procedures, handlers);
}

/** A client for tests: calls run through the codecs to the handlers given, without a network. */
export function fakePmapProgV4(handlers: Partial<PmapProgV4Handlers> = {}): PmapProgV4Client {
  return new PmapProgV4Client(new FakeCaller([serve(pmapProgV4, pmapProgV4.procedures, handlers)]));
}

// Made from bench.x by "tertulia rpc generate"; change that file, not this one.

import {
  FakeCaller,
  badEnum,
  checkHyper,
  checkInt,
  checkSize,
  checkUhyper,
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

/** bench.x - two procedures, null and echo, for the baselines */
export const BENCH_MAX: 1048576 = 1048576;

export type Blob = Uint8Array;

export function encodeBlob(writer: XdrWriter, value: Blob): void {
  writer.opaque(value, 1048576);
}

export function decodeBlob(reader: XdrReader): Blob {
  return reader.opaque(1048576);
}

export type Kind = keyof typeof Kind;
/** The number of each. */
export const Kind: {
  readonly KIND_A: 0;
  readonly KIND_B: 1;
  readonly KIND_C: 7;
} = {
  KIND_A: 0,
  KIND_B: 1,
  KIND_C: 7,
};

/** The number of a {@link Kind}, checked. */
export function fromKind(value: Kind): number {
  const number: unknown = Kind[value];
  return typeof number === "number" ? number : refuse("kind", value);
}

/** The {@link Kind} with that number. */
export function toKind(number: number): Kind {
  switch (number) {
    case 0: return "KIND_A";
    case 1: return "KIND_B";
    case 7: return "KIND_C";
    default: return badEnum("kind", number);
  }
}

export function encodeKind(writer: XdrWriter, value: Kind): void {
  writer.int(fromKind(value));
}

export function decodeKind(reader: XdrReader): Kind {
  return toKind(reader.int());
}

export type Choice =
  | { readonly k: "KIND_A"; readonly i: number }
  | { readonly k: "KIND_B"; readonly s: string }
  | { readonly k: "KIND_C" };

export function encodeChoice(writer: XdrWriter, value: Choice): void {
  encodeKind(writer, value.k);
  switch (value.k) {
    case "KIND_A": {
      writer.int((value as { readonly i: number }).i);
      break;
    }
    case "KIND_B": {
      writer.string((value as { readonly s: string }).s, 64);
      break;
    }
    default: {
      break;
    }
  }
}

export function decodeChoice(reader: XdrReader): Choice {
  const $k = decodeKind(reader);
  switch ($k) {
    case "KIND_A": {
      return { k: $k, i: reader.int() };
    }
    case "KIND_B": {
      return { k: $k, s: reader.string(64) };
    }
    default: {
      return { k: $k };
    }
  }
}

export interface Node {
  readonly id: number;
  readonly big: bigint;
  readonly ubig: bigint;
  readonly d: number;
  readonly f: number;
  readonly b: boolean;
  readonly c: Choice;
  readonly fixed: Uint8Array;
  readonly data: Blob;
  readonly name: string;
  readonly next?: Node | undefined;
  readonly arr: readonly number[];
  readonly farr: readonly number[];
}

export function encodeNode(writer: XdrWriter, value: Node): void {

  const chain: Node[] = [];
  for (let item: Node | undefined = value; item !== undefined; ) {
    chain.push(item);
    writer.listed(chain.length);
    let at: number;
    let view: DataView;
    at = writer.reserve(36);
    view = writer.view;
    view.setInt32(at, checkInt(item.id));
    view.setBigInt64(at + 4, checkHyper(item.big));
    view.setBigUint64(at + 12, checkUhyper(item.ubig));
    view.setFloat64(at + 20, item.d);
    view.setFloat32(at + 28, item.f);
    view.setUint32(at + 32, item.b ? 1 : 0);
    encodeChoice(writer, item.c);
    writer.opaqueFixed(item.fixed, 5);
    encodeBlob(writer, item.data);
    writer.string(item.name, 4294967295);
    item = item.next;
    writer.bool(item !== undefined);
  }
  for (let index = chain.length - 1; index >= 0; index--) {
    const item = chain[index] as Node;
    writer.count(item.arr.length, 8);
    let at10 = writer.reserve(item.arr.length * 4);
    const view11 = writer.view;
    for (const item12 of item.arr) {
      view11.setInt32(at10, checkInt(item12));
      at10 += 4;
    }
    checkSize(item.farr.length, 3);
    let at13 = writer.reserve(item.farr.length * 4);
    const view14 = writer.view;
    for (const item15 of item.farr) {
      view14.setInt32(at13, checkInt(item15));
      at13 += 4;
    }
  }
}

export function decodeNode(reader: XdrReader): Node {

  const chain: { -readonly [Key in keyof Node]: Node[Key] }[] = [];
  do {
    const at1 = reader.take(36);
    const $id = reader.view.getInt32(at1);
    const $big = reader.view.getBigInt64(at1 + 4);
    const $ubig = reader.view.getBigUint64(at1 + 12);
    const $d = reader.view.getFloat64(at1 + 20);
    const $f = reader.view.getFloat32(at1 + 28);
    const $b = reader.boolAt(at1 + 32);
    const $c = decodeChoice(reader);
    const $fixed = reader.opaqueFixed(5);
    const $data = decodeBlob(reader);
    const $name = reader.string(4294967295);
    chain.push({
      id: $id,
      big: $big,
      ubig: $ubig,
      d: $d,
      f: $f,
      b: $b,
      c: $c,
      fixed: $fixed,
      data: $data,
      name: $name,
      next: undefined,
      arr: undefined as never,
      farr: undefined as never,
    });
    reader.listed(chain.length);
  } while (reader.bool());
  for (let index = chain.length - 1; index >= 0; index--) {
    const item = chain[index] as (typeof chain)[number];
    item.next = chain[index + 1];
    const count3 = reader.count(8, 4);
    const list2 = new Array<number>(count3);
    let at5 = reader.take(count3 * 4);
    for (let index4 = 0; index4 < count3; index4++) {
      list2[index4] = reader.view.getInt32(at5);
      at5 += 4;
    }
    const $arr = list2;
    const count7 = reader.fixedCount(3, 4);
    const list6 = new Array<number>(count7);
    let at9 = reader.take(count7 * 4);
    for (let index8 = 0; index8 < count7; index8++) {
      list6[index8] = reader.view.getInt32(at9);
      at9 += 4;
    }
    const $farr = list6;
    item.arr = $arr;
    item.farr = $farr;
  }
  return chain[0] as Node;
}

/** What version 1 of BENCH_PROG, program 536871065, consists of. */
export const benchProgV1: ProgramVersion & {
  readonly procedures: {
    readonly null: Procedure<void, void>;
    readonly echo: Procedure<Blob, Blob>;
    readonly node: Procedure<Node, Node>;
    readonly sleep: Procedure<number, number>;
    readonly incr: Procedure<number, number>;
  };
} = {
  name: "BENCH_PROG version 1",
  program: 536871065,
  version: 1,
  procedures: {
    null: {
      name: "BENCH_NULL",
      number: 0,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: () => {},
      decodeResult: () => undefined,
    },
    echo: {
      name: "BENCH_ECHO",
      number: 1,
      isIdempotent: false,
      encodeArgument: encodeBlob,
      decodeArgument: decodeBlob,
      encodeResult: encodeBlob,
      decodeResult: decodeBlob,
    },
    node: {
      name: "BENCH_NODE",
      number: 2,
      isIdempotent: false,
      encodeArgument: encodeNode,
      decodeArgument: decodeNode,
      encodeResult: encodeNode,
      decodeResult: decodeNode,
    },
    sleep: {
      name: "BENCH_SLEEP",
      number: 3,
      isIdempotent: false,
      encodeArgument: (writer, value) => {
        writer.int(value);
      },
      decodeArgument: (reader) => reader.int(),
      encodeResult: (writer, value) => {
        writer.int(value);
      },
      decodeResult: (reader) => reader.int(),
    },
    incr: {
      name: "BENCH_INCR",
      number: 4,
      isIdempotent: false,
      encodeArgument: (writer, value) => {
        writer.int(value);
      },
      decodeArgument: (reader) => reader.int(),
      encodeResult: (writer, value) => {
        writer.int(value);
      },
      decodeResult: (reader) => reader.int(),
    },
  },
};

/** Calls version 1 of BENCH_PROG, program 536871065. */
export class BenchProgV1Client {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Procedure 0, BENCH_NULL. */
  null(options?: CallOptions): Promise<void> {
    return this.#caller.call<void, void>(benchProgV1, benchProgV1.procedures.null, undefined, options);
  }

  /** Procedure 1, BENCH_ECHO. */
  echo(argument: Blob, options?: CallOptions): Promise<Blob> {
    return this.#caller.call<Blob, Blob>(benchProgV1, benchProgV1.procedures.echo, argument, options);
  }

  /** Procedure 2, BENCH_NODE. */
  node(argument: Node, options?: CallOptions): Promise<Node> {
    return this.#caller.call<Node, Node>(benchProgV1, benchProgV1.procedures.node, argument, options);
  }

  /** Procedure 3, BENCH_SLEEP. */
  sleep(argument: number, options?: CallOptions): Promise<number> {
    return this.#caller.call<number, number>(benchProgV1, benchProgV1.procedures.sleep, argument, options);
  }

  /** Procedure 4, BENCH_INCR. */
  incr(argument: number, options?: CallOptions): Promise<number> {
    return this.#caller.call<number, number>(benchProgV1, benchProgV1.procedures.incr, argument, options);
  }
}

/** Who answers version 1 of BENCH_PROG, program 536871065. */
export interface BenchProgV1Handlers {
  /** Procedure 0, BENCH_NULL. */
  null?(argument: void, call: ServerCall): void | Promise<void>;
  /** Procedure 1, BENCH_ECHO. */
  echo(argument: Blob, call: ServerCall): Blob | Promise<Blob>;
  /** Procedure 2, BENCH_NODE. */
  node(argument: Node, call: ServerCall): Node | Promise<Node>;
  /** Procedure 3, BENCH_SLEEP. */
  sleep(argument: number, call: ServerCall): number | Promise<number>;
  /** Procedure 4, BENCH_INCR. */
  incr(argument: number, call: ServerCall): number | Promise<number>;
}

/** Makes of handlers what a server serves. */
export function serveBenchProgV1(handlers: BenchProgV1Handlers): ServedProgram {
  return serve(benchProgV1, benchProgV1.procedures, handlers);
}

/** A client for tests: calls run through the codecs to the handlers given, without a network. */
export function fakeBenchProgV1(handlers: Partial<BenchProgV1Handlers> = {}): BenchProgV1Client {
  return new BenchProgV1Client(new FakeCaller([serve(benchProgV1, benchProgV1.procedures, handlers)]));
}

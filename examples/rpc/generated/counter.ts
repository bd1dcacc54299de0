// Made from counter.x by "tertulia rpc generate"; change that file, not this one.

import {
  FakeCaller,
  serve,
  type CallOptions,
  type Caller,
  type Procedure,
  type ProgramVersion,
  type ServedProgram,
  type ServerCall,
} from "tertulia/xdr";

/** What version 1 of COUNTER, program 536871203, consists of. */
export const counterV1: ProgramVersion & {
  readonly procedures: {
    readonly get: Procedure<void, number>;
    readonly add: Procedure<number, number>;
  };
} = {
  name: "COUNTER version 1",
  program: 536871203,
  version: 1,
  procedures: {
    get: {
      name: "COUNTER_GET",
      number: 1,
      isIdempotent: true,
      encodeArgument: () => {},
      decodeArgument: () => undefined,
      encodeResult: (writer, value) => {
        writer.int(value);
      },
      decodeResult: (reader) => reader.int(),
    },
    add: {
      name: "COUNTER_ADD",
      number: 2,
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

/** Calls version 1 of COUNTER, program 536871203. */
export class CounterV1Client {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Procedure 1, COUNTER_GET. */
  get(options?: CallOptions): Promise<number> {
    return this.#caller.call<void, number>(counterV1, counterV1.procedures.get, undefined, options);
  }

  /** Procedure 2, COUNTER_ADD. */
  add(argument: number, options?: CallOptions): Promise<number> {
    return this.#caller.call<number, number>(counterV1, counterV1.procedures.add, argument, options);
  }
}

/** Who answers version 1 of COUNTER, program 536871203. */
export interface CounterV1Handlers {
  /** Procedure 1, COUNTER_GET. */
  get(argument: void, call: ServerCall): number | Promise<number>;
  /** Procedure 2, COUNTER_ADD. */
  add(argument: number, call: ServerCall): number | Promise<number>;
}

/** Makes of handlers what a server serves. */
export function serveCounterV1(handlers: CounterV1Handlers): ServedProgram {
  return serve(counterV1, counterV1.procedures, handlers);
}

/** A client for tests: calls run through the codecs to the handlers given, without a network. */
export function fakeCounterV1(handlers: Partial<CounterV1Handlers> = {}): CounterV1Client {
  return new CounterV1Client(new FakeCaller([serve(counterV1, counterV1.procedures, handlers)]));
}

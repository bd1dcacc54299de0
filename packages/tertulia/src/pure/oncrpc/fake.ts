/**
 * A caller without a network, for tests: arguments and results go through their codecs all the same.
 *
 * @module
 */

import { SessionError } from "../errors.ts";
import { RpcError } from "./failure.ts";
import { AUTH_NONE } from "./message.ts";
import type {
  Caller,
  CallOptions,
  Procedure,
  ProgramVersion,
  ServedProgram,
  ServerCall,
} from "./program.ts";
import { XdrReader } from "./xdr-reader.ts";
import { XdrWriter } from "./xdr-writer.ts";

/**
 * Calls handlers without a network, for tests; arguments and results go through their codecs all
 * the same.
 */
export class FakeCaller implements Caller {
  readonly #programs: readonly ServedProgram[];
  #xid = 0;

  constructor(programs: readonly ServedProgram[]) {
    this.#programs = programs;
  }

  async call<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
    options: CallOptions = {},
  ): Promise<Result> {
    if (options.signal?.aborted) throw options.signal.reason;
    const served = this.#programs
      .find((one) => one.program === program.program && one.version === program.version)
      ?.procedures.find(({ number }) => number === procedure.number);
    if (served === undefined) throw new RpcError("PROC_UNAVAIL");
    const writer = new XdrWriter();
    procedure.encodeArgument(writer, argument);
    const reader = new XdrReader(writer.finish());
    const received = served.decodeArgument(reader);
    reader.finish();
    let result: unknown;
    try {
      result = await served.run(received, this.#context(program, served.name, procedure.number));
    } catch (error) {
      const refusal =
        error instanceof RpcError ? error : new RpcError("SYSTEM_ERR", { cause: error });
      options.settle?.({ outcome: "reply", result: undefined, error: refusal }, undefined);
      throw refusal;
    }
    const results = new XdrWriter();
    served.encodeResult(results, result);
    const returned = procedure.decodeResult(new XdrReader(results.finish()));
    options.settle?.({ outcome: "reply", result: returned, error: undefined }, undefined);
    return returned;
  }

  #context(program: ProgramVersion, name: string, procedure: number): ServerCall {
    this.#xid += 1;
    return {
      name,
      program: program.program,
      version: program.version,
      procedure,
      xid: this.#xid,
      credential: AUTH_NONE,
      identity: undefined,
      peer: { transport: "session", address: "fake", port: 0, isLocal: true, local: "" },
      signal: {
        aborted: false,
        reason: undefined,
        addEventListener() {},
        removeEventListener() {},
      },
      back: this,
      commit() {
        throw new SessionError("ERR_STATE", "a fake has no transaction to commit with");
      },
    };
  }
}

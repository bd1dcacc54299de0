/**
 * One side's calls over a stream: written when there is a stream, kept until there is one.
 *
 * A client has one for its life, over a succession of connections; a server has one for each
 * connection on which it calls back.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { RpcError } from "../pure/oncrpc/failure.ts";
import { decodeReply, encodeCallStart } from "../pure/oncrpc/message.ts";
import type { Caller, CallOptions, Procedure, ProgramVersion } from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import { authNone, type CallAuth } from "./auth.ts";
import { CallLost, CallTable, type PendingCall } from "./calls.ts";

/** What the calls of one client have in common. All optional. */
export interface CallChannelOptions {
  /** How calls say who they are from. Default {@link authNone}. */
  readonly auth?: CallAuth;
  /** How long a call waits for its reply when it does not say itself. Default 60 s. */
  readonly timeoutMs?: number;
  /** Calls without a reply. Default 65,536: each costs about 300 octets. */
  readonly callsMax?: number;
  /** Octets of calls that the server has not read yet; more is `ERR_LIMIT`. Default 64 MiB. */
  readonly outgoingMax?: number;
}

/** What carries a message of a channel: see `RecordStream`. */
export interface CallStream {
  begin(): XdrWriter;
  commit(): void;
  cancel(): void;
  readonly writableLength: number;
}

export class CallChannel implements Caller {
  readonly table: CallTable;
  readonly auth: CallAuth;
  readonly #timeoutMs: number;
  readonly #outgoingMax: number;
  #stream: CallStream | undefined;
  /** Told when a call is made while there is no stream. */
  onWanted: (() => void) | undefined;
  #closed: SessionError | undefined;

  constructor(options: CallChannelOptions = {}) {
    this.auth = options.auth ?? authNone;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#outgoingMax = options.outgoingMax ?? 64 * 1024 * 1024;
    this.table = new CallTable(options.callsMax ?? 65_536);
  }

  call<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
    options?: CallOptions,
  ): Promise<Result> {
    return new Promise<unknown>((resolve, reject) => {
      this.#checkOpen();
      const call = this.table.open(
        program,
        // The table holds procedures of all types; this one's argument and result stay together in the entry.
        procedure as Procedure<unknown, unknown>,
        argument,
        resolve,
        reject,
        this.#timeoutMs,
        options,
      );
      if (this.#stream === undefined) this.onWanted?.();
      else this.write(this.#stream, call);
      // What decodeResult of this procedure returned is its Result.
    }) as Promise<Result>;
  }

  /**
   * Sends a call that no reply will come to: batching, RFC 5531 8.4.1. That the server got it is known
   * when a later ordinary call has been answered.
   *
   * @throws {SessionError} `ERR_STATE` when there is no connection, `ERR_ARGUMENT`.
   */
  send<Argument, Result>(
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
  ): void {
    this.#checkOpen();
    const stream = this.#stream;
    if (stream === undefined) throw new SessionError("ERR_STATE", "there is no connection");
    const xid = this.table.nextXid();
    const writer = stream.begin();
    try {
      this.#encode(writer, xid, program, procedure, argument);
    } catch (error) {
      stream.cancel();
      throw error;
    }
    stream.commit();
  }

  /** Gives the channel a stream, and sends over it what waits. */
  attach(stream: CallStream): void {
    this.#stream = stream;
    for (const call of [...this.table.values()]) this.write(stream, call);
  }

  /**
   * Takes the stream away. Calls that were sent on it are rejected, unless `keep` says that they may
   * be sent again.
   */
  detach(keep: (call: PendingCall) => boolean, cause?: unknown): void {
    this.#stream = undefined;
    for (const call of [...this.table.values()]) {
      if (!call.isSent || keep(call)) continue;
      this.table.take(call.xid);
      call.reject(new CallLost("unknown", "the connection was lost", cause));
    }
  }

  /** Rejects everything, now and from now on. */
  close(error: SessionError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#stream = undefined;
    this.table.rejectAll(
      (call) => new CallLost(call.isSent ? "unknown" : "no", error.message, error.cause),
    );
  }

  /** Writes a call to a stream; an argument that cannot be encoded rejects the call. */
  write(stream: CallStream, call: PendingCall): void {
    const writer = stream.begin();
    try {
      this.#encode(writer, call.xid, call.program, call.procedure, call.argument);
      stream.commit();
      call.isSent = true;
    } catch (error) {
      stream.cancel();
      this.table.take(call.xid);
      call.reject(error);
    }
  }

  /** Takes a reply; xid and message type are read already. One that nobody waits for is ignored. */
  reply(reader: XdrReader, xid: number): void {
    const call = this.table.peek(xid);
    if (call === undefined) return;
    try {
      const body = decodeReply(reader);
      if (body.type !== "SUCCESS") {
        if (body.type !== "AUTH_ERROR" || !this.#refresh(call, body.status)) {
          this.table.take(xid);
          call.reject(RpcError.of(body));
        }
        return;
      }
      const { auth } = this;
      if (auth.verify?.(body.verifier, xid) === false) {
        throw new RpcError("AUTH_ERROR", { authStatus: "AUTH_INVALIDRESP" });
      }
      const source = auth.unwrap === undefined ? reader : new XdrReader(auth.unwrap(reader.rest()));
      const result = call.procedure.decodeResult(source);
      source.finish();
      this.table.take(xid);
      call.resolve(result);
    } catch (error) {
      this.table.take(xid);
      call.reject(error);
    }
  }

  /** Whether the call is sent again with a fresh credential. */
  #refresh(call: PendingCall, status: Parameters<NonNullable<CallAuth["refresh"]>>[0]): boolean {
    if (this.auth.refresh === undefined || ++call.refreshes > 2) return false;
    const answer = this.auth.refresh(status);
    if (answer === false) return false;
    const again = (isFresh: boolean): void => {
      if (this.table.peek(call.xid) !== call) return;
      if (isFresh && this.#stream !== undefined) this.write(this.#stream, call);
      else if (!isFresh) {
        this.table.take(call.xid);
        call.reject(new RpcError("AUTH_ERROR", { authStatus: status }));
      }
    };
    if (answer === true) again(true);
    else {
      answer.then(again, (error) => {
        if (this.table.take(call.xid) === call) call.reject(error);
      });
    }
    return true;
  }

  #encode<Argument, Result>(
    writer: XdrWriter,
    xid: number,
    program: ProgramVersion,
    procedure: Procedure<Argument, Result>,
    argument: Argument,
  ): void {
    const { auth } = this;
    auth.seal(writer, encodeCallStart(writer, xid, program, procedure.number));
    if (auth.wrap === undefined) procedure.encodeArgument(writer, argument);
    else {
      const plain = new XdrWriter();
      procedure.encodeArgument(plain, argument);
      writer.raw(auth.wrap(plain.finish()));
    }
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw this.#closed;
    const { writableLength = 0 } = this.#stream ?? {};
    if (writableLength > this.#outgoingMax) {
      throw new SessionError("ERR_LIMIT", `the server has not read ${writableLength} octets yet`);
    }
  }
}

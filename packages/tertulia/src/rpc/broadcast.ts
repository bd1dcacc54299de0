/**
 * One call to everyone on the network, RFC 5531 8.4.2, and whoever answers.
 *
 * @module
 */

import { randomInt } from "node:crypto";
import { createSocket, type RemoteInfo } from "node:dgram";
import { pmapProgV2 } from "../pure/oncrpc/generated/rpcbind.ts";
import { AUTH_NONE, decodeReply, encodeCall, REPLY, RPC_VERSION } from "../pure/oncrpc/message.ts";
import type { Procedure, ProgramVersion } from "../pure/oncrpc/program.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";

/** Whom a broadcast asks, and for how long. All optional. */
export interface BroadcastOptions {
  /** Whom to ask. Default 255.255.255.255: everyone on the link. */
  readonly address?: string;
  /**
   * The port that the program has everywhere. Default: the port mappers are asked to pass the call on
   * (CALLIT, which many refuse).
   */
  readonly port?: number;
  /** How long to collect answers. Default 2 s. */
  readonly waitMs?: number;
  /** How often to ask within that time. Default 3. */
  readonly times?: number;
  /** Ends the waiting for answers. */
  readonly signal?: AbortSignal;
}

/** One answer to a broadcast, and who gave it. */
export interface BroadcastAnswer<Result> {
  readonly address: string;
  /** Where the program itself is. */
  readonly port: number;
  readonly result: Result;
}

/** Calls everyone, and gives each one's first answer as it comes; servers answer only with success. */
export async function* broadcast<Argument, Result>(
  program: ProgramVersion,
  procedure: Procedure<Argument, Result>,
  argument: Argument,
  options: BroadcastOptions = {},
): AsyncGenerator<BroadcastAnswer<Result>, void> {
  const { address = "255.255.255.255", port, waitMs = 2000, times = 3, signal } = options;
  signal?.throwIfAborted();
  const xid = randomInt(0x1_0000_0000);
  const call = encode(xid, program, procedure, argument, port === undefined);
  const found: BroadcastAnswer<Result>[] = [];
  const seen = new Set<string>();
  let wake: () => void = () => {};
  const socket = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(0, resolve);
  });
  socket.removeAllListeners("error");
  socket.on("error", () => {});
  socket.setBroadcast(true);
  socket.on("message", (octets, from) => {
    const answer = decode(octets, from, xid, procedure, port === undefined);
    // A network has not so many; whoever invents more addresses is no network.
    if (answer === undefined || seen.size >= 65_536) return;
    const key = `${answer.address}:${answer.port}`;
    if (seen.has(key)) return;
    seen.add(key);
    found.push(answer);
    wake();
  });
  let asked = 0;
  const ask = (): void => {
    socket.send(call, port ?? 111, address);
    asked += 1;
    if (asked >= times) clearInterval(again);
  };
  const again = setInterval(ask, waitMs / times);
  ask();
  let isOver = false;
  const over = (): void => {
    isOver = true;
    wake();
  };
  const timer = setTimeout(over, waitMs);
  signal?.addEventListener("abort", over, { once: true });
  try {
    for (;;) {
      const next = found.shift();
      if (next !== undefined) yield next;
      else if (isOver) break;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", over);
    clearTimeout(timer);
    clearInterval(again);
    socket.close();
  }
}

function encode<Argument, Result>(
  xid: number,
  program: ProgramVersion,
  procedure: Procedure<Argument, Result>,
  argument: Argument,
  isIndirect: boolean,
): Uint8Array {
  const writer = new XdrWriter();
  const target = isIndirect ? pmapProgV2 : program;
  encodeCall(writer, {
    xid,
    rpcVersion: RPC_VERSION,
    program: target.program,
    version: target.version,
    procedure: isIndirect ? pmapProgV2.procedures.callit.number : procedure.number,
    credential: AUTH_NONE,
    verifier: AUTH_NONE,
  });
  if (!isIndirect) procedure.encodeArgument(writer, argument);
  else {
    const args = new XdrWriter();
    procedure.encodeArgument(args, argument);
    pmapProgV2.procedures.callit.encodeArgument(writer, {
      prog: program.program,
      vers: program.version,
      proc: procedure.number,
      args: args.finish(),
    });
  }
  return writer.finish();
}

function decode<Argument, Result>(
  octets: Uint8Array,
  { address, port }: RemoteInfo,
  xid: number,
  procedure: Procedure<Argument, Result>,
  isIndirect: boolean,
): BroadcastAnswer<Result> | undefined {
  try {
    const reader = new XdrReader(octets);
    if (reader.uint() !== xid || reader.uint() !== REPLY) return undefined;
    if (decodeReply(reader).type !== "SUCCESS") return undefined;
    if (!isIndirect) return { address, port, result: procedure.decodeResult(reader) };
    const passedOn = pmapProgV2.procedures.callit.decodeResult(reader);
    const result = procedure.decodeResult(new XdrReader(passedOn.res));
    return { address, port: passedOn.port, result };
  } catch {
    // Anyone may send us anything; what is no answer is none.
    return undefined;
  }
}

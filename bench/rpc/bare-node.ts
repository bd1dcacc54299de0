/**
 * The least that a client and a server in Node can do: an empty call of ONC RPC that was made before, and
 * for each a reply that was made before, with the call's number in it. Nothing is decoded, checked or
 * dispatched.
 *
 * @module
 */

import { connect, createServer, type Server } from "node:net";

/** An empty call and its reply, each behind its record mark. */
const CALL_OCTETS = 44;
const REPLY_OCTETS = 28;
const REPLY = Buffer.alloc(REPLY_OCTETS);
REPLY.writeUInt32BE(0x8000_0018, 0);
REPLY.writeUInt32BE(1, 8);

/** Takes whole calls only, as they come from a loader on the same machine with few in flight. */
export function bareServer(): Server {
  return createServer({ noDelay: true }, (socket) => {
    socket.on("data", (calls) => {
      const count = Math.floor(calls.length / CALL_OCTETS);
      const replies = Buffer.allocUnsafe(count * REPLY_OCTETS);
      for (let i = 0; i < count; i++) {
        const at = i * REPLY_OCTETS;
        REPLY.copy(replies, at);
        calls.copy(replies, at + 4, i * CALL_OCTETS + 4, i * CALL_OCTETS + 8);
      }
      socket.write(replies);
    });
    socket.on("error", () => {});
  });
}

/** Calls one after the other. */
export async function bareClient(port: number): Promise<() => Promise<void>> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise((resolve) => socket.once("connect", resolve));
  const call = Buffer.alloc(CALL_OCTETS);
  call.writeUInt32BE(0x8000_0028, 0);
  let answered: () => void = () => {};
  socket.on("data", () => answered());
  return () =>
    new Promise((resolve) => {
      answered = resolve;
      socket.write(call);
    });
}

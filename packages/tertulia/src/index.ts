/**
 * Durable sessions over any transport.
 *
 * @module
 */

export type {
  Authentication,
  AuthenticationPeer,
  Authenticator,
  Verification,
  VerificationStep,
  Verifier,
  Vouched,
} from "./auth/authentication.ts";
export { type Address, DEFAULT_PORT, parseAddress } from "./io/address.ts";
export { RefusedError } from "./io/attempt.ts";
export {
  Backlog,
  BacklogFullError,
  type BacklogOptions,
  type Gap,
  openBacklog,
} from "./io/backlog.ts";
export { busyPoll } from "./io/busy-poll.ts";
export { cborContext } from "./io/cbor.ts";
export { type ConnectOptions, connect, reconnect } from "./io/connect.ts";
export { ALPN, type DialOptions, dialerOf } from "./io/dial.ts";
export { DuplexTransport } from "./io/duplex-transport.ts";
export { type EstablishOptions, establish } from "./io/establish.ts";
export { type BoundListener, type ListenOptions, listen } from "./io/listen.ts";
export { Listener } from "./io/listener.ts";
export type { ListenerOptions } from "./io/listener-options.ts";
export { memoryPair } from "./io/memory-transport.ts";
export { nodeRuntime } from "./io/node-runtime.ts";
export { createNodeSuite, type NodeSuiteOptions } from "./io/node-suite.ts";
export type { SessionOptions } from "./io/options.ts";
export { QuotaError, type Quotas } from "./io/quotas.ts";
export { type LoopPoll, Runtime, type RuntimeOptions } from "./io/runtime.ts";
export type { Session } from "./io/session.ts";
export type {
  Identity,
  SendOptions,
  SessionChange,
  SessionEnd,
  SignalOptions,
} from "./io/session-parts.ts";
export { dialProcess, type ProcessOptions, stdioTransport } from "./io/stdio-transport.ts";
export { type SessionStream, StreamLostError, StreamResetError } from "./io/stream.ts";
export { toDuplex } from "./io/stream-duplex.ts";
export type { Dial, Transport, TransportPeer, TransportSink } from "./io/transport.ts";
export {
  serveWebSockets,
  type TransportReceiver,
  type WebSocketServerOptions,
} from "./io/websocket-server.ts";
export { WEBSOCKET_PROTOCOL, WebSocketTransport } from "./io/websocket-transport.ts";
export { type ErrorCode, ProtocolError, SessionError } from "./pure/errors.ts";
export type { Abort, AbortReason } from "./pure/native/abort.ts";
export { AbortedError } from "./pure/native/aborted.ts";
export type {
  Agreement,
  Durability,
  FunctionalUnit,
  Proposal,
} from "./pure/native/establishment.ts";
export type { MessageKind } from "./pure/native/frames.ts";
export { defaultLimits, type Limits } from "./pure/native/limits.ts";
export {
  defaultContexts,
  jsonContext,
  type Message,
  octetsContext,
  type PresentationContext,
  textContext,
} from "./pure/native/message.ts";
export type { Refusal, RefusalReason } from "./pure/native/refusal.ts";
export type { SessionOutcome } from "./pure/native/session-output.ts";
export type { KeyPair, Suite } from "./pure/native/suite.ts";
export type { LentMemory, Loan } from "./pure/octets.ts";

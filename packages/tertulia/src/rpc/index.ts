/**
 * ONC RPC on the network: `tertulia/rpc`.
 *
 * @module
 */

export { ProtocolError, SessionError } from "../pure/errors.ts";
export type { SysCredential } from "../pure/oncrpc/credential.ts";
export type { DuplicateLimits, DuplicateRecord } from "../pure/oncrpc/duplicates.ts";
export { RpcError } from "../pure/oncrpc/failure.ts";
export {
  AuthFlavor,
  type AuthStatus,
  type OpaqueAuth,
  type RpcStatus,
} from "../pure/oncrpc/message.ts";
export { OUTCOMES, type Outcome } from "../pure/oncrpc/once.ts";
export {
  type Caller,
  type CallOptions,
  NO_REPLY,
  type PeerAddress,
  type Procedure,
  type ProgramVersion,
  type ServedProgram,
  type ServerCall,
  type SettledCall,
} from "../pure/oncrpc/program.ts";
export { type Registration, Registry } from "../pure/oncrpc/registry.ts";
export {
  formatUniversalAddress,
  type HostPort,
  type NetId,
  parseUniversalAddress,
} from "../pure/oncrpc/universal-address.ts";
export {
  type AuthVerdict,
  acceptNone,
  acceptSys,
  authNone,
  authSys,
  type CallAuth,
  type ServerAuth,
} from "./auth.ts";
export { type BroadcastAnswer, type BroadcastOptions, broadcast } from "./broadcast.ts";
export type { CallChannelOptions } from "./call-channel.ts";
export { type CallChange, type CallStore, SqliteCalls, type StoredCall } from "./call-store.ts";
export { CallLost } from "./calls.ts";
export { type ClientOptions, connect, RpcClient } from "./client.ts";
export { connectUdp, DatagramClient, type DatagramClientOptions } from "./datagram-client.ts";
export type { DispatcherOptions } from "./dispatcher.ts";
export type { DuplicateStore } from "./duplicate-replies.ts";
export { SqliteDuplicates } from "./duplicate-store.ts";
export { type OnceChannel, sessionChannel } from "./once-channel.ts";
export { OnceClient, type OnceClientOptions } from "./once-client.ts";
export { OnceServer, type OnceServerOptions } from "./once-server.ts";
export {
  type KnownClient,
  MemoryOutcomes,
  type OutcomeRecord,
  type OutcomeStore,
  SqliteOutcomes,
  type StoredOutcome,
} from "./once-store.ts";
export { OutcomeError } from "./outcome-error.ts";
export type { RecoveredCall } from "./recovered-call.ts";
export { type LookupOptions, lookup, RpcbindClient, register } from "./rpcbind-client.ts";
export { type RpcbindOptions, rpcbindPrograms, startRpcbind } from "./rpcbind-server.ts";
export type { Schema, SchemaResult } from "./schema.ts";
export { type Listening, RpcServer, type ServerOptions } from "./server.ts";
export {
  type Implementation,
  type Method,
  method,
  type Service,
  type ServiceCall,
  type ServiceCallOptions,
  type ServiceClient,
  ServiceError,
  type ServiceFailure,
  type ServiceOptions,
  stream,
} from "./service.ts";
export { serviceClient } from "./service-client.ts";
export { serveService } from "./service-server.ts";
export type { ServiceSession } from "./service-wire.ts";
export type { ClientTls, ServerTls } from "./tls.ts";

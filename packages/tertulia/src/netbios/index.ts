/**
 * NetBIOS over TCP/IP, RFC 1001 and 1002: names, datagrams, sessions, and servers for the first two.
 *
 * `openNetbios` gives a node; `openNcb` the NetBIOS commands over one. The codecs and machines
 * beneath need no network, and are exported for who wants to look at packets or has a network of
 * their own.
 *
 * @module
 */

export { type Endpoint, isAddress } from "../pure/netbios/address.ts";
export { CALL_RULES, type CallRules } from "../pure/netbios/calling.ts";
export {
  type DatagramBody,
  type DatagramPacket,
  type DataPacket,
  decodeDatagram,
  decodeDatagramBody,
  encodeDatagram,
  encodeDatagramBody,
} from "../pure/netbios/datagram.ts";
export { type Datagram, type DatagramEvent, DatagramNode } from "../pure/netbios/datagram-node.ts";
export { Distributor, type DistributorEvent } from "../pure/netbios/distributor.ts";
export { EndNode } from "../pure/netbios/end-node.ts";
export type { ClaimOptions, EndNodeOptions } from "../pure/netbios/end-node-options.ts";
export { NetbiosError, type NetbiosReason, REASONS } from "../pure/netbios/errors.ts";
export { fragment, Reassembler } from "../pure/netbios/fragments.ts";
export type { LocalName, LocalNameState } from "../pure/netbios/local-names.ts";
export { kindOf } from "../pure/netbios/messages.ts";
export {
  formatName,
  meaningOfSuffix,
  type NetbiosName,
  type NodeType,
  netbiosName,
  parseName,
  SMBSERVER,
  sameName,
  suffixOf,
  WILDCARD,
  withSuffix,
} from "../pure/netbios/name.ts";
export {
  type Member,
  MemoryNameDatabase,
  type NameDatabase,
  type NameRecord,
} from "../pure/netbios/name-database.ts";
export type { NameHostEvent } from "../pure/netbios/name-host.ts";
export {
  decodeNamePacket,
  encodeNamePacket,
  type NamePacket,
} from "../pure/netbios/name-packet.ts";
export type { NameEntry, ResourceRecord, StatusName } from "../pure/netbios/name-record.ts";
export { NameServer } from "../pure/netbios/name-server.ts";
export type { NameServerEvent } from "../pure/netbios/name-server-events.ts";
export {
  NAME_SERVER_LIMITS,
  type NameServerLimits,
  type NameServerOptions,
} from "../pure/netbios/name-server-options.ts";
export type { Claimed, Found, NodeEvent, NodeStatus } from "../pure/netbios/node-events.ts";
export { SessionFramer } from "../pure/netbios/session-framer.ts";
export {
  encodeSessionPacket,
  MESSAGE_OCTETS_MAX,
  type SessionPacket,
} from "../pure/netbios/session-packet.ts";
export { describeStatistics } from "../pure/netbios/statistics.ts";
export {
  NAME_TIMERS,
  type NameTimers,
  NODE_LIMITS,
  type NodeLimits,
} from "../pure/netbios/timers.ts";
export { type BehindOptions, ListenerBehind, listenBehind } from "./behind.ts";
export {
  type CalledByName,
  callByName,
  type DurableCallOptions,
  type DurableListenOptions,
  listenByName,
  netbiosDial,
} from "./durable.ts";
export { Front, type FrontEvent, type FrontOptions, openFront } from "./front.ts";
export { type LocalInterface, localInterfaces } from "./interfaces.ts";
export { type NameHookOptions, runNameHook } from "./name-hook.ts";
export type { NameLike } from "./name-like.ts";
export { NcbAdapter, openNcb, type ReceiveOptions } from "./ncb.ts";
export { NcbError, type NcbReason } from "./ncb-codes.ts";
export type { CommandOptions } from "./ncb-command.ts";
export { ANY_NAME } from "./ncb-numbers.ts";
export type { NcbReceived, NcbSessionStatus } from "./ncb-sessions.ts";
export {
  type ListenOptions,
  type NetbiosEvent,
  NetbiosNode,
  openNetbios,
  type Waiting,
} from "./node.ts";
export type { NetbiosOptions, ServerRole } from "./options.ts";
export { NetbiosSession, type SessionSettings } from "./session.ts";
export type { CallProgress, CallSettings } from "./session-caller.ts";
export { sessionDuplex } from "./session-duplex.ts";
export type { ListenerEvent } from "./session-listener.ts";
export { type Sighting, type WatchOptions, watchNetbios } from "./watch.ts";

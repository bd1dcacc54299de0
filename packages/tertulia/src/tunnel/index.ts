/**
 * Tunnels for programs that know nothing of sessions: their connections survive what the network does.
 *
 * @module
 */

export { type Passed, type PassedConnection, TunnelHandover } from "./handover.ts";
export { holdReading } from "./hold.ts";
export { type Failure, failures, TUNNEL_SELECTOR } from "./opening.ts";
export { type TunnelDebt, TunnelLedger, type TunnelQuotas } from "./quota.ts";
export { type AuditEntry, serveTunnel, type TunnelServerOptions } from "./server.ts";
export {
  type Forward,
  formatTarget,
  isAllowed,
  parseBind,
  parseForward,
  parseRule,
  parseTarget,
  type Rule,
  type Target,
} from "./spec.ts";
export { connectThrough, streamThrough } from "./through.ts";
export {
  openTunnel,
  type Tunnel,
  type TunnelAddress,
  type TunnelConnection,
  type TunnelOptions,
  type TunnelRefusal,
} from "./tunnel.ts";

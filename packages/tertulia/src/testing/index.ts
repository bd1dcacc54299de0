/**
 * What makes sessions testable without sockets, time or chance (a seeded suite, a virtual clock, a
 * virtual network), and the contracts that transports and stores of others' making pass as ours do.
 * Nothing here is for production.
 *
 * @module
 */

export { VirtualClock } from "./clock.ts";
export { Wire, type WireEnd, type WireQuality, type WireSide } from "./network.ts";
export { Random } from "./random.ts";
export { hmacSha256, sha256 } from "./sha256.ts";
export {
  type ContractCase,
  type StoreAbility,
  type StoreContractOptions,
  type StoreFixture,
  storeContract,
} from "./store-contract.ts";
export { seededSuite } from "./suite.ts";
export {
  type TransportClaim,
  type TransportContractOptions,
  type TransportPair,
  transportContract,
} from "./transport-contract.ts";

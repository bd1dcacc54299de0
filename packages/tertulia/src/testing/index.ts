/**
 * What others need to test their own parts: the contracts that ours fulfil.
 *
 * @module
 */

export {
  type TransportClaim,
  type TransportContractOptions,
  type TransportPair,
  transportContract,
} from "./transport-contract.ts";

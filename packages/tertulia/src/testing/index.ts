/**
 * For tests of what is built on Tertulia, and of what Tertulia is built on.
 *
 * @module
 */

export {
  type ContractCase,
  type StoreAbility,
  type StoreContractOptions,
  type StoreFixture,
  storeContract,
} from "./store-contract.ts";

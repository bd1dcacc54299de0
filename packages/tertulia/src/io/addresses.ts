/**
 * Names with several addresses: how long each of them is tried, and what is wrong with all of them.
 *
 * @module
 */

/**
 * Options of `node:net`. Node tries the next address, and gives up this one, after 250 ms: less than
 * some ways around the world take, or a packet that was lost. Where the last one leads nowhere, as IPv6
 * often does, none would be reached.
 */
export const addressOptions: { readonly autoSelectFamilyAttemptTimeout: number } = {
  autoSelectFamilyAttemptTimeout: 2000,
};

/** Why there is no connection: of several addresses, why to none of them. Their error has no words. */
export function addressReason(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((one: Error) => one.message).join("; ");
}

/**
 * How people call this command where they are: what we tell them to type must work.
 *
 * @module
 */

/** `tertulia`, or `npx tertulia` for those who have it in a project or a checkout. */
export function callOf(environment: NodeJS.ProcessEnv = process.env): string {
  const isByNpm = environment["npm_command"] !== undefined;
  return isByNpm ? "npx tertulia" : "tertulia";
}

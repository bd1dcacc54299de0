/**
 * How the user of an API may give a name.
 *
 * @module
 */

import { type NetbiosName, parseName } from "../pure/netbios/name.ts";

/** A name, or how people write one: `ALICE`, `ALICE<20>`, `ALICE#20`. */
export type NameLike = NetbiosName | string;

/** @throws {NetbiosError} `invalidName`. */
export function nameOf(name: NameLike): NetbiosName {
  return typeof name === "string" ? parseName(name) : name;
}

/**
 * The names that things of a `.x` file have in TypeScript.
 *
 * @module
 */

import type { Model, NamedType, ProcedureModel, ProgramModel, VersionModel } from "./model.ts";

/** What generated code uses itself, so that no type may be called so. */
export const TAKEN: readonly string[] =
  `Array BigInt Boolean DataView Error Math Number Object Partial Promise Readonly Record
  String Symbol Uint8Array CallOptions Caller FakeCaller Procedure ProgramVersion ServedProgram
  ServerCall XdrReader XdrWriter`.split(/\s+/);
const RESERVED_MEMBERS = new Set(["constructor", "__proto__", "prototype", "then", "toString"]);

export interface Names {
  /** `nfs_fh3` is `NfsFh3`. */
  type(named: NamedType): string;
  /** Version 3 of NFS_PROGRAM is `NfsProgramV3`. */
  version(program: ProgramModel, version: VersionModel): string;
  /** Of NFSPROC3_GETATTR and NFSPROC3_LOOKUP what they do not share: `getattr`, `lookup`. */
  procedure(version: VersionModel, procedure: ProcedureModel): string;
}

export function namesOf(model: Model): Names {
  const taken = new Set(TAKEN);
  const unique = (wanted: string): string => {
    let name = wanted;
    while (taken.has(name)) name += "_";
    taken.add(name);
    return name;
  };
  for (const { name } of model.constants) taken.add(name);
  const types = new Map(model.types.map((named) => [named, unique(pascal(named.name))]));
  const versions = new Map<VersionModel, string>();
  const procedures = new Map<ProcedureModel, string>();
  for (const program of model.programs) {
    for (const version of program.versions) {
      versions.set(version, unique(`${pascal(program.name)}V${version.number}`));
      nameProcedures(version, procedures);
    }
  }
  return {
    // Every type, version and procedure of the model was named above.
    type: (named) => types.get(named) as string,
    version: (_, version) => versions.get(version) as string,
    procedure: (_, procedure) => procedures.get(procedure) as string,
  };
}

function nameProcedures(version: VersionModel, names: Map<ProcedureModel, string>): void {
  const { procedures } = version;
  const prefix = commonPrefix(procedures.map(({ name }) => name));
  const taken = new Set<string>();
  for (const procedure of procedures) {
    const rest = procedure.name.slice(prefix.length);
    let name = camel(/^[A-Za-z_]/.test(rest) ? rest : procedure.name);
    while (taken.has(name) || RESERVED_MEMBERS.has(name)) name += "_";
    taken.add(name);
    names.set(procedure, name);
  }
}

/** What all names begin with, up to and with an underscore. */
function commonPrefix(names: readonly string[]): string {
  const [first = ""] = names;
  if (names.length < 2) return "";
  for (let end = first.lastIndexOf("_"); end > 0; end = first.lastIndexOf("_", end - 1)) {
    const prefix = first.slice(0, end + 1);
    if (names.every((name) => name.startsWith(prefix) && name.length > prefix.length)) {
      return prefix;
    }
  }
  return "";
}

function pascal(name: string): string {
  const isShouted = name === name.toUpperCase();
  const parts = name.split("_").filter((part) => part !== "");
  const text = parts
    .map((part) => (part[0] ?? "").toUpperCase() + (isShouted ? lower(part) : part).slice(1))
    .join("");
  return /^[A-Za-z_]/.test(text) ? text : `_${text}`;
}

function camel(name: string): string {
  const isShouted = name === name.toUpperCase();
  const [first = "", ...rest] = name.split("_").filter((part) => part !== "");
  const head = isShouted ? lower(first) : (first[0] ?? "").toLowerCase() + first.slice(1);
  return head + rest.map((part) => pascal(isShouted ? part.toUpperCase() : part)).join("");
}

function lower(text: string): string {
  return text.toLowerCase();
}

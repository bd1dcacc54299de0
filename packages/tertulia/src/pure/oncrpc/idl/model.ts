/**
 * What a `.x` file means: every name looked up, every number known.
 *
 * @module
 */

import type { Place } from "./source.ts";

/** A type of XDR, RFC 4506, with every name looked up. */
export type Type =
  | {
      readonly type:
        | "int"
        | "uint"
        | "hyper"
        | "uhyper"
        | "float"
        | "double"
        | "quadruple"
        | "bool"
        | "void";
    }
  /** C's short and char: four octets on the wire, fewer values. */
  | { readonly type: "ranged"; readonly minimum: number; readonly maximum: number }
  | { readonly type: "opaqueFixed"; readonly size: number }
  | { readonly type: "opaque"; readonly max: number }
  | { readonly type: "string"; readonly max: number }
  | { readonly type: "fixed"; readonly of: Type; readonly size: number }
  | { readonly type: "variable"; readonly of: Type; readonly max: number }
  | { readonly type: "optional"; readonly of: Type }
  | { readonly type: "reference"; readonly to: NamedType };

export interface Field {
  readonly name: string;
  readonly of: Type;
  readonly comment: string;
}

export interface EnumType {
  readonly type: "enum";
  readonly name: string;
  readonly comment: string;
  readonly members: readonly {
    readonly name: string;
    readonly value: number;
    readonly comment: string;
  }[];
}

export interface StructType {
  readonly type: "struct";
  readonly name: string;
  readonly comment: string;
  /** Filled after the object is made: a struct may contain itself. */
  fields: readonly Field[];
  /** The place of the one field that is a pointer to this struct itself, if there is one. */
  selfField: number;
  /**
   * Whether the struct only occurs behind pointers and ends in a pointer to itself: then it is the
   * element of a linked list, and every pointer to it is an array.
   */
  isListElement: boolean;
}

export interface UnionType {
  readonly type: "union";
  readonly name: string;
  readonly comment: string;
  discriminant: Field;
  arms: readonly {
    /** Numbers, as on the wire; empty for `default`. */
    readonly cases: readonly number[];
    readonly field: Field;
  }[];
}

export interface AliasType {
  readonly type: "alias";
  readonly name: string;
  readonly comment: string;
  of: Type;
}

export type NamedType = EnumType | StructType | UnionType | AliasType;

export interface Constant {
  readonly name: string;
  readonly value: number | string;
  readonly comment: string;
}

export interface ProcedureModel {
  readonly name: string;
  readonly number: number;
  readonly arguments: readonly Type[];
  readonly result: Type;
  readonly isIdempotent: boolean;
  readonly comment: string;
}

export interface VersionModel {
  readonly name: string;
  readonly number: number;
  readonly comment: string;
  readonly procedures: readonly ProcedureModel[];
}

export interface ProgramModel {
  readonly name: string;
  readonly number: number;
  readonly comment: string;
  readonly versions: readonly VersionModel[];
}

/**
 * What a `.x` file means: constants, types and programs, in the order in which they were defined.
 */
export interface Model {
  readonly constants: readonly Constant[];
  readonly types: readonly NamedType[];
  readonly programs: readonly ProgramModel[];
  /** Where each type was defined, for messages. */
  readonly places: ReadonlyMap<string, Place>;
  /** Types that contain themselves, other than as a list: their codecs count how deep they are. */
  readonly recursive: ReadonlySet<NamedType>;
}

export const UNBOUNDED = 0xffff_ffff;

/** A type with the names of others taken away, down to what it is. */
export function resolved(type: Type): Exclude<Type, { type: "reference" }> | NamedType {
  let present: Type = type;
  while (present.type === "reference") {
    if (present.to.type !== "alias") return present.to;
    present = present.to.of;
  }
  return present;
}

/** Whether a type is a pointer to the element of a linked list: an array, then. */
export function listElementOf(type: Type): StructType | undefined {
  const pointer = resolved(type);
  if (pointer.type !== "optional") return undefined;
  const target = resolved(pointer.of);
  return target.type === "struct" && target.isListElement ? target : undefined;
}

/** The fewest octets that a value has on the wire. */
export function leastOctets(type: Type, within: ReadonlySet<NamedType> = new Set()): number {
  const what = resolved(type);
  switch (what.type) {
    case "void":
      return 0;
    case "hyper":
    case "uhyper":
    case "double":
      return 8;
    case "quadruple":
      return 16;
    case "opaqueFixed":
      return (what.size + 3) & ~3;
    case "fixed":
      return what.size === 0 ? 0 : what.size * leastOctets(what.of, within);
    case "struct": {
      if (within.has(what)) return 0;
      const inner = new Set(within).add(what);
      const fields = what.isListElement ? what.fields.slice(0, -1) : what.fields;
      return fields.reduce((sum, { of }) => sum + leastOctets(of, inner), 0);
    }
    case "union": {
      if (within.has(what)) return 4;
      const inner = new Set(within).add(what);
      const arms = what.arms.map(({ field }) => leastOctets(field.of, inner));
      return 4 + arms.reduce((least, octets) => Math.min(least, octets), Number.POSITIVE_INFINITY);
    }
    default:
      return 4;
  }
}

/**
 * What a `.x` file says, as it says it: names not yet looked up.
 *
 * @module
 */

import type { Place } from "./source.ts";

/** A number, or the name of one. */
export interface Value {
  readonly text: string;
  readonly isName: boolean;
  readonly place: Place;
}

export type BaseType =
  | "int"
  | "uint"
  | "short"
  | "ushort"
  | "char"
  | "uchar"
  | "hyper"
  | "uhyper"
  | "float"
  | "double"
  | "quadruple"
  | "bool"
  | "void"
  | "opaque"
  | "string";

export type TypeSyntax =
  | { readonly type: "base"; readonly base: BaseType; readonly place: Place }
  | { readonly type: "name"; readonly name: string; readonly place: Place };

/** A type with a name, in one of the forms that RFC 4506 6.3 calls declarations. */
export interface Declaration {
  readonly name: string;
  readonly of: TypeSyntax;
  readonly form: "plain" | "optional" | "fixed" | "variable";
  /** The size of `fixed`; the bound of `variable`, if there is one. */
  readonly bound?: Value;
  readonly place: Place;
  readonly comment: string;
}

export interface Arm {
  /** The values that choose it; empty for `default`. */
  readonly cases: readonly Value[];
  readonly declaration: Declaration;
}

export interface ProcedureSyntax {
  readonly name: string;
  readonly number: Value;
  readonly result: Declaration;
  readonly arguments: readonly Declaration[];
  readonly isIdempotent: boolean;
  readonly place: Place;
  readonly comment: string;
}

export interface VersionSyntax {
  readonly name: string;
  readonly number: Value;
  readonly procedures: readonly ProcedureSyntax[];
  readonly place: Place;
  readonly comment: string;
}

export type Definition = {
  readonly name: string;
  readonly place: Place;
  readonly comment: string;
} & (
  | { readonly type: "const"; readonly value: Value | { readonly string: string } }
  | {
      readonly type: "enum";
      readonly members: readonly {
        readonly name: string;
        readonly value: Value | undefined;
        readonly place: Place;
        readonly comment: string;
      }[];
    }
  | { readonly type: "struct"; readonly fields: readonly Declaration[] }
  | { readonly type: "union"; readonly discriminant: Declaration; readonly arms: readonly Arm[] }
  | { readonly type: "typedef"; readonly declaration: Declaration }
  | {
      readonly type: "program";
      readonly number: Value;
      readonly versions: readonly VersionSyntax[];
    }
);

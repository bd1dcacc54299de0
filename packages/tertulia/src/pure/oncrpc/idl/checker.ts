/**
 * From what a `.x` file says to what it means: looks up names, computes numbers, refuses what makes no
 * sense.
 *
 * @module
 */

import {
  type Field,
  type Model,
  type NamedType,
  type ProcedureModel,
  type ProgramModel,
  resolved,
  type StructType,
  type Type,
  UNBOUNDED,
} from "./model.ts";
import { C_CONSTANTS, C_TYPES } from "./prelude.ts";
import { IdlError, type Place } from "./source.ts";
import type { Arm, Declaration, Definition, Value } from "./syntax.ts";
import { checkFinite, findLists, recursiveOf } from "./type-graph.ts";

/**
 * @param outside - Constants that the file does not define and C would know.
 * @throws {IdlError} at the first thing that makes no sense.
 */
export function check(
  definitions: readonly Definition[],
  outside: ReadonlyMap<string, number> = new Map(),
): Model {
  return new Checker(definitions, outside).model();
}

class Checker {
  readonly #definitions: readonly Definition[];
  readonly #outside: ReadonlyMap<string, number>;
  readonly #constants = new Map<string, number>();
  readonly #strings = new Map<string, string>();
  readonly #types = new Map<string, NamedType>();
  readonly #places = new Map<string, Place>();

  constructor(definitions: readonly Definition[], outside: ReadonlyMap<string, number>) {
    this.#definitions = definitions;
    this.#outside = outside;
  }

  model(): Model {
    this.#defineNumbers();
    for (const definition of this.#definitions) this.#defineType(definition);
    for (const definition of this.#definitions) this.#fillType(definition);
    const programs = this.#definitions.flatMap((definition) =>
      definition.type === "program" ? [this.#program(definition)] : [],
    );
    const types = [...this.#types.values()];
    checkFinite(types, this.#places);
    findLists(types, programs);
    const constants = this.#definitions.flatMap((definition) => {
      if (definition.type !== "const") return [];
      const { name, comment } = definition;
      const value = this.#strings.get(name) ?? this.#constants.get(name) ?? 0;
      return [{ name, value, comment }];
    });
    return {
      constants,
      types,
      programs,
      places: this.#places,
      recursive: recursiveOf(types),
    };
  }

  /**
   * Constants, enum members, and the numbers of procedures and versions, which files use as constants.
   * In the order of the text, as C would.
   */
  #defineNumbers(): void {
    for (const definition of this.#definitions) {
      if (definition.type === "const") {
        const { name, value, place } = definition;
        if ("string" in value) this.#strings.set(name, value.string);
        else this.#defineNumber(name, this.#number(value), place);
      } else if (definition.type === "enum") {
        let next = 0;
        for (const { name, value, place } of definition.members) {
          const number = value === undefined ? next : this.#number(value);
          if ((number | 0) !== number) throw new IdlError(place, `${name} does not fit an int`);
          this.#defineNumber(name, number, place);
          next = number + 1;
        }
      } else if (definition.type === "program") {
        // Versions share procedures' names; the first is what a constant of that name is in C, too.
        for (const version of definition.versions) {
          for (const { name, number } of version.procedures) {
            if (!this.#constants.has(name)) this.#constants.set(name, this.#number(number));
          }
        }
      }
    }
  }

  #defineNumber(name: string, value: number, place: Place): void {
    const known = this.#constants.get(name);
    if (known !== undefined && known !== value) {
      throw new IdlError(place, `${name} is ${known} already`);
    }
    this.#constants.set(name, value);
  }

  #number({ text, isName, place }: Value): number {
    if (isName) {
      const value =
        this.#constants.get(text) ??
        this.#laterNumber(text) ??
        this.#outside.get(text) ??
        C_CONSTANTS[text];
      if (value === undefined) {
        const problem = `${text} is not defined; if C defines it, say -D ${text}=…`;
        throw new IdlError(place, problem, text);
      }
      return value;
    }
    const isNegative = text.startsWith("-");
    const digits = isNegative ? text.slice(1) : text;
    const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
    if (value > UNBOUNDED) throw new IdlError(place, `${text} does not fit 32 bits`);
    return isNegative ? -value : value;
  }

  /** A procedure's number before its program was reached. */
  #laterNumber(name: string): number | undefined {
    for (const definition of this.#definitions) {
      if (definition.type !== "program") continue;
      for (const version of definition.versions) {
        for (const procedure of version.procedures) {
          if (procedure.name === name && !procedure.number.isName) {
            return this.#number(procedure.number);
          }
        }
      }
    }
    return undefined;
  }

  #defineType(definition: Definition): void {
    const { type, name, place, comment } = definition;
    if (type === "const" || type === "program") return;
    const earlier = this.#places.get(name);
    if (earlier !== undefined) {
      throw new IdlError(place, `${name} is defined already, in ${earlier.file}:${earlier.line}`);
    }
    this.#places.set(name, place);
    if (type === "enum") {
      const members = definition.members.map((member) => ({
        name: memberName(member.name),
        value: this.#constants.get(member.name) ?? 0,
        comment: member.comment,
      }));
      this.#types.set(name, { type, name, comment, members });
    } else if (type === "struct") {
      const struct = { type, name, comment, fields: [], selfField: -1, isListElement: false };
      this.#types.set(name, struct);
    } else if (type === "union") {
      const discriminant: Field = { name: "", of: { type: "int" }, comment: "" };
      this.#types.set(name, { type, name, comment, discriminant, arms: [] });
    } else this.#types.set(name, { type: "alias", name, comment, of: { type: "void" } });
  }

  #fillType(definition: Definition): void {
    const named = this.#types.get(definition.name);
    if (named?.type === "struct" && definition.type === "struct") {
      refuseTwice(definition.fields);
      named.fields = definition.fields.map((field) => this.#field(field));
    } else if (named?.type === "alias" && definition.type === "typedef") {
      named.of = this.#declared(definition.declaration);
    } else if (named?.type === "union" && definition.type === "union") {
      named.discriminant = this.#field(definition.discriminant);
      const { place } = definition.discriminant;
      const what = resolved(named.discriminant.of);
      // RFC 4506 4.15: "The type of discriminant is either int, unsigned int, or an enumerated type".
      if (!["int", "uint", "ranged", "enum", "bool"].includes(what.type)) {
        throw new IdlError(place, "a union switches on int, unsigned int, bool or an enum");
      }
      const seen = new Set<number>();
      named.arms = definition.arms.map((arm) => {
        const cases = arm.cases.map((value) => this.#case(value, what, seen));
        return { cases, field: this.#field(arm.declaration) };
      });
      this.#checkArms(definition.arms, definition.discriminant.name);
    }
  }

  #case(value: Value, on: ReturnType<typeof resolved>, seen: Set<number>): number {
    const { text, place } = value;
    if (on.type === "bool" && (text === "TRUE" || text === "FALSE")) {
      return refuseSeen(text === "TRUE" ? 1 : 0, seen, place);
    }
    if (on.type === "enum" && value.isName) {
      const isOwn = on.members.some(({ name }) => name === memberName(text));
      if (!isOwn && !this.#constants.has(text)) {
        throw new IdlError(place, `${text} is no member of ${on.name}`);
      }
    }
    const number = this.#number(value);
    if (on.type === "bool" && number !== 0 && number !== 1) {
      throw new IdlError(place, `expected TRUE or FALSE, found ${text}`);
    }
    if (on.type === "enum" && !on.members.some((member) => member.value === number)) {
      throw new IdlError(place, `${text} is no value of ${on.name}`);
    }
    if (on.type === "uint" && number < 0) throw new IdlError(place, `${text} is negative`);
    return refuseSeen(number, seen, place);
  }

  #checkArms(arms: readonly Arm[], discriminant: string): void {
    const defaults = arms.filter(({ cases }) => cases.length === 0);
    if (defaults[1] !== undefined) {
      throw new IdlError(defaults[1].declaration.place, "a union has one default");
    }
    const clash = arms.find(({ declaration }) => declaration.name === discriminant);
    if (clash !== undefined) {
      throw new IdlError(clash.declaration.place, `${discriminant} is the discriminant's name`);
    }
  }

  #field(declaration: Declaration): Field {
    const { name, comment } = declaration;
    return { name: fieldName(name), of: this.#declared(declaration), comment };
  }

  #declared({ of, form, bound, place }: Declaration): Type {
    const limit = bound === undefined ? UNBOUNDED : this.#number(bound);
    if (limit < 0) throw new IdlError(bound?.place ?? place, "a length is not negative");
    if (of.type === "base" && of.base === "opaque") {
      if (form === "fixed") return { type: "opaqueFixed", size: limit };
      if (form === "variable") return { type: "opaque", max: limit };
      throw new IdlError(place, "opaque needs a length: [size] or <max>");
    }
    if (of.type === "base" && of.base === "string") {
      if (form === "optional") return { type: "optional", of: { type: "string", max: limit } };
      if (form === "fixed") throw new IdlError(place, "a string has a bound, not a size: <max>");
      return { type: "string", max: limit };
    }
    const element: Type = of.type === "base" ? baseType(of.base) : this.#named(of.name, of.place);
    if (element.type === "void" && form !== "plain") {
      throw new IdlError(place, "there are no arrays of or pointers to void");
    }
    switch (form) {
      case "plain":
        return element;
      case "optional":
        return { type: "optional", of: element };
      case "fixed":
        return { type: "fixed", of: element, size: limit };
      case "variable":
        return { type: "variable", of: element, max: limit };
    }
  }

  #named(name: string, place: Place): Type {
    const known = this.#types.get(name);
    if (known !== undefined) return { type: "reference", to: known };
    const builtIn = C_TYPES[name];
    if (builtIn === undefined) throw new IdlError(place, `the type ${name} is not defined`, name);
    if ("of" in builtIn) {
      const made = { type: "alias", name, comment: builtIn.comment, of: builtIn.of } as const;
      this.#types.set(name, made);
      return { type: "reference", to: made };
    }
    if ("fields" in builtIn) {
      const made: StructType = {
        type: "struct",
        name,
        comment: builtIn.comment,
        fields: builtIn.fields,
        selfField: -1,
        isListElement: false,
      };
      this.#types.set(name, made);
      return { type: "reference", to: made };
    }
    return builtIn.plain;
  }

  #program(definition: Definition & { type: "program" }): ProgramModel {
    const seenVersions = new Set<number>();
    const versions = definition.versions.map((version) => {
      const seen = new Set<number>();
      const names = new Set<string>();
      const procedures = version.procedures.map((procedure): ProcedureModel => {
        const number = this.#unsigned(procedure.number);
        refuseSeen(number, seen, procedure.place);
        if (names.has(procedure.name)) {
          throw new IdlError(procedure.place, `${procedure.name} is defined already`);
        }
        names.add(procedure.name);
        const parameters = procedure.arguments.map((parameter) => this.#declared(parameter));
        const result = this.#declared(procedure.result);
        const isNull = number === 0 && parameters.length === 0 && result.type === "void";
        const { name, comment } = procedure;
        const isIdempotent = procedure.isIdempotent || isNull;
        return { name, number, arguments: parameters, result, isIdempotent, comment };
      });
      const number = refuseSeen(this.#unsigned(version.number), seenVersions, version.place);
      return { name: version.name, number, comment: version.comment, procedures };
    });
    const { name, comment } = definition;
    return { name, number: this.#unsigned(definition.number), comment, versions };
  }

  /** RFC 5531 12.2: numbers of programs, versions and procedures are unsigned. */
  #unsigned(value: Value): number {
    const number = this.#number(value);
    if (number < 0) throw new IdlError(value.place, `${value.text} is negative`);
    return number;
  }
}

function baseType(base: string): Type {
  switch (base) {
    case "short":
      return { type: "ranged", minimum: -0x8000, maximum: 0x7fff };
    case "ushort":
      return { type: "ranged", minimum: 0, maximum: 0xffff };
    case "char":
      return { type: "ranged", minimum: -0x80, maximum: 0x7f };
    case "uchar":
      return { type: "ranged", minimum: 0, maximum: 0xff };
  }
  // The four above and opaque and string are taken away; what is left are the names of Type's first line.
  return { type: base as "int" };
}

/** What a field is called: every object has a `toString` and the like, also one whose field is left out. */
function fieldName(name: string): string {
  return name in Object.prototype ? `${name}_` : name;
}

/** What a member is called: in a literal, `__proto__` would be what the object inherits from. */
function memberName(name: string): string {
  return name === "__proto__" ? "__proto___" : name;
}

function refuseTwice(fields: readonly Declaration[]): void {
  const seen = new Set<string>();
  for (const { name: given, place } of fields) {
    const name = fieldName(given);
    if (seen.has(name)) throw new IdlError(place, `the field ${name} is there already`);
    seen.add(name);
  }
}

function refuseSeen(number: number, seen: Set<number>, place: Place): number {
  if (seen.has(number)) throw new IdlError(place, `${number} is there already`);
  seen.add(number);
  return number;
}

/**
 * TypeScript types for XDR types.
 *
 * @module
 */

import { listElementOf, type NamedType, resolved, type Type, type UnionType } from "./model.ts";
import type { Names } from "./names.ts";

/** The TypeScript type of an XDR type, where it is used. */
export function typeText(type: Type, names: Names): string {
  const element = listElementOf(type);
  if (element !== undefined) return `readonly ${names.type(element)}[]`;
  switch (type.type) {
    case "int":
    case "uint":
    case "ranged":
    case "float":
    case "double":
      return "number";
    case "hyper":
    case "uhyper":
      return "bigint";
    case "bool":
      return "boolean";
    case "void":
      return "undefined";
    case "quadruple":
    case "opaqueFixed":
    case "opaque":
      return "Uint8Array";
    case "string":
      return "string";
    case "fixed":
    case "variable": {
      const of = typeText(type.of, names);
      return /[ |]/.test(of) ? `readonly (${of})[]` : `readonly ${of}[]`;
    }
    case "optional":
      return isBoxed(type)
        ? `readonly [${typeText(type.of, names)}] | undefined`
        : `${typeText(type.of, names)} | undefined`;
    case "reference":
      return names.type(type.to);
  }
}

/**
 * Whether a pointer's value is put in brackets: a pointer to a pointer may lead to nothing, which is
 * not the same as leading nowhere.
 */
export function isBoxed(type: Type & { type: "optional" }): boolean {
  const inner = resolved(type.of);
  return inner.type === "void" || (inner.type === "optional" && !listElementOf(type.of));
}

/** Whether a value may be `undefined`, so that a field of it may be left out. */
export function isAbsentable(type: Type): boolean {
  return resolved(type).type === "optional" && listElementOf(type) === undefined;
}

/** The declaration of a named type. */
export function declareType(named: NamedType, names: Names): string {
  const name = names.type(named);
  const doc = comment(named.comment);
  switch (named.type) {
    case "alias":
      return `${doc}export type ${name} = ${typeText(named.of, names)};\n`;
    case "enum": {
      const members = named.members.map(
        (member) => `${comment(member.comment, "  ")}  ${member.name}: ${member.value},\n`,
      );
      const fields = named.members.map(({ name: one, value }) => `  readonly ${one}: ${value};\n`);
      return (
        `${doc}export type ${name} = keyof typeof ${name};\n` +
        `/** The number of each. */\nexport const ${name}: {\n${fields.join("")}} = {\n${members.join("")}};\n`
      );
    }
    case "struct": {
      const fields = named.isListElement ? named.fields.slice(0, -1) : named.fields;
      const lines = fields.map(
        (field) =>
          `${comment(field.comment, "  ")}  readonly ${field.name}${isAbsentable(field.of) ? "?" : ""}: ${typeText(field.of, names)};\n`,
      );
      return `${doc}export interface ${name} {\n${lines.join("")}}\n`;
    }
    case "union":
      return `${doc}export type ${name} =${unionArms(named, names)};\n`;
  }
}

function unionArms(union: UnionType, names: Names): string {
  const tag = union.discriminant.name;
  const arms = union.arms.flatMap(({ cases, field }) => {
    const literals =
      cases.length === 0 ? defaultLiterals(union) : cases.flatMap((one) => literalsOf(union, one));
    // Every member of the enum has an arm of its own, so that nothing is left for the default.
    if (literals.length === 0) return [];
    const text = `readonly ${tag}: ${literals.join(" | ")}`;
    if (resolved(field.of).type === "void") return [`\n  | { ${text} }`];
    const mark = isAbsentable(field.of) ? "?" : "";
    return [`\n  | { ${text}; readonly ${field.name}${mark}: ${typeText(field.of, names)} }`];
  });
  return arms.length === 0 ? " never" : arms.join("");
}

/** The TypeScript literals that stand for a case's number: several, if names share it. */
export function literalsOf({ discriminant }: UnionType, number: number): string[] {
  const on = resolved(discriminant.of);
  if (on.type === "bool") return [number === 1 ? "true" : "false"];
  if (on.type !== "enum") return [String(number)];
  return on.members.filter(({ value }) => value === number).map(({ name }) => `"${name}"`);
}

function defaultLiterals(union: UnionType): string[] {
  const on = resolved(union.discriminant.of);
  const taken = new Set(union.arms.flatMap(({ cases }) => cases));
  if (on.type === "bool") return [0, 1].filter((n) => !taken.has(n)).map((n) => `${n === 1}`);
  if (on.type !== "enum") return ["number"];
  return on.members.filter(({ value }) => !taken.has(value)).map(({ name }) => `"${name}"`);
}

/** A docstring from a comment of the file. */
export function comment(text: string, indent = ""): string {
  if (text === "") return "";
  const safe = text.replaceAll("*/", "* /").split("\n");
  if (safe.length === 1) return `${indent}/** ${safe[0]} */\n`;
  const lines = safe.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}\n`);
  return `${indent}/**\n${lines.join("")}${indent} */\n`;
}

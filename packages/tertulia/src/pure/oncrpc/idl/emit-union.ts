/**
 * The statements that write and read a union: the discriminant, then one arm of a switch.
 *
 * @module
 */

import { literalsOf, typeText } from "./emit-types.ts";
import { resolved, type Type, type UnionType } from "./model.ts";
import type { Names } from "./names.ts";

/** Who knows how the arms are written and read. */
interface Codec {
  encode(type: Type, value: string): string;
  decode(type: Type, out: string[]): string;
}

export function encodeUnion(union: UnionType, codec: Codec, names: Names): string {
  const tag = union.discriminant.name;
  const out = [codec.encode(union.discriminant.of, `value.${tag}`), `switch (value.${tag}) {`];
  for (const { cases, field } of union.arms) {
    const literals = cases.flatMap((one) => literalsOf(union, one));
    if (cases.length === 0) out.push("default: {");
    else out.push(literals.map((one, i) => `case ${one}:${last(literals, i, " {")}`).join("\n"));
    if (resolved(field.of).type !== "void") {
      const mark = resolved(field.of).type === "optional" ? "?" : "";
      // TypeScript cannot tell arms apart by a number when the default's may be any.
      const type = `{ readonly ${field.name}${mark}: ${typeText(field.of, names)} }`;
      out.push(`const $arm = value as ${type};`, codec.encode(field.of, `$arm.${field.name}`));
    }
    out.push("break;", "}");
  }
  if (!union.arms.some(({ cases }) => cases.length === 0)) {
    out.push(`default: refuse("${union.name}", (value as { ${tag}: unknown }).${tag});`);
  }
  return [...out, "}"].join("\n");
}

export function decodeUnion(union: UnionType, codec: Codec): string {
  const tag = union.discriminant.name;
  const on = resolved(union.discriminant.of);
  const out = [`const $${tag} = ${codec.decode(union.discriminant.of, [])};`, `switch ($${tag}) {`];
  for (const { cases, field } of union.arms) {
    const literals = cases.map((one) => literalsOf(union, one)[0] ?? "");
    const isUnreachable =
      cases.length === 0 &&
      on.type === "enum" &&
      on.members.every(({ value }) => union.arms.some((arm) => arm.cases.includes(value)));
    if (isUnreachable) continue;
    if (cases.length === 0) out.push("default: {");
    else out.push(literals.map((one, i) => `case ${one}:${last(literals, i, " {")}`).join("\n"));
    if (resolved(field.of).type === "void") out.push(`return { ${tag}: $${tag} };`, "}");
    else {
      const value = codec.decode(field.of, out);
      out.push(`return { ${tag}: $${tag}, ${field.name}: ${value} };`, "}");
    }
  }
  const hasDefault = out.includes("default: {");
  if (!hasDefault) out.push(`default: return badUnion("${union.name}", $${tag});`);
  return [...out, "}"].join("\n");
}

function last(list: readonly unknown[], index: number, text: string): string {
  return index === list.length - 1 ? text : "";
}

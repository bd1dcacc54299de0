/**
 * Types whose values are all of one size: which they are, and the stores and loads at constant offsets
 * that write and read them where room has been made once for several.
 *
 * @module
 */

import { type Field, resolved, type Type } from "./model.ts";
import type { Names } from "./names.ts";

export interface Run {
  readonly fields: Field[];
  /** Octets of them all; 0 for one field that is not of fixed size. */
  size: number;
}

/** Neighbouring fields of fixed size together, others alone. */
export function runsOf(fields: readonly Field[]): Run[] {
  const runs: Run[] = [];
  for (const field of fields) {
    const size = fixedSize(field.of) ?? 0;
    const previous = runs.at(-1);
    if (size > 0 && previous !== undefined && previous.size > 0) {
      previous.fields.push(field);
      previous.size += size;
    } else runs.push({ fields: [field], size });
  }
  return runs;
}

/** Octets of a type whose values are all of one size and can be read without further checks of length. */
export function fixedSize(type: Type): number | undefined {
  const what = resolved(type);
  switch (what.type) {
    case "int":
    case "uint":
    case "ranged":
    case "float":
    case "bool":
    case "enum":
      return 4;
    case "hyper":
    case "uhyper":
    case "double":
      return 8;
    case "struct": {
      if (what.selfField >= 0) return undefined;
      let sum = 0;
      for (const { of } of what.fields) {
        const size = fixedSize(of);
        if (size === undefined) return undefined;
        sum += size;
      }
      // A struct of hundreds of octets is better read by its own function than copied into each user.
      return sum > 0 && sum <= 256 ? sum : undefined;
    }
  }
  return undefined;
}

/** Stores a value of fixed size where room has been made for it. */
export function storeAt(names: Names, type: Type, value: string, at: string, out: string[]): void {
  const what = resolved(type);
  switch (what.type) {
    case "int":
      out.push(`view.setInt32(${at}, checkInt(${value}));`);
      return;
    case "uint":
      out.push(`view.setUint32(${at}, checkUint(${value}));`);
      return;
    case "ranged":
      out.push(`view.setInt32(${at}, checkRange(${value}, ${what.minimum}, ${what.maximum}));`);
      return;
    case "hyper":
      out.push(`view.setBigInt64(${at}, checkHyper(${value}));`);
      return;
    case "uhyper":
      out.push(`view.setBigUint64(${at}, checkUhyper(${value}));`);
      return;
    case "float":
      out.push(`view.setFloat32(${at}, ${value});`);
      return;
    case "double":
      out.push(`view.setFloat64(${at}, ${value});`);
      return;
    case "bool":
      out.push(`view.setUint32(${at}, ${value} ? 1 : 0);`);
      return;
    case "enum":
      out.push(`view.setInt32(${at}, from${names.type(what)}(${value}));`);
      return;
    case "struct": {
      let offset = 0;
      for (const field of what.fields) {
        storeAt(names, field.of, `${value}.${field.name}`, plus(at, offset), out);
        offset += fixedSize(field.of) ?? 0;
      }
    }
  }
}

/** An expression for a value of fixed size that lies at a known place. */
export function loadAt(names: Names, type: Type, at: string): string {
  const what = resolved(type);
  switch (what.type) {
    case "int":
      return `reader.view.getInt32(${at})`;
    case "uint":
      return `reader.view.getUint32(${at})`;
    case "ranged":
      return `reader.rangeAt(${at}, ${what.minimum}, ${what.maximum})`;
    case "hyper":
      return `reader.view.getBigInt64(${at})`;
    case "uhyper":
      return `reader.view.getBigUint64(${at})`;
    case "float":
      return `reader.view.getFloat32(${at})`;
    case "double":
      return `reader.view.getFloat64(${at})`;
    case "bool":
      return `reader.boolAt(${at})`;
    case "enum":
      return `to${names.type(what)}(reader.view.getInt32(${at}))`;
    case "struct": {
      let offset = 0;
      const fields = what.fields.map((field) => {
        const value = loadAt(names, field.of, plus(at, offset));
        offset += fixedSize(field.of) ?? 0;
        return `${field.name}: ${value}`;
      });
      return `{ ${fields.join(", ")} }`;
    }
  }
  throw new Error(`${what.type} has no fixed size`);
}

/** The place that many octets behind another, as an expression. */
export function plus(at: string, offset: number): string {
  if (offset === 0) return at;
  const [, base = at, known = "0"] = /^(.*) \+ (\d+)$/.exec(at) ?? [];
  return `${base} + ${Number(known) + offset}`;
}

/**
 * Encoders and decoders, one pair for each type, specialised: neighbouring fields of fixed size are one
 * reservation and stores at constant offsets; nothing is looked up at run time.
 *
 * @module
 */

import { isBoxed, literalsOf, typeText } from "./emit-types.ts";
import {
  type Field,
  leastOctets,
  listElementOf,
  type NamedType,
  resolved,
  type StructType,
  type Type,
  type UnionType,
} from "./model.ts";
import type { Names } from "./names.ts";

/** Of arrays whose elements have no octets: their count is bounded by nothing that was sent. */
const EMPTY_ELEMENTS_MAX = 1024;

export class CodecEmitter {
  readonly #names: Names;
  readonly #recursive: ReadonlySet<NamedType>;
  #serial = 0;

  constructor(names: Names, recursive: ReadonlySet<NamedType>) {
    this.#names = names;
    this.#recursive = recursive;
  }

  /** The functions of one named type. */
  functions(named: NamedType): string {
    const name = this.#names.type(named);
    switch (named.type) {
      case "enum":
        return this.#enumFunctions(name, named.name, named.members);
      case "alias":
        return this.#pair(
          named,
          name,
          this.encode(named.of, "value"),
          this.#returning((out) => this.decode(named.of, out)),
        );
      case "struct":
        if (named.isListElement) return this.#listElement(named, name);
        if (named.selfField >= 0) return this.#chained(named, name);
        return this.#pair(
          named,
          name,
          this.#encodeFields(named.fields, "value"),
          this.#returning((out) => this.#decodeFields(named.fields, out)),
        );
      case "union":
        return this.#pair(named, name, this.#encodeUnion(named), this.#decodeUnion(named));
    }
  }

  /** Statements that write a value. */
  encode(type: Type, value: string): string {
    const element = listElementOf(type);
    if (element !== undefined) return `encode${this.#names.type(element)}List(writer, ${value});`;
    switch (type.type) {
      case "int":
      case "uint":
      case "hyper":
      case "uhyper":
      case "float":
      case "double":
      case "bool":
        return `writer.${type.type}(${value});`;
      case "void":
        return "";
      case "ranged":
        return `writer.int(checkRange(${value}, ${type.minimum}, ${type.maximum}));`;
      case "quadruple":
        return `writer.opaqueFixed(${value}, 16);`;
      case "opaqueFixed":
        return `writer.opaqueFixed(${value}, ${type.size});`;
      case "opaque":
      case "string":
        return `writer.${type.type}(${value}, ${type.max});`;
      case "fixed":
        return `checkSize(${value}.length, ${type.size});\n${this.#encodeElements(type.of, value)}`;
      case "variable":
        return `writer.count(${value}.length, ${boundOf(type)});\n${this.#encodeElements(type.of, value)}`;
      case "optional": {
        const inner = isBoxed(type) ? `${value}[0]` : value;
        return `if (${value} === undefined) writer.bool(false);\nelse {\nwriter.bool(true);\n${this.encode(type.of, inner)}\n}`;
      }
      case "reference":
        return `encode${this.#names.type(type.to)}(writer, ${value});`;
    }
  }

  /** An expression that reads a value; what has to be done before it is pushed to `out`. */
  decode(type: Type, out: string[]): string {
    const element = listElementOf(type);
    if (element !== undefined) return `decode${this.#names.type(element)}List(reader)`;
    switch (type.type) {
      case "int":
      case "uint":
      case "hyper":
      case "uhyper":
      case "float":
      case "double":
      case "bool":
        return `reader.${type.type}()`;
      case "void":
        return "undefined";
      case "ranged":
        return `reader.range(${type.minimum}, ${type.maximum})`;
      case "quadruple":
        return "reader.opaqueFixed(16)";
      case "opaqueFixed":
        return `reader.opaqueFixed(${type.size})`;
      case "opaque":
      case "string":
        return `reader.${type.type}(${type.max})`;
      case "fixed":
      case "variable":
        return this.#decodeElements(type, out);
      case "optional": {
        const name = this.#local("pointer");
        const body: string[] = [];
        const value = this.decode(type.of, body);
        const inner = isBoxed(type) ? `[${value}]` : value;
        out.push(
          `let ${name}: ${typeText(type, this.#names)};`,
          `if (reader.bool()) {`,
          ...body,
          `${name} = ${inner};`,
          "}",
        );
        return name;
      }
      case "reference":
        return `decode${this.#names.type(type.to)}(reader)`;
    }
  }

  #enumFunctions(
    name: string,
    xdrName: string,
    members: readonly { name: string; value: number }[],
  ): string {
    const seen = new Set<number>();
    const cases = members
      .filter(({ value }) => !seen.has(value) && seen.add(value))
      .map((member) => `case ${member.value}: return "${member.name}";\n`);
    return `
/** The number of a {@link ${name}}, checked. */
export function from${name}(value: ${name}): number {
  const number: unknown = ${name}[value];
  return typeof number === "number" ? number : refuse("${xdrName}", value);
}

/** The {@link ${name}} with that number. */
export function to${name}(number: number): ${name} {
  switch (number) {
${cases.join("")}default: return badEnum("${xdrName}", number);
  }
}

export function encode${name}(writer: XdrWriter, value: ${name}): void {
  writer.int(from${name}(value));
}

export function decode${name}(reader: XdrReader): ${name} {
  return to${name}(reader.int());
}
`;
  }

  /** Encoder and decoder of a type; types that contain themselves count how deep they are. */
  #pair(named: NamedType, name: string, encode: string, decode: string): string {
    if (!this.#recursive.has(named)) {
      return `
export function encode${name}(writer: XdrWriter, value: ${name}): void {
${encode}
}

export function decode${name}(reader: XdrReader): ${name} {
${decode}
}
`;
    }
    return `
export function encode${name}(writer: XdrWriter, value: ${name}): void {
  writer.enter();
${encode}
  writer.leave();
}

export function decode${name}(reader: XdrReader): ${name} {
  reader.enter();
  const value = decodeInner${name}(reader);
  reader.leave();
  return value;
}

function decodeInner${name}(reader: XdrReader): ${name} {
${decode}
}
`;
  }

  /** The element of a list: the list is an array, and read and written in a loop. */
  #listElement(struct: StructType, name: string): string {
    const fields = struct.fields.slice(0, -1);
    const decode = this.#returning((out) => this.#decodeFields(fields, out));
    return `${this.#pair(struct, name, this.#encodeFields(fields, "value"), decode)}
export function encode${name}List(writer: XdrWriter, list: readonly ${name}[]): void {
  for (const value of list) {
    writer.bool(true);
    encode${name}(writer, value);
  }
  writer.bool(false);
}

export function decode${name}List(reader: XdrReader): ${name}[] {
  const list: ${name}[] = [];
  while (reader.bool()) {
    list.push(decode${name}(reader));
    reader.listed(list.length);
  }
  return list;
}
`;
  }

  /**
   * A struct with one pointer to itself, in a loop whatever the length: down the chain the fields up to
   * the pointer, back up those behind it.
   */
  #chained(struct: StructType, name: string): string {
    const { fields, selfField } = struct;
    const self = fields[selfField]?.name ?? "";
    const [front, back] = [fields.slice(0, selfField), fields.slice(selfField + 1)];
    const frontOut: string[] = [];
    const frontValues = this.#decodeRuns(front, frontOut);
    const backOut: string[] = [];
    const backValues = this.#decodeRuns(back, backOut);
    const initial = [
      ...frontValues.map(({ field, value }) => `${field}: ${value},`),
      `${self}: undefined,`,
      ...back.map(({ name: field }) => `${field}: undefined as never,`),
    ];
    const encode = `
  const chain: ${name}[] = [];
  for (let item: ${name} | undefined = value; item !== undefined; ) {
    chain.push(item);
    writer.listed(chain.length);
${this.#encodeFields(front, "item")}
    item = item.${self};
    writer.bool(item !== undefined);
  }
${
  back.length === 0
    ? ""
    : `  for (let index = chain.length - 1; index >= 0; index--) {
    const item = chain[index] as ${name};
${this.#encodeFields(back, "item")}
  }`
}`;
    const decode = `
  const chain: { -readonly [Key in keyof ${name}]: ${name}[Key] }[] = [];
  do {
${frontOut.join("\n")}
    chain.push({
${initial.join("\n")}
    });
    reader.listed(chain.length);
  } while (reader.bool());
  for (let index = chain.length - 1; index >= 0; index--) {
    const item = chain[index] as (typeof chain)[number];
    item.${self} = chain[index + 1];
${backOut.join("\n")}
${backValues.map(({ field, value }) => `    item.${field} = ${value};`).join("\n")}
  }
  return chain[0] as ${name};`;
    return this.#pair(struct, name, encode, decode);
  }

  #encodeFields(fields: readonly Field[], value: string): string {
    const out: string[] = [];
    let hasRun = false;
    for (const run of runsOf(fields)) {
      if (run.size === 0) {
        for (const { name, of } of run.fields) out.push(this.encode(of, `${value}.${name}`));
        continue;
      }
      if (!hasRun) out.push("let at: number;", "let view: DataView;");
      hasRun = true;
      out.push(`at = writer.reserve(${run.size});`, "view = writer.view;");
      let offset = 0;
      for (const { name, of } of run.fields) {
        this.#storeAt(of, `${value}.${name}`, plus("at", offset), out);
        offset += fixedSize(of) ?? 0;
      }
    }
    return out.join("\n");
  }

  #decodeFields(fields: readonly Field[], out: string[]): string {
    const values = this.#decodeRuns(fields, out);
    return `{ ${values.map(({ field, value }) => `${field}: ${value}`).join(", ")} }`;
  }

  /** Reads fields in order into locals; returns each field's expression. */
  #decodeRuns(fields: readonly Field[], out: string[]): { field: string; value: string }[] {
    const values: { field: string; value: string }[] = [];
    for (const run of runsOf(fields)) {
      if (run.size === 0) {
        for (const { name, of } of run.fields) {
          const value = this.decode(of, out);
          const local = `$${name}`;
          out.push(`const ${local} = ${value};`);
          values.push({ field: name, value: local });
        }
        continue;
      }
      const at = this.#local("at");
      out.push(`const ${at} = reader.take(${run.size});`);
      let offset = 0;
      for (const { name, of } of run.fields) {
        const local = `$${name}`;
        out.push(`const ${local} = ${this.#loadAt(of, plus(at, offset))};`);
        values.push({ field: name, value: local });
        offset += fixedSize(of) ?? 0;
      }
    }
    return values;
  }

  /** Stores a value of fixed size where room has been made for it. */
  #storeAt(type: Type, value: string, at: string, out: string[]): void {
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
        out.push(`view.setInt32(${at}, from${this.#names.type(what)}(${value}));`);
        return;
      case "struct": {
        let offset = 0;
        for (const field of what.fields) {
          this.#storeAt(field.of, `${value}.${field.name}`, plus(at, offset), out);
          offset += fixedSize(field.of) ?? 0;
        }
      }
    }
  }

  /** An expression for a value of fixed size that lies at a known place. */
  #loadAt(type: Type, at: string): string {
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
        return `to${this.#names.type(what)}(reader.view.getInt32(${at}))`;
      case "struct": {
        let offset = 0;
        const fields = what.fields.map((field) => {
          const value = this.#loadAt(field.of, plus(at, offset));
          offset += fixedSize(field.of) ?? 0;
          return `${field.name}: ${value}`;
        });
        return `{ ${fields.join(", ")} }`;
      }
    }
    throw new Error(`${what.type} has no fixed size`);
  }

  #encodeElements(of: Type, list: string): string {
    const size = fixedSize(of);
    if (size === undefined) {
      const item = this.#local("item");
      return `for (const ${item} of ${list}) {\n${this.encode(of, item)}\n}`;
    }
    const [at, view, item] = [this.#local("at"), this.#local("view"), this.#local("item")];
    const body: string[] = [];
    this.#storeAt(of, item, at, body);
    return `let ${at} = writer.reserve(${list}.length * ${size});
const ${view} = writer.view;
for (const ${item} of ${list}) {
${body.join("\n").replaceAll("view.set", `${view}.set`)}
${at} += ${size};
}`;
  }

  #decodeElements(type: Type & { type: "fixed" | "variable" }, out: string[]): string {
    const list = this.#local("list");
    const least = leastOctets(type.of);
    const count = this.#local("count");
    if (type.type === "fixed") {
      // What was announced in the file is as trustworthy as the file; what is there is checked all the same.
      out.push(`const ${count} = reader.fixedCount(${type.size}, ${least});`);
    } else out.push(`const ${count} = reader.count(${boundOf(type)}, ${least});`);
    const element = typeText(type.of, this.#names);
    const size = fixedSize(type.of);
    const index = this.#local("index");
    out.push(`const ${list} = new Array<${element}>(${count});`);
    if (size !== undefined) {
      const at = this.#local("at");
      out.push(
        `let ${at} = reader.take(${count} * ${size});`,
        `for (let ${index} = 0; ${index} < ${count}; ${index}++) {`,
        `${list}[${index}] = ${this.#loadAt(type.of, at)};`,
        `${at} += ${size};`,
        "}",
      );
      return list;
    }
    const body: string[] = [];
    const value = this.decode(type.of, body);
    out.push(
      `for (let ${index} = 0; ${index} < ${count}; ${index}++) {`,
      ...body,
      `${list}[${index}] = ${value};`,
      "}",
    );
    return list;
  }

  #encodeUnion(union: UnionType): string {
    const tag = union.discriminant.name;
    const out = [this.encode(union.discriminant.of, `value.${tag}`), `switch (value.${tag}) {`];
    for (const { cases, field } of union.arms) {
      const literals = cases.flatMap((one) => literalsOf(union, one));
      if (cases.length === 0) out.push("default: {");
      else out.push(...literals.map((literal, i) => `case ${literal}:${last(literals, i, " {")}`));
      if (resolved(field.of).type !== "void") {
        const mark = resolved(field.of).type === "optional" ? "?" : "";
        // TypeScript cannot tell arms apart by a number when the default's may be any.
        const type = `{ readonly ${field.name}${mark}: ${typeText(field.of, this.#names)} }`;
        out.push(this.encode(field.of, `(value as ${type}).${field.name}`));
      }
      out.push("break;", "}");
    }
    if (!union.arms.some(({ cases }) => cases.length === 0)) {
      out.push(`default: refuse("${union.name}", (value as { ${tag}: unknown }).${tag});`);
    }
    return [...out, "}"].join("\n");
  }

  #decodeUnion(union: UnionType): string {
    const tag = union.discriminant.name;
    const on = resolved(union.discriminant.of);
    const out = [
      `const $${tag} = ${this.decode(union.discriminant.of, [])};`,
      `switch ($${tag}) {`,
    ];
    for (const { cases, field } of union.arms) {
      const literals = cases.map((one) => literalsOf(union, one)[0] ?? "");
      const isUnreachable =
        cases.length === 0 &&
        on.type === "enum" &&
        on.members.every(({ value }) => union.arms.some((arm) => arm.cases.includes(value)));
      if (isUnreachable) continue;
      if (cases.length === 0) out.push("default: {");
      else out.push(...literals.map((literal, i) => `case ${literal}:${last(literals, i, " {")}`));
      if (resolved(field.of).type === "void") out.push(`return { ${tag}: $${tag} };`, "}");
      else {
        const value = this.decode(field.of, out);
        out.push(`return { ${tag}: $${tag}, ${field.name}: ${value} };`, "}");
      }
    }
    const hasDefault = out.includes("default: {");
    if (!hasDefault) out.push(`default: return badUnion("${union.name}", $${tag});`);
    return [...out, "}"].join("\n");
  }

  #returning(value: (out: string[]) => string): string {
    const out: string[] = [];
    const result = value(out);
    return [...out, `return ${result};`].join("\n");
  }

  #local(kind: string): string {
    this.#serial += 1;
    return `${kind}${this.#serial}`;
  }
}

interface Run {
  readonly fields: Field[];
  /** Octets of them all; 0 for one field that is not of fixed size. */
  size: number;
}

/** Neighbouring fields of fixed size together, others alone. */
function runsOf(fields: readonly Field[]): Run[] {
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
function fixedSize(type: Type): number | undefined {
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

function boundOf({ of, max }: Type & { type: "variable" }): number {
  return leastOctets(of) === 0 ? Math.min(max, EMPTY_ELEMENTS_MAX) : max;
}

function plus(at: string, offset: number): string {
  if (offset === 0) return at;
  const [, base = at, known = "0"] = /^(.*) \+ (\d+)$/.exec(at) ?? [];
  return `${base} + ${Number(known) + offset}`;
}

function last(list: readonly unknown[], index: number, text: string): string {
  return index === list.length - 1 ? text : "";
}

/**
 * Encoders and decoders, one pair for each type, specialised: neighbouring fields of fixed size are one
 * reservation and stores at constant offsets; nothing is looked up at run time.
 *
 * @module
 */

import { enumFunctions } from "./emit-enum.ts";
import { isBoxed, typeText } from "./emit-types.ts";
import { decodeUnion, encodeUnion } from "./emit-union.ts";
import { fixedSize, loadAt, plus, runsOf, storeAt } from "./fixed-layout.ts";
import {
  type Field,
  leastOctets,
  listElementOf,
  type NamedType,
  type StructType,
  type Type,
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
        return enumFunctions(name, named.name, named.members);
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
        return this.#pair(
          named,
          name,
          encodeUnion(named, this, this.#names),
          decodeUnion(named, this),
        );
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
        storeAt(this.#names, of, `${value}.${name}`, plus("at", offset), out);
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
        out.push(`const ${local} = ${loadAt(this.#names, of, plus(at, offset))};`);
        values.push({ field: name, value: local });
        offset += fixedSize(of) ?? 0;
      }
    }
    return values;
  }

  #encodeElements(of: Type, list: string): string {
    const size = fixedSize(of);
    if (size === undefined) {
      const item = this.#local("item");
      return `for (const ${item} of ${list}) {\n${this.encode(of, item)}\n}`;
    }
    const [at, view, item] = [this.#local("at"), this.#local("view"), this.#local("item")];
    const body: string[] = [];
    storeAt(this.#names, of, item, at, body);
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
        `${list}[${index}] = ${loadAt(this.#names, type.of, at)};`,
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

function boundOf({ of, max }: Type & { type: "variable" }): number {
  return leastOctets(of) === 0 ? Math.min(max, EMPTY_ELEMENTS_MAX) : max;
}

/**
 * XDR from JSON and back, by what a `.x` file says, without generated code: for tools.
 *
 * Hypers are texts of digits, opaque data are hex, enums are their names, pointers are null or the
 * value, linked lists are arrays. Slow, and a second opinion on what the generated codecs do.
 *
 * @module
 */

import { ProtocolError, SessionError } from "../../errors.ts";
import { hex } from "../../octets.ts";
import type { XdrReader } from "../xdr-reader.ts";
import { checkRange, type XdrWriter } from "../xdr-writer.ts";
import { leastOctets, listElementOf, resolved, type Type } from "./model.ts";

/** Writes a JSON value; `path` is where it stands, for messages. */
export function encodeJson(type: Type, value: unknown, writer: XdrWriter, path = "argument"): void {
  const element = listElementOf(type);
  if (element !== undefined) {
    for (const [index, item] of listOf(value, path).entries()) {
      writer.bool(true);
      encodeFields(element.fields.slice(0, -1), item, writer, `${path}[${index}]`);
    }
    writer.bool(false);
    return;
  }
  const what = resolved(type);
  switch (what.type) {
    case "void":
      return;
    case "int":
    case "uint": {
      const { type: kind } = what;
      at(path, () => writer[kind](numberOf(value, path)));
      return;
    }
    case "ranged":
      at(path, () => writer.int(checkRange(numberOf(value, path), what.minimum, what.maximum)));
      return;
    case "hyper":
    case "uhyper": {
      const isDigits = typeof value === "string" && /^-?\d+$/.test(value);
      if (!isDigits && !Number.isSafeInteger(value)) wrong(path, "a whole number", value);
      const { type: kind } = what;
      // A text of digits, or a safe integer, as was just seen.
      at(path, () => writer[kind](BigInt(value as string | number)));
      return;
    }
    case "float":
    case "double":
      writer[what.type](numberOf(value, path));
      return;
    case "bool":
      if (typeof value !== "boolean") wrong(path, "true or false", value);
      writer.bool(value);
      return;
    case "string":
      if (typeof value !== "string") wrong(path, "a text", value);
      at(path, () => writer.string(value, what.max));
      return;
    case "opaque":
      at(path, () => writer.opaque(octetsOf(value, path), what.max));
      return;
    case "opaqueFixed":
      at(path, () => writer.opaqueFixed(octetsOf(value, path), what.size));
      return;
    case "quadruple":
      at(path, () => writer.opaqueFixed(octetsOf(value, path), 16));
      return;
    case "fixed":
    case "variable": {
      const list = listOf(value, path);
      if (what.type === "variable") at(path, () => writer.count(list.length, what.max));
      else if (list.length !== what.size) wrong(path, `${what.size} elements`, list.length);
      for (const [index, item] of list.entries()) {
        encodeJson(what.of, item, writer, `${path}[${index}]`);
      }
      return;
    }
    case "optional":
      writer.bool(value !== null && value !== undefined);
      if (value !== null && value !== undefined) encodeJson(what.of, value, writer, path);
      return;
    case "enum": {
      const member = what.members.find(({ name }) => name === value);
      if (member === undefined) wrong(path, `a member of ${what.name}`, value);
      writer.int(member.value);
      return;
    }
    case "struct":
      encodeFields(what.fields, value, writer, path);
      return;
    case "union": {
      writer.enter();
      const tag = fieldOf(value, what.discriminant.name);
      encodeJson(what.discriminant.of, tag, writer, `${path}.${what.discriminant.name}`);
      const on = resolved(what.discriminant.of);
      const number =
        on.type === "enum"
          ? on.members.find(({ name }) => name === tag)?.value
          : typeof tag === "boolean"
            ? Number(tag)
            : tag;
      const arm =
        what.arms.find(({ cases }) => cases.some((one) => one === number)) ??
        what.arms.find(({ cases }) => cases.length === 0);
      if (arm === undefined) wrong(path, `an arm of ${what.name}`, tag);
      const { name, of } = arm.field;
      expectOnly(value, [what.discriminant.name, name], path);
      encodeJson(of, fieldOf(value, name), writer, `${path}.${name}`);
      writer.leave();
    }
  }
}

function encodeFields(
  fields: readonly { readonly name: string; readonly of: Type }[],
  value: unknown,
  writer: XdrWriter,
  path: string,
): void {
  writer.enter();
  const names = fields.map(({ name }) => name);
  expectOnly(value, names, path);
  for (const { name, of } of fields) {
    encodeJson(of, fieldOf(value, name), writer, `${path}.${name}`);
  }
  writer.leave();
}

/** Says where a value is that the writer refuses. */
function at(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof SessionError) || error.message.startsWith(path)) throw error;
    throw new SessionError("ERR_ARGUMENT", `${path}: ${error.message}`, { cause: error });
  }
}

/** A name that is written wrong would else be an optional field that is not there. */
function expectOnly(value: unknown, names: readonly string[], path: string): void {
  if (typeof value !== "object" || value === null) wrong(path, "an object", value);
  const other = Object.keys(value).find((key) => !names.includes(key));
  if (other !== undefined) wrong(`${path}.${other}`, "no such field", Reflect.get(value, other));
}

/** Reads a value as JSON. */
export function decodeJson(type: Type, reader: XdrReader): unknown {
  const element = listElementOf(type);
  if (element !== undefined) {
    const list: unknown[] = [];
    while (reader.bool()) {
      list.push(decodeFields(element.fields.slice(0, -1), reader));
      reader.listed(list.length);
    }
    return list;
  }
  const what = resolved(type);
  switch (what.type) {
    case "alias":
    case "void":
      return null;
    case "int":
    case "uint":
    case "float":
    case "double":
    case "bool":
      return reader[what.type]();
    case "ranged":
      return reader.range(what.minimum, what.maximum);
    case "hyper":
    case "uhyper":
      return String(reader[what.type]());
    case "string":
      return reader.string(what.max);
    case "opaque":
      return hex(reader.opaque(what.max));
    case "opaqueFixed":
      return hex(reader.opaqueFixed(what.size));
    case "quadruple":
      return hex(reader.opaqueFixed(16));
    case "fixed":
    case "variable": {
      const bound = what.type === "variable" ? what.max : what.size;
      const least = Math.max(leastOctets(what.of), 1);
      const count =
        what.type === "variable" ? reader.count(bound, least) : reader.fixedCount(bound, least);
      const list: unknown[] = [];
      for (let i = 0; i < count; i++) list.push(decodeJson(what.of, reader));
      return list;
    }
    case "optional":
      return reader.bool() ? decodeJson(what.of, reader) : null;
    case "enum": {
      const number = reader.int();
      const member = what.members.find(({ value }) => value === number);
      if (member !== undefined) return member.name;
      throw new ProtocolError("badEnum", "RFC 4506 4.3", `${number} is no ${what.name}`);
    }
    case "struct":
      return decodeFields(what.fields, reader);
    case "union": {
      reader.enter();
      const tag = decodeJson(what.discriminant.of, reader);
      const on = resolved(what.discriminant.of);
      const number =
        on.type === "enum" ? on.members.find(({ name }) => name === tag)?.value : Number(tag);
      const arm =
        what.arms.find(({ cases }) => cases.some((one) => one === number)) ??
        what.arms.find(({ cases }) => cases.length === 0);
      if (arm === undefined) {
        throw new ProtocolError("badDiscriminant", "RFC 4506 4.15", `${what.name}: ${tag}`);
      }
      const { name, of } = arm.field;
      const rest = name === "" ? {} : { [name]: decodeJson(of, reader) };
      reader.leave();
      return { [what.discriminant.name]: tag, ...rest };
    }
  }
}

function decodeFields(
  fields: readonly { readonly name: string; readonly of: Type }[],
  reader: XdrReader,
): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  // Whatever contains itself does so through a struct or a union, be it by a pointer or an array.
  reader.enter();
  for (const { name, of } of fields) value[name] = decodeJson(of, reader);
  reader.leave();
  return value;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function numberOf(value: unknown, path: string): number {
  return typeof value === "number" ? value : wrong(path, "a number", value);
}

function listOf(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : wrong(path, "an array", value);
}

function octetsOf(value: unknown, path: string): Uint8Array {
  if (typeof value !== "string" || !/^([0-9a-fA-F]{2})*$/.test(value)) {
    return wrong(path, "octets in hex", value);
  }
  const octets = new Uint8Array(value.length / 2);
  for (let i = 0; i < octets.length; i++) {
    octets[i] = Number.parseInt(value.slice(i * 2, i * 2 + 2), 16);
  }
  return octets;
}

function wrong(path: string, expected: string, value: unknown): never {
  const found = value === undefined ? "nothing" : JSON.stringify(value);
  throw new SessionError("ERR_ARGUMENT", `${path}: expected ${expected}, found ${found}`);
}

/**
 * From the text of a `.x` file to what it means.
 *
 * @module
 */

import { check } from "./checker.ts";
import { type LexerOptions, tokenize } from "./lexer.ts";
import type { Model, NamedType, Type } from "./model.ts";
import { parse } from "./parser.ts";
import { IdlError } from "./source.ts";
import type { Definition } from "./syntax.ts";

/**
 * Reads a `.x` file.
 *
 * A type that the file does not define is looked for in the `.x` files that the C headers which it
 * includes were made from: `%#include <rpcsvc/nis.h>` leads to `rpcsvc/nis.x`, if `options.include`
 * finds it. Of such a file only what is used is taken.
 *
 * @throws {IdlError} with file, line and column, and what was expected.
 */
export function compile(file: string, text: string, options: LexerOptions = {}): Model {
  const lexed = tokenize(file, text, options);
  const own = parse(lexed);
  const constants = new Map(lexed.constants);
  const headers = [...lexed.headers];
  const foreign: Definition[] = [];
  for (;;) {
    try {
      const model = check([...foreign, ...own], constants);
      return foreign.length === 0 ? model : withoutUnused(model, own);
    } catch (error) {
      if (!(error instanceof IdlError) || error.missing === undefined) throw error;
      const more = definitionsOf(headers, file, options, constants);
      if (more === undefined) throw error;
      const known = new Set([...own, ...foreign].map(({ name }) => name));
      for (const one of more) {
        if (one.type !== "program" && !known.has(one.name)) foreign.push(one);
      }
    }
  }
}

/** The definitions behind the next header that has a `.x` file. */
function definitionsOf(
  headers: string[],
  from: string,
  options: LexerOptions,
  constants: Map<string, number>,
): Definition[] | undefined {
  for (let header = headers.shift(); header !== undefined; header = headers.shift()) {
    const name = header.replace(/\.h$/, ".x");
    const base = name.slice(name.lastIndexOf("/") + 1);
    const found = options.include?.(name, from, true) ?? options.include?.(base, from, false);
    if (found === undefined) continue;
    const lexed = tokenize(found.file, found.text, options);
    for (const [constant, value] of lexed.constants) constants.set(constant, value);
    headers.push(...lexed.headers);
    return parse(lexed);
  }
  return undefined;
}

function withoutUnused(model: Model, own: readonly Definition[]): Model {
  const names = new Set(own.map(({ name }) => name));
  const used = new Set<NamedType>();
  const use = (type: Type): void => {
    if (type.type === "reference") useNamed(type.to);
    else if ("of" in type) use(type.of);
  };
  const useNamed = (named: NamedType): void => {
    if (used.has(named)) return;
    used.add(named);
    if (named.type === "alias") use(named.of);
    else if (named.type === "struct") for (const { of } of named.fields) use(of);
    else if (named.type === "union") {
      use(named.discriminant.of);
      for (const { field } of named.arms) use(field.of);
    }
  };
  for (const named of model.types) if (names.has(named.name)) useNamed(named);
  for (const { versions } of model.programs) {
    for (const { procedures } of versions) {
      for (const procedure of procedures) [...procedure.arguments, procedure.result].forEach(use);
    }
  }
  return {
    ...model,
    constants: model.constants.filter(({ name }) => names.has(name)),
    types: model.types.filter((named) => used.has(named)),
  };
}

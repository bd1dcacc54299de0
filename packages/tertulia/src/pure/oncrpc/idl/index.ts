/**
 * The compiler of `.x` files: `tertulia/rpc/idl`.
 *
 * @module
 */

export { compile } from "./compile.ts";
export { documentModel } from "./document.ts";
export { type GenerateOptions, generate } from "./generate.ts";
export { decodeJson, encodeJson } from "./json-codec.ts";
export type { LexerOptions } from "./lexer.ts";
export type { Model, Type } from "./model.ts";
export { IdlError, type Includer, type Place } from "./source.ts";

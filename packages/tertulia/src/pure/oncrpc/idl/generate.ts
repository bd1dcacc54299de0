/**
 * TypeScript from a `.x` file: types, codecs, and for each version of a program a client, an interface
 * for its handlers, and a fake for tests.
 *
 * @module
 */

import { CodecEmitter } from "./emit-codec.ts";
import { comment, declareType, typeText } from "./emit-types.ts";
import type { Model, ProcedureModel, ProgramModel, Type, VersionModel } from "./model.ts";
import { type Names, namesOf, TAKEN } from "./names.ts";

/** What the output says of where it comes from, and what it imports. All optional. */
export interface GenerateOptions {
  /** What the output says it was made from. */
  readonly source?: string;
  /** Where the output imports the library from. Default `tertulia/xdr`. */
  readonly runtime?: string;
}

/** What generated code may import; those that are types only, apart. */
const VALUES = `badEnum badUnion checkHyper checkInt checkRange checkSize checkUhyper checkUint
  FakeCaller refuse serve`.split(/\s+/);
const TYPES = `Caller CallOptions Procedure ProgramVersion ServedProgram ServerCall XdrReader
  XdrWriter`.split(/\s+/);
const USED = new Set([...TAKEN, ...VALUES]);

/** The text of a TypeScript module. */
export function generate(model: Model, options: GenerateOptions = {}): string {
  const { source = "a .x file", runtime = "tertulia/xdr" } = options;
  const names = namesOf(model);
  const codecs = new CodecEmitter(names, model.recursive);
  const constants = model.constants.map(
    ({ name, value, comment: text }) =>
      `${comment(text)}export const ${constantName(name)}: ${JSON.stringify(value)} = ${JSON.stringify(value)};\n`,
  );
  const types = model.types.map(
    (named) => `${declareType(named, names)}${codecs.functions(named)}`,
  );
  const programs = model.programs.flatMap((program) =>
    program.versions.map((version) => programText(program, version, names, codecs)),
  );
  const body = [...constants, ...types, ...programs].join("\n");
  const used = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(body);
  const imports = [
    ...VALUES.filter(used),
    ...TYPES.filter(used).map((name) => `type ${name}`),
  ].sort();
  const head = `// Made from ${source} by "tertulia rpc generate"; change that file, not this one.\n\n`;
  const from =
    imports.length === 0
      ? "export {};\n"
      : `import {\n${imports.map((name) => `  ${name},\n`).join("")}} from ${JSON.stringify(runtime)};\n`;
  return indented(`${head}${from}\n${body}`);
}

function programText(
  program: ProgramModel,
  version: VersionModel,
  names: Names,
  codecs: CodecEmitter,
): string {
  const name = names.version(program, version);
  const value = name.charAt(0).toLowerCase() + name.slice(1);
  const of = `version ${version.number} of ${program.name}, program ${program.number}`;
  const entries = version.procedures.map((procedure) => {
    const key = names.procedure(version, procedure);
    return {
      key,
      procedure,
      argument: argumentText(procedure, names),
      result: resultText(procedure.result, names),
    };
  });
  const types = entries.map(
    ({ key, argument, result }) => `readonly ${key}: Procedure<${argument}, ${result}>;\n`,
  );
  const descriptions = entries.map(({ key, procedure }) =>
    procedureText(key, procedure, names, codecs),
  );
  const methods = entries.map(({ key, procedure, argument, result }) => {
    const { arguments: parameters } = procedure;
    const [list, passed] = parametersOf(parameters, names);
    const doc = comment(procedure.comment || `Procedure ${procedure.number}, ${procedure.name}.`);
    return `${doc}${key}(${[...list, "options?: CallOptions"].join(", ")}): Promise<${result}> {
return this.#caller.call<${argument}, ${result}>(${value}, ${value}.procedures.${key}, ${passed}, options);
}
`;
  });
  const handlers = entries.map(({ key, procedure, argument, result }) => {
    const isNull = procedure.number === 0 && argument === "void" && result === "void";
    const doc = comment(procedure.comment || `Procedure ${procedure.number}, ${procedure.name}.`);
    return `${doc}${key}${isNull ? "?" : ""}(argument: ${argument}, call: ServerCall): ${result} | Promise<${result}>;\n`;
  });
  return `/** What ${of}, consists of. */
export const ${value}: ProgramVersion & {
readonly procedures: {
${types.join("")}};
} = {
name: "${program.name} version ${version.number}",
program: ${program.number},
version: ${version.number},
procedures: {
${descriptions.join("")}},
};

${comment(version.comment || program.comment || `Calls ${of}.`)}export class ${name}Client {
readonly #caller: Caller;

constructor(caller: Caller) {
this.#caller = caller;
}

${methods.join("\n")}}

/** Who answers ${of}. */
export interface ${name}Handlers {
${handlers.join("")}}

/** Makes of handlers what a server serves. */
export function serve${name}(handlers: ${name}Handlers): ServedProgram {
return serve(${value}, ${value}.procedures, handlers);
}

/** A client for tests: calls run through the codecs to the handlers given, without a network. */
export function fake${name}(handlers: Partial<${name}Handlers> = {}): ${name}Client {
return new ${name}Client(new FakeCaller([serve(${value}, ${value}.procedures, handlers)]));
}
`;
}

function argumentText({ arguments: parameters }: ProcedureModel, names: Names): string {
  const [first, ...others] = parameters;
  if (first === undefined) return "void";
  if (others.length === 0) return typeText(first, names);
  return `readonly [${parameters.map((type) => typeText(type, names)).join(", ")}]`;
}

function resultText(result: Type, names: Names): string {
  return result.type === "void" ? "void" : typeText(result, names);
}

/** The parameters of a client's method, and what it passes on. */
function parametersOf(parameters: readonly Type[], names: Names): [string[], string] {
  const [first, ...others] = parameters;
  if (first === undefined) return [[], "undefined"];
  if (others.length === 0) return [[`argument: ${typeText(first, names)}`], "argument"];
  const list = parameters.map((type, index) => `argument${index + 1}: ${typeText(type, names)}`);
  return [list, `[${parameters.map((_, index) => `argument${index + 1}`).join(", ")}]`];
}

function procedureText(
  key: string,
  procedure: ProcedureModel,
  names: Names,
  codecs: CodecEmitter,
): string {
  const { name, number, isIdempotent, arguments: parameters, result } = procedure;
  const [first, ...others] = parameters;
  const type = argumentText(procedure, names);
  let encode = "() => {}";
  let decode = "() => undefined";
  if (first !== undefined && others.length === 0) {
    encode = encoderOf(first, names, codecs);
    decode = decoderOf(first, names, codecs);
  } else if (first !== undefined) {
    const writes = parameters.map((one, index) => codecs.encode(one, `value[${index}]`));
    encode = `(writer, value) => {\n${writes.join("\n")}\n}`;
    const out: string[] = [];
    const values = parameters.map((one) => {
      const value = codecs.decode(one, out);
      out.push(`const value${out.length} = ${value};`);
      return `value${out.length - 1}`;
    });
    decode = `(reader): ${type} => {\n${out.join("\n")}\nreturn [${values.join(", ")}];\n}`;
  }
  return `${key}: {
name: "${name}",
number: ${number},
isIdempotent: ${isIdempotent},
encodeArgument: ${encode},
decodeArgument: ${decode},
encodeResult: ${result.type === "void" ? "() => {}" : encoderOf(result, names, codecs)},
decodeResult: ${result.type === "void" ? "() => undefined" : decoderOf(result, names, codecs)},
},
`;
}

function encoderOf(type: Type, names: Names, codecs: CodecEmitter): string {
  if (type.type === "reference") return `encode${names.type(type.to)}`;
  return `(writer, value) => {\n${codecs.encode(type, "value")}\n}`;
}

function decoderOf(type: Type, names: Names, codecs: CodecEmitter): string {
  if (type.type === "reference") return `decode${names.type(type.to)}`;
  const out: string[] = [];
  const value = codecs.decode(type, out);
  return out.length === 0
    ? `(reader) => ${value}`
    : `(reader) => {\n${out.join("\n")}\nreturn ${value};\n}`;
}

/** C's constants may be named as JavaScript's words are, or as what the code around them calls. */
function constantName(name: string): string {
  return RESERVED.has(name) || USED.has(name) ? `${name}_` : name;
}

const RESERVED = new Set(
  `arguments await break catch class continue debugger delete do else eval export extends false
   finally for function if implements import in instanceof interface let new null package private
   protected public return static super this throw true try typeof var while with yield
   undefined NaN Infinity`.split(/\s+/),
);

/** Lines indented by their brackets. */
function indented(text: string): string {
  let depth = 0;
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line, index, lines) => line !== "" || (lines[index - 1] ?? "") !== "")
    .map((line) => {
      if (line === "" || line.startsWith("*"))
        return line === "" ? "" : `${"  ".repeat(depth)} ${line}`;
      if (line.startsWith("//") || line.startsWith("/**")) return `${"  ".repeat(depth)}${line}`;
      const plain = line.replace(/"(?:[^"\\]|\\.)*"/g, '""');
      const closesFirst = /^[)}\]]/.test(plain);
      // Brackets that open together on one line are one step.
      const change = Math.sign(count(plain, /[{([]/g) - count(plain, /[)}\]]/g));
      const present = closesFirst ? Math.max(depth - 1, 0) : depth + (line.startsWith("|") ? 1 : 0);
      depth = Math.max(depth + change, 0);
      return `${"  ".repeat(present)}${line}`;
    })
    .join("\n");
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

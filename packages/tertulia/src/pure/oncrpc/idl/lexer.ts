/**
 * From the text of a `.x` file to tokens: what rpcgen leaves to the C preprocessor is done here too.
 *
 * Lines that begin with `%` are C for rpcgen's output and are passed over. Comments are kept with the
 * token they belong to: they become documentation.
 *
 * @module
 */

import { evaluateCondition } from "./condition.ts";
import { IdlError, type Includer, type Place } from "./source.ts";

export interface Token {
  readonly type: "name" | "number" | "text" | "mark" | "end";
  readonly text: string;
  readonly place: Place;
  /** The comment in front of it, on lines of its own, and the one behind it on its line. */
  readonly before: string;
  after: string;
}

/** What is known before the first line is read. All optional. */
export interface LexerOptions {
  /** Names that are defined from the start. `RPC_HDR` and `RPC_TERTULIA` always are. */
  readonly defines?: Readonly<Record<string, string>>;
  /** Finds the files of `#include`. Default: they are an error. */
  readonly include?: Includer;
}

/** How deep files may include each other: deeper is a circle. */
const INCLUDES_MAX = 32;
/** How far macros may stand for each other: further is a circle. */
const MACROS_MAX = 32;
/** Tokens of a file with all that it includes; a limit for text from strangers. */
const TOKENS_MAX = 1_000_000;

const SPACE = /[ \t\r\f\v]/;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /-?(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*/y;

export interface Lexed {
  /** All tokens of a file and of what it includes; the last has type `end`. */
  readonly tokens: readonly Token[];
  /** What the lines for C say that the rest may depend on: numbers, and headers. */
  readonly constants: ReadonlyMap<string, number>;
  readonly headers: readonly string[];
}

/** @throws {IdlError} for what is no token, or a directive that makes no sense. */
export function tokenize(file: string, text: string, options: LexerOptions = {}): Lexed {
  const lexer = new Lexer(options);
  lexer.file(file, text, 0);
  return lexer.finish();
}

interface Branch {
  /** Whether text is taken now, whether some branch was taken already, and whether the outside is. */
  isTaken: boolean;
  wasTaken: boolean;
  readonly isOuterTaken: boolean;
  hasElse: boolean;
  readonly place: Place;
}

class Lexer {
  readonly #macros = new Map<string, string>();
  readonly #include: Includer | undefined;
  readonly #tokens: Token[] = [];
  readonly #constants = new Map<string, number>();
  readonly #headers: string[] = [];
  #comment = "";
  #last: Place = { file: "", line: 1, column: 1, text: "" };

  constructor({ defines = {}, include }: LexerOptions) {
    this.#macros.set("RPC_HDR", "1").set("RPC_TERTULIA", "1");
    for (const [name, value] of Object.entries(defines)) this.#macros.set(name, value);
    this.#include = include;
  }

  finish(): Lexed {
    this.#push("end", "end of file", this.#last);
    return { tokens: this.#tokens, constants: this.#constants, headers: this.#headers };
  }

  file(file: string, text: string, depth: number): void {
    const lines = text.split("\n");
    const branches: Branch[] = [];
    let isInComment = false;
    for (let index = 0; index < lines.length; index++) {
      const first = index;
      let line = lines[index] ?? "";
      const place = (column: number): Place => ({
        file,
        line: first + 1,
        column: column + 1,
        text: (lines[first] ?? "").trimEnd(),
      });
      this.#last = place(line.length);
      const isTaken = branches.at(-1)?.isTaken ?? true;
      if (!isInComment && /^[ \t]*#/.test(line)) {
        while (line.trimEnd().endsWith("\\") && index + 1 < lines.length) {
          line = `${line.trimEnd().slice(0, -1)} ${lines[++index]}`;
        }
        // A comment that begins behind a directive may go on.
        isInComment = this.#directive(line, place, branches, depth);
        continue;
      }
      if (!isInComment && line.startsWith("%")) {
        while (line.trimEnd().endsWith("\\") && index + 1 < lines.length) {
          line = `${line.trimEnd().slice(0, -1)} ${lines[++index]}`;
        }
        if (isTaken) this.#passThrough(line.slice(1));
        continue;
      }
      // A comment with an empty line behind it is about the file, not about what comes next.
      if (!isInComment && line.trim() === "") this.#comment = "";
      isInComment = this.#line(line, place, isInComment, isTaken);
    }
    const open = branches.at(-1);
    if (open !== undefined) throw new IdlError(open.place, "this conditional has no #endif");
    if (isInComment) throw new IdlError(this.#last, "the file ends inside a comment");
  }

  /** A line for C's compiler. Types and sizes in the file may come from what it defines or includes. */
  #passThrough(line: string): void {
    const [, name, value] =
      /^#\s*define\s+([A-Za-z_]\w*)\s+([\w\s()+*-]+)$/.exec(line.trim()) ?? [];
    if (name !== undefined && value !== undefined) {
      const known = new Map([...this.#constants].map(([key, number]) => [key, String(number)]));
      const names = value.match(/\b[A-Za-z_]\w*/g) ?? [];
      // C's own arithmetic, if it is only that; a macro of another kind is none of our business.
      if (names.every((one) => known.has(one)) && /^[\w(]+(\s*[-+*]\s*[\w()]+)*\s*$/.test(value)) {
        try {
          this.#constants.set(name, evaluateCondition(value, known, this.#last));
        } catch {
          // Brackets that do not match, say: not a number, then.
        }
      }
    }
    const [, header] = /^#\s*include\s+["<]([^">]+)[">]/.exec(line) ?? [];
    if (header !== undefined) this.#headers.push(header);
  }

  /** Takes one line; returns whether a comment goes on after it. */
  #line(
    line: string,
    place: (column: number) => Place,
    wasInComment: boolean,
    isTaken: boolean,
  ): boolean {
    let at = 0;
    let isFirst = true;
    const comment = (text: string): void => {
      if (!isTaken) return;
      const last = this.#tokens.at(-1);
      const isBehind = !isFirst && last !== undefined && !wasInComment;
      if (isBehind) last.after = join(last.after, text);
      else this.#comment = join(this.#comment, text);
    };
    if (wasInComment) {
      const end = line.indexOf("*/");
      if (end < 0) {
        comment(line);
        return true;
      }
      comment(line.slice(0, end));
      at = end + 2;
    }
    while (at < line.length) {
      const char = line[at] ?? "";
      if (SPACE.test(char)) {
        at += 1;
      } else if (line.startsWith("/*", at)) {
        const end = line.indexOf("*/", at + 2);
        comment(line.slice(at + 2, end < 0 ? undefined : end));
        if (end < 0) return true;
        at = end + 2;
      } else if (line.startsWith("//", at)) {
        comment(line.slice(at + 2));
        return false;
      } else {
        isFirst = false;
        at = isTaken ? this.#token(line, at, place(at), 0) : at + 1;
      }
    }
    return false;
  }

  /** Takes the token at that place and returns where it ends. */
  #token(line: string, at: number, place: Place, depth: number): number {
    NAME.lastIndex = at;
    const name = NAME.exec(line)?.[0];
    if (name !== undefined) {
      const replacement = this.#macros.get(name);
      // What `-D` or `#define` gives no text is only there to be asked for.
      if (replacement === undefined || replacement === "" || /^RPC_/.test(name)) {
        this.#push("name", name, place);
      } else this.#replace(replacement, place, depth);
      return at + name.length;
    }
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(line)?.[0];
    if (number !== undefined) {
      if (/^-?0[0-9]*[89]/.test(number)) throw new IdlError(place, `${number} is not octal`);
      this.#push("number", number.replace(/[uUlL]+$/, ""), place);
      return at + number.length;
    }
    const char = line[at] ?? "";
    if (char === '"') {
      const end = line.indexOf('"', at + 1);
      if (end < 0) throw new IdlError(place, "this text has no end on its line");
      this.#push("text", line.slice(at + 1, end), place);
      return end + 1;
    }
    const quoted = /'(\\?.)'/y;
    quoted.lastIndex = at;
    const character = quoted.exec(line);
    if (character?.[1] !== undefined) {
      this.#push("number", String(character[1].charCodeAt(character[1].length - 1)), place);
      return at + character[0].length;
    }
    if ("{}()[]<>;:,=*".includes(char)) {
      this.#push("mark", char, place);
      return at + 1;
    }
    throw new IdlError(place, `${JSON.stringify(char)} is not in the language`);
  }

  #replace(replacement: string, place: Place, depth: number): void {
    if (depth >= MACROS_MAX) throw new IdlError(place, "this macro stands for itself");
    let at = 0;
    while (at < replacement.length) {
      if (SPACE.test(replacement[at] ?? "")) at += 1;
      else at = this.#token(replacement, at, place, depth + 1);
    }
  }

  #push(type: Token["type"], text: string, place: Place): void {
    if (this.#tokens.length >= TOKENS_MAX) {
      throw new IdlError(place, `more than ${TOKENS_MAX} tokens`);
    }
    this.#tokens.push({ type, text, place, before: tidy(this.#comment), after: "" });
    this.#comment = "";
  }

  /** Does what a `#` line says; returns whether a comment goes on after it. */
  #directive(
    line: string,
    place: (column: number) => Place,
    branches: Branch[],
    depth: number,
  ): boolean {
    const plain = line.replace(/\/\*.*?\*\//g, " ").replace(/\/\/.*$/, "");
    const open = plain.indexOf("/*");
    const [, indent = "", name = "", rest = ""] =
      /^([ \t]*#[ \t]*)([a-z]*)(.*)$/s.exec(open < 0 ? plain : plain.slice(0, open)) ?? [];
    const here = place(indent.length);
    const text = rest.trim();
    const isTaken = branches.at(-1)?.isTaken ?? true;
    const branch = branches.at(-1);
    switch (name) {
      case "if":
      case "ifdef":
      case "ifndef": {
        const isTrue = isTaken && this.#isTrue(name, text, here);
        branches.push({
          isTaken: isTrue,
          wasTaken: isTrue,
          isOuterTaken: isTaken,
          hasElse: false,
          place: here,
        });
        break;
      }
      case "elif":
      case "else": {
        if (branch === undefined || branch.hasElse)
          throw new IdlError(here, `#${name} without #if`);
        branch.hasElse = name === "else";
        branch.isTaken =
          branch.isOuterTaken &&
          !branch.wasTaken &&
          (name === "else" || this.#isTrue("if", text, here));
        branch.wasTaken ||= branch.isTaken;
        break;
      }
      case "endif":
        if (branches.pop() === undefined) throw new IdlError(here, "#endif without #if");
        break;
      default:
        if (isTaken) this.#action(name, text, here, depth);
    }
    return open >= 0;
  }

  #action(name: string, text: string, here: Place, depth: number): void {
    switch (name) {
      case "define": {
        const [, macro, bracket, value = ""] = /^([A-Za-z_]\w*)(\()?(.*)$/s.exec(text) ?? [];
        if (macro === undefined) throw new IdlError(here, "expected a name to define");
        if (bracket !== undefined) {
          throw new IdlError(here, `${macro}: macros with parameters are not supported`);
        }
        this.#macros.set(macro, value.trim());
        return;
      }
      case "undef":
        this.#macros.delete(text);
        return;
      case "include": {
        const [, quoted, angled] = /^(?:"([^"]+)"|<([^>]+)>)$/.exec(text) ?? [];
        const wanted = quoted ?? angled;
        if (wanted === undefined)
          throw new IdlError(here, "expected the name of a file to include");
        if (depth >= INCLUDES_MAX) throw new IdlError(here, "this file includes itself");
        const found = this.#include?.(wanted, here.file, angled !== undefined);
        if (found === undefined) throw new IdlError(here, `cannot find ${wanted}`);
        this.file(found.file, found.text, depth + 1);
        return;
      }
      case "error":
        throw new IdlError(here, `#error ${text}`);
      case "":
      case "ident":
      case "line":
      case "pragma":
      case "warning":
        return;
      default:
        throw new IdlError(here, `#${name} is no directive`);
    }
  }

  #isTrue(kind: string, text: string, here: Place): boolean {
    if (kind === "if") return evaluateCondition(text, this.#macros, here) !== 0;
    const name = /^[A-Za-z_]\w*/.exec(text)?.[0];
    if (name === undefined) throw new IdlError(here, "expected a name");
    return this.#macros.has(name) === (kind === "ifdef");
  }
}

function join(one: string, other: string): string {
  return one === "" ? other : `${one}\n${other}`;
}

/** A comment without its stars and margins. */
function tidy(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\*+ ?/, "").trim())
    .join("\n")
    .trim();
}

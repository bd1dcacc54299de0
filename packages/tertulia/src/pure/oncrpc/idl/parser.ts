/**
 * The grammar of `.x` files: RFC 4506 6, RFC 5531 12.2, and what rpcgen accepts besides.
 *
 * @module
 */

import type { Lexed, Token } from "./lexer.ts";
import { IdlError, type Place } from "./source.ts";
import type {
  Arm,
  BaseType,
  Declaration,
  Definition,
  ProcedureSyntax,
  TypeSyntax,
  Value,
  VersionSyntax,
} from "./syntax.ts";

/** @throws {IdlError} at the first thing that is not in the language. */
export function parse(lexed: Lexed): Definition[] {
  return new Parser(lexed.tokens).file();
}

const KEYWORDS = new Set(
  `bool case char const default double enum float hyper int long opaque program quadruple short
   string struct switch typedef union unsigned version void`.split(/\s+/),
);
/** How deep a type may stand within a type: deeper would be too much for the stack. */
const NESTING_MAX = 100;

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #definitions: Definition[] = [];
  #nesting = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  file(): Definition[] {
    while (this.#token.type !== "end") {
      if (this.#accept(";")) continue;
      this.#definition();
    }
    return this.#definitions;
  }

  #definition(): void {
    const { text, place, before } = this.#token;
    switch (text) {
      case "const":
        this.#constant();
        return;
      case "typedef":
        this.#next();
        this.#typedef(before);
        return;
      case "enum":
      case "struct":
      case "union":
        this.#next();
        this.#compound(text, undefined, before);
        this.#end();
        return;
      case "program":
        this.#program();
        return;
    }
    throw new IdlError(
      place,
      `expected const, typedef, enum, struct, union or program, found ${show(this.#token)}`,
    );
  }

  #constant(): void {
    const { before } = this.#next();
    const { text: name, place } = this.#name("the name of a constant");
    this.#expect("=");
    const { type, text } = this.#token;
    const value = type === "text" ? { string: text } : this.#value();
    if (type === "text") this.#next();
    const comment = this.#end(before);
    this.#definitions.push({ type: "const", name, value, place, comment });
  }

  #typedef(before: string): void {
    const declaration = this.#declaration(undefined);
    if (declaration.name === "") {
      throw new IdlError(declaration.place, "expected a name for the type");
    }
    const comment = this.#end(before);
    const { name, of, form, place } = declaration;
    // `typedef struct x x;` is C's way to leave out "struct"; here it is left out anyway.
    if (of.type === "name" && of.name === name && form === "plain") return;
    this.#definitions.push({ type: "typedef", name, declaration, place, comment });
  }

  /** An enum, struct or union behind its keyword; returns its name. */
  #compound(kind: string, inlineName: string | undefined, comment: string): string {
    if (++this.#nesting > NESTING_MAX) {
      throw new IdlError(this.#token.place, `types are nested more than ${NESTING_MAX} deep`);
    }
    const { place } = this.#token;
    const name = this.#isName() ? this.#next().text : inlineName;
    if (name === undefined) {
      throw new IdlError(place, `expected the name of the ${kind}, found ${show(this.#token)}`);
    }
    if (kind === "enum") {
      const members = this.#members();
      this.#definitions.push({ type: "enum", name, members, place, comment });
    } else if (kind === "struct") {
      const fields = this.#fields(name);
      this.#definitions.push({ type: "struct", name, fields, place, comment });
    } else {
      const { discriminant, arms } = this.#union(name);
      this.#definitions.push({ type: "union", name, discriminant, arms, place, comment });
    }
    this.#nesting -= 1;
    return name;
  }

  #members(): (Definition & { type: "enum" })["members"] {
    const members: {
      name: string;
      value: Value | undefined;
      place: Place;
      comment: string;
    }[] = [];
    this.#expect("{");
    do {
      // C's habit of a comma behind the last one.
      if (members.length > 0 && this.#token.text === "}") break;
      const { text: name, place, before } = this.#name("the name of an enum's member");
      const value = this.#accept("=") ? this.#value() : undefined;
      const last = this.#token.text === "," ? this.#token : this.#previous;
      members.push({ name, value, place, comment: before || tidyAfter(last.after) });
    } while (this.#accept(","));
    this.#expect("}");
    return members;
  }

  #fields(owner: string): Declaration[] {
    const fields: Declaration[] = [];
    this.#expect("{");
    while (!this.#accept("}")) {
      const { before } = this.#token;
      const field = this.#declaration(owner);
      if (field.of.type === "base" && field.of.base === "void" && field.form === "plain") {
        throw new IdlError(field.place, "a struct has no void fields");
      }
      if (field.name === "") throw new IdlError(this.#token.place, "expected the field's name");
      fields.push({ ...field, comment: this.#end(before) });
    }
    return fields;
  }

  #union(owner: string): { discriminant: Declaration; arms: Arm[] } {
    this.#keyword("switch");
    this.#expect("(");
    const discriminant = this.#declaration(owner);
    if (discriminant.name === "" || discriminant.form !== "plain") {
      throw new IdlError(discriminant.place, "expected a plain type and a name to switch on");
    }
    this.#expect(")");
    this.#expect("{");
    const arms: Arm[] = [];
    while (!this.#accept("}")) {
      const { before } = this.#token;
      const cases: Value[] = [];
      if (this.#acceptKeyword("default")) this.#expect(":");
      else {
        do {
          this.#keyword("case");
          cases.push(this.#value());
          this.#expect(":");
        } while (this.#token.text === "case");
      }
      const declaration = this.#declaration(owner);
      if (declaration.name === "" && !isVoid(declaration)) {
        throw new IdlError(this.#token.place, "expected the arm's name");
      }
      arms.push({ cases, declaration: { ...declaration, comment: this.#end(before) } });
    }
    return { discriminant, arms };
  }

  /**
   * A type and, if there is one, a name; what RFC 4506 6.3 calls a declaration.
   *
   * @param owner - The type it stands in, from which a struct without a name takes one.
   */
  #declaration(owner: string | undefined): Declaration {
    const { place, before } = this.#token;
    const inline = ["enum", "struct", "union"].includes(this.#token.text);
    if (inline) return this.#inlineDeclaration(owner, before);
    const of = this.#type();
    return this.#declarator(of, place);
  }

  #declarator(of: TypeSyntax, place: Place): Declaration {
    const comment = "";
    const isOptional = this.#accept("*");
    const name = this.#isName() ? this.#next().text : "";
    if (isOptional) return { name, of, form: "optional", place, comment };
    if (this.#accept("[")) {
      const bound = this.#value();
      this.#expect("]");
      return { name, of, form: "fixed", bound, place, comment };
    }
    if (this.#accept("<")) {
      const bound = this.#token.text === ">" ? undefined : this.#value();
      this.#expect(">");
      return { name, of, form: "variable", ...(bound && { bound }), place, comment };
    }
    return { name, of, form: "plain", place, comment };
  }

  /** `struct name x`, `struct { … } x` and `typedef enum { … } x`. */
  #inlineDeclaration(owner: string | undefined, before: string): Declaration {
    const { text: kind, place } = this.#next();
    const second = this.#tokens[this.#at + 1];
    const isReference = this.#isName() && second?.text !== "{" && second?.text !== "switch";
    if (isReference) {
      const { text: name, place: namePlace } = this.#name(`the name of a ${kind}`);
      return this.#declarator({ type: "name", name, place: namePlace }, place);
    }
    // The name stands behind the body: `Outer_field`, or for a typedef the type's own.
    const provisional = `${kind} at ${place.file}:${place.line}:${place.column}`;
    const index = this.#definitions.length;
    const made = this.#compound(kind, provisional, before);
    const declared = this.#declarator({ type: "name", name: made, place }, place);
    if (made !== provisional) return declared;
    const isAlias = owner === undefined && declared.form === "plain";
    const proper = isAlias ? declared.name : `${owner ?? declared.name}_${declared.name || kind}`;
    const body = this.#definitions.findIndex(({ name }, i) => i >= index && name === provisional);
    const definition = this.#definitions[body];
    if (definition !== undefined) this.#definitions[body] = { ...definition, name: proper };
    return { ...declared, of: { type: "name", name: proper, place } };
  }

  #type(): TypeSyntax {
    const { text, place } = this.#token;
    const base = (name: BaseType): TypeSyntax => ({ type: "base", base: name, place });
    if (this.#token.type === "name" && !KEYWORDS.has(text)) {
      this.#next();
      return { type: "name", name: text, place };
    }
    if (this.#token.type !== "name") {
      throw new IdlError(place, `expected a type, found ${show(this.#token)}`);
    }
    this.#next();
    switch (text) {
      case "unsigned": {
        const which = this.#token.text;
        if (which === "long" && this.#next() && this.#acceptKeyword("long")) return base("uhyper");
        if (["int", "short", "char", "hyper"].includes(which)) this.#next();
        if (which === "long" || which === "short") this.#acceptKeyword("int");
        if (which === "hyper") return base("uhyper");
        return base(which === "short" ? "ushort" : which === "char" ? "uchar" : "uint");
      }
      case "long":
        if (this.#acceptKeyword("long")) return base("hyper");
        this.#acceptKeyword("int");
        return base("int");
      case "short":
        this.#acceptKeyword("int");
        return base("short");
      case "int":
      case "char":
      case "hyper":
      case "float":
      case "double":
      case "quadruple":
      case "bool":
      case "void":
      case "opaque":
      case "string":
        return base(text);
    }
    throw new IdlError(place, `expected a type, found ${text}`);
  }

  #program(): void {
    const { before } = this.#next();
    const { text: name, place } = this.#name("the name of a program");
    this.#expect("{");
    const versions: VersionSyntax[] = [];
    do versions.push(this.#version());
    while (!this.#accept("}"));
    this.#expect("=");
    const number = this.#value();
    const comment = this.#end(before);
    this.#definitions.push({ type: "program", name, number, versions, place, comment });
  }

  #version(): VersionSyntax {
    const { before } = this.#token;
    this.#keyword("version");
    const { text: name, place } = this.#name("the name of a version");
    this.#expect("{");
    const procedures: ProcedureSyntax[] = [];
    do procedures.push(this.#procedure());
    while (!this.#accept("}"));
    this.#expect("=");
    const number = this.#value();
    const comment = this.#end(before);
    return { name, number, procedures, place, comment };
  }

  #procedure(): ProcedureSyntax {
    const { before } = this.#token;
    const result = this.#procedureType();
    const { text: name, place } = this.#name("the name of a procedure");
    this.#expect("(");
    const all: Declaration[] = [];
    if (!this.#accept(")")) {
      do all.push(this.#declaration(name));
      while (this.#accept(","));
      this.#expect(")");
    }
    this.#expect("=");
    const number = this.#value();
    const comment = this.#end(before);
    const parameters = all.length === 1 && all[0] && isVoid(all[0]) ? [] : all;
    const isIdempotent = /@idempotent\b/.test(comment);
    const text = comment.replace(/\s*@idempotent\b\s*/, " ").trim();
    return { name, number, result, arguments: parameters, isIdempotent, place, comment: text };
  }

  /** A result's type: it has no name, so that what follows is the procedure's. */
  #procedureType(): Declaration {
    const { place } = this.#token;
    if (["enum", "struct", "union"].includes(this.#token.text)) this.#next();
    const of = this.#type();
    const form = this.#accept("*") ? "optional" : "plain";
    return { name: "", of, form, place, comment: "" };
  }

  #value(): Value {
    const { type, text, place } = this.#token;
    if (type === "number" || (type === "name" && !KEYWORDS.has(text))) {
      this.#next();
      return { text, isName: type === "name", place };
    }
    throw new IdlError(place, `expected a number or a constant, found ${show(this.#token)}`);
  }

  get #token(): Token {
    // The last token is `end`, and nothing goes past it.
    return this.#tokens[this.#at] as Token;
  }

  get #previous(): Token {
    return this.#tokens[Math.max(this.#at - 1, 0)] as Token;
  }

  #next(): Token {
    const token = this.#token;
    if (token.type !== "end") this.#at += 1;
    return token;
  }

  #isName(): boolean {
    return this.#token.type === "name" && !KEYWORDS.has(this.#token.text);
  }

  #name(what: string): Token {
    if (this.#isName()) return this.#next();
    throw new IdlError(this.#token.place, `expected ${what}, found ${show(this.#token)}`);
  }

  #accept(mark: string): boolean {
    if (this.#token.type !== "mark" || this.#token.text !== mark) return false;
    this.#at += 1;
    return true;
  }

  #expect(mark: string): void {
    if (this.#accept(mark)) return;
    throw new IdlError(this.#token.place, `expected "${mark}", found ${show(this.#token)}`);
  }

  #acceptKeyword(word: string): boolean {
    if (this.#token.type !== "name" || this.#token.text !== word) return false;
    this.#at += 1;
    return true;
  }

  #keyword(word: string): void {
    if (this.#acceptKeyword(word)) return;
    throw new IdlError(this.#token.place, `expected ${word}, found ${show(this.#token)}`);
  }

  /** The semicolon; returns the comment of what it ends. */
  #end(before = ""): string {
    this.#expect(";");
    return before || tidyAfter(this.#previous.after);
  }
}

function isVoid({ of, form }: Declaration): boolean {
  return of.type === "base" && of.base === "void" && form === "plain";
}

function tidyAfter(comment: string): string {
  return comment.replace(/\s*\n\s*\*?\s*/g, " ").trim();
}

function show({ type, text }: Token): string {
  return type === "end" ? text : JSON.stringify(text);
}

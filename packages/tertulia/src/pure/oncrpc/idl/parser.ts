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
import { KEYWORDS, show, TokenCursor, tidyAfter } from "./token-cursor.ts";

/** @throws {IdlError} at the first thing that is not in the language. */
export function parse(lexed: Lexed): Definition[] {
  return new Parser(lexed.tokens).file();
}

/** How deep a type may stand within a type: deeper would be too much for the stack. */
const NESTING_MAX = 100;

class Parser {
  readonly #cursor: TokenCursor;
  #definitions: Definition[] = [];
  #nesting = 0;

  constructor(tokens: readonly Token[]) {
    this.#cursor = new TokenCursor(tokens);
  }

  file(): Definition[] {
    while (this.#cursor.token.type !== "end") {
      if (this.#cursor.accept(";")) continue;
      this.#definition();
    }
    return this.#definitions;
  }

  #definition(): void {
    const { text, place, before } = this.#cursor.token;
    switch (text) {
      case "const":
        this.#constant();
        return;
      case "typedef":
        this.#cursor.next();
        this.#typedef(before);
        return;
      case "enum":
      case "struct":
      case "union":
        this.#cursor.next();
        this.#compound(text, undefined, before);
        this.#cursor.end();
        return;
      case "program":
        this.#program();
        return;
    }
    throw new IdlError(
      place,
      `expected const, typedef, enum, struct, union or program, found ${show(this.#cursor.token)}`,
    );
  }

  #constant(): void {
    const { before } = this.#cursor.next();
    const { text: name, place } = this.#cursor.name("the name of a constant");
    this.#cursor.expect("=");
    const { type, text } = this.#cursor.token;
    const value = type === "text" ? { string: text } : this.#value();
    if (type === "text") this.#cursor.next();
    const comment = this.#cursor.end(before);
    this.#definitions.push({ type: "const", name, value, place, comment });
  }

  #typedef(before: string): void {
    const declaration = this.#declaration(undefined);
    if (declaration.name === "") {
      throw new IdlError(declaration.place, "expected a name for the type");
    }
    const comment = this.#cursor.end(before);
    const { name, of, form, place } = declaration;
    // `typedef struct x x;` is C's way to leave out "struct"; here it is left out anyway.
    if (of.type === "name" && of.name === name && form === "plain") return;
    this.#definitions.push({ type: "typedef", name, declaration, place, comment });
  }

  /** An enum, struct or union behind its keyword; returns its name. */
  #compound(kind: string, inlineName: string | undefined, comment: string): string {
    if (++this.#nesting > NESTING_MAX) {
      throw new IdlError(
        this.#cursor.token.place,
        `types are nested more than ${NESTING_MAX} deep`,
      );
    }
    const { place } = this.#cursor.token;
    const name = this.#cursor.isName() ? this.#cursor.next().text : inlineName;
    if (name === undefined) {
      throw new IdlError(
        place,
        `expected the name of the ${kind}, found ${show(this.#cursor.token)}`,
      );
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
    this.#cursor.expect("{");
    do {
      // C's habit of a comma behind the last one.
      if (members.length > 0 && this.#cursor.token.text === "}") break;
      const { text: name, place, before } = this.#cursor.name("the name of an enum's member");
      const value = this.#cursor.accept("=") ? this.#value() : undefined;
      const last = this.#cursor.token.text === "," ? this.#cursor.token : this.#cursor.previous;
      members.push({ name, value, place, comment: before || tidyAfter(last.after) });
    } while (this.#cursor.accept(","));
    this.#cursor.expect("}");
    return members;
  }

  #fields(owner: string): Declaration[] {
    const fields: Declaration[] = [];
    this.#cursor.expect("{");
    while (!this.#cursor.accept("}")) {
      const { before } = this.#cursor.token;
      const field = this.#declaration(owner);
      if (field.of.type === "base" && field.of.base === "void" && field.form === "plain") {
        throw new IdlError(field.place, "a struct has no void fields");
      }
      if (field.name === "")
        throw new IdlError(this.#cursor.token.place, "expected the field's name");
      fields.push({ ...field, comment: this.#cursor.end(before) });
    }
    return fields;
  }

  #union(owner: string): { discriminant: Declaration; arms: Arm[] } {
    this.#cursor.keyword("switch");
    this.#cursor.expect("(");
    const discriminant = this.#declaration(owner);
    if (discriminant.name === "" || discriminant.form !== "plain") {
      throw new IdlError(discriminant.place, "expected a plain type and a name to switch on");
    }
    this.#cursor.expect(")");
    this.#cursor.expect("{");
    const arms: Arm[] = [];
    while (!this.#cursor.accept("}")) {
      const { before } = this.#cursor.token;
      const cases: Value[] = [];
      if (this.#cursor.acceptKeyword("default")) this.#cursor.expect(":");
      else {
        do {
          this.#cursor.keyword("case");
          cases.push(this.#value());
          this.#cursor.expect(":");
        } while (this.#cursor.token.text === "case");
      }
      const declaration = this.#declaration(owner);
      if (declaration.name === "" && !isVoid(declaration)) {
        throw new IdlError(this.#cursor.token.place, "expected the arm's name");
      }
      arms.push({ cases, declaration: { ...declaration, comment: this.#cursor.end(before) } });
    }
    return { discriminant, arms };
  }

  /**
   * A type and, if there is one, a name; what RFC 4506 6.3 calls a declaration.
   *
   * @param owner - The type it stands in, from which a struct without a name takes one.
   */
  #declaration(owner: string | undefined): Declaration {
    const { place, before } = this.#cursor.token;
    const inline = ["enum", "struct", "union"].includes(this.#cursor.token.text);
    if (inline) return this.#inlineDeclaration(owner, before);
    const of = this.#type();
    return this.#declarator(of, place);
  }

  #declarator(of: TypeSyntax, place: Place): Declaration {
    const comment = "";
    const isOptional = this.#cursor.accept("*");
    const name = this.#cursor.isName() ? this.#cursor.next().text : "";
    if (isOptional) return { name, of, form: "optional", place, comment };
    if (this.#cursor.accept("[")) {
      const bound = this.#value();
      this.#cursor.expect("]");
      return { name, of, form: "fixed", bound, place, comment };
    }
    if (this.#cursor.accept("<")) {
      const bound = this.#cursor.token.text === ">" ? undefined : this.#value();
      this.#cursor.expect(">");
      return { name, of, form: "variable", ...(bound && { bound }), place, comment };
    }
    return { name, of, form: "plain", place, comment };
  }

  /** `struct name x`, `struct { … } x` and `typedef enum { … } x`. */
  #inlineDeclaration(owner: string | undefined, before: string): Declaration {
    const { text: kind, place } = this.#cursor.next();
    const second = this.#cursor.following;
    const isReference = this.#cursor.isName() && second?.text !== "{" && second?.text !== "switch";
    if (isReference) {
      const { text: name, place: namePlace } = this.#cursor.name(`the name of a ${kind}`);
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
    const { text, place } = this.#cursor.token;
    const base = (name: BaseType): TypeSyntax => ({ type: "base", base: name, place });
    if (this.#cursor.token.type === "name" && !KEYWORDS.has(text)) {
      this.#cursor.next();
      return { type: "name", name: text, place };
    }
    if (this.#cursor.token.type !== "name") {
      throw new IdlError(place, `expected a type, found ${show(this.#cursor.token)}`);
    }
    this.#cursor.next();
    switch (text) {
      case "unsigned": {
        const which = this.#cursor.token.text;
        if (which === "long" && this.#cursor.next() && this.#cursor.acceptKeyword("long"))
          return base("uhyper");
        if (["int", "short", "char", "hyper"].includes(which)) this.#cursor.next();
        if (which === "long" || which === "short") this.#cursor.acceptKeyword("int");
        if (which === "hyper") return base("uhyper");
        return base(which === "short" ? "ushort" : which === "char" ? "uchar" : "uint");
      }
      case "long":
        if (this.#cursor.acceptKeyword("long")) return base("hyper");
        this.#cursor.acceptKeyword("int");
        return base("int");
      case "short":
        this.#cursor.acceptKeyword("int");
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
    const { before } = this.#cursor.next();
    const { text: name, place } = this.#cursor.name("the name of a program");
    this.#cursor.expect("{");
    const versions: VersionSyntax[] = [];
    do versions.push(this.#version());
    while (!this.#cursor.accept("}"));
    this.#cursor.expect("=");
    const number = this.#value();
    const comment = this.#cursor.end(before);
    this.#definitions.push({ type: "program", name, number, versions, place, comment });
  }

  #version(): VersionSyntax {
    const { before } = this.#cursor.token;
    this.#cursor.keyword("version");
    const { text: name, place } = this.#cursor.name("the name of a version");
    this.#cursor.expect("{");
    const procedures: ProcedureSyntax[] = [];
    do procedures.push(this.#procedure());
    while (!this.#cursor.accept("}"));
    this.#cursor.expect("=");
    const number = this.#value();
    const comment = this.#cursor.end(before);
    return { name, number, procedures, place, comment };
  }

  #procedure(): ProcedureSyntax {
    const { before } = this.#cursor.token;
    const result = this.#procedureType();
    const { text: name, place } = this.#cursor.name("the name of a procedure");
    this.#cursor.expect("(");
    const all: Declaration[] = [];
    if (!this.#cursor.accept(")")) {
      do all.push(this.#declaration(name));
      while (this.#cursor.accept(","));
      this.#cursor.expect(")");
    }
    this.#cursor.expect("=");
    const number = this.#value();
    const comment = this.#cursor.end(before);
    const parameters = all.length === 1 && all[0] && isVoid(all[0]) ? [] : all;
    const isIdempotent = /@idempotent\b/.test(comment);
    const text = comment.replace(/\s*@idempotent\b\s*/, " ").trim();
    return { name, number, result, arguments: parameters, isIdempotent, place, comment: text };
  }

  /** A result's type: it has no name, so that what follows is the procedure's. */
  #procedureType(): Declaration {
    const { place } = this.#cursor.token;
    if (["enum", "struct", "union"].includes(this.#cursor.token.text)) this.#cursor.next();
    const of = this.#type();
    const form = this.#cursor.accept("*") ? "optional" : "plain";
    return { name: "", of, form, place, comment: "" };
  }

  #value(): Value {
    const { type, text, place } = this.#cursor.token;
    if (type === "number" || (type === "name" && !KEYWORDS.has(text))) {
      this.#cursor.next();
      return { text, isName: type === "name", place };
    }
    throw new IdlError(place, `expected a number or a constant, found ${show(this.#cursor.token)}`);
  }
}

function isVoid({ of, form }: Declaration): boolean {
  return of.type === "base" && of.base === "void" && form === "plain";
}

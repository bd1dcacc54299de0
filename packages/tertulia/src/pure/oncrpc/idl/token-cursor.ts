/**
 * A cursor over the tokens of a `.x` file, for the parser: what is next, and what has to be.
 *
 * @module
 */

import type { Token } from "./lexer.ts";
import { IdlError } from "./source.ts";

export const KEYWORDS: ReadonlySet<string> = new Set(
  `bool case char const default double enum float hyper int long opaque program quadruple short
   string struct switch typedef union unsigned version void`.split(/\s+/),
);

export class TokenCursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  /** @param tokens - The last one is `end`. */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The token that is next. */
  get token(): Token {
    // The last token is `end`, and nothing goes past it.
    return this.#tokens[this.#at] as Token;
  }

  /** The token behind the next one. */
  get following(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  get previous(): Token {
    return this.#tokens[Math.max(this.#at - 1, 0)] as Token;
  }

  next(): Token {
    const token = this.token;
    if (token.type !== "end") this.#at += 1;
    return token;
  }

  isName(): boolean {
    return this.token.type === "name" && !KEYWORDS.has(this.token.text);
  }

  /** A name that is no keyword. */
  name(what: string): Token {
    if (this.isName()) return this.next();
    throw new IdlError(this.token.place, `expected ${what}, found ${show(this.token)}`);
  }

  /** Goes past a mark, if it is next. */
  accept(mark: string): boolean {
    if (this.token.type !== "mark" || this.token.text !== mark) return false;
    this.#at += 1;
    return true;
  }

  expect(mark: string): void {
    if (this.accept(mark)) return;
    throw new IdlError(this.token.place, `expected "${mark}", found ${show(this.token)}`);
  }

  acceptKeyword(word: string): boolean {
    if (this.token.type !== "name" || this.token.text !== word) return false;
    this.#at += 1;
    return true;
  }

  keyword(word: string): void {
    if (this.acceptKeyword(word)) return;
    throw new IdlError(this.token.place, `expected ${word}, found ${show(this.token)}`);
  }

  /** The semicolon; returns the comment of what it ends. */
  end(before = ""): string {
    this.expect(";");
    return before || tidyAfter(this.previous.after);
  }
}

/** A comment behind a thing, on one line. */
export function tidyAfter(comment: string): string {
  return comment.replace(/\s*\n\s*\*?\s*/g, " ").trim();
}

/** A token as messages name it. */
export function show({ type, text }: Token): string {
  return type === "end" ? text : JSON.stringify(text);
}

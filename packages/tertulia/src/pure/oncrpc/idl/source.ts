/**
 * Places in `.x` files, and errors that point at them.
 *
 * @module
 */

import { SessionError } from "../../errors.ts";

/** Where something stands: line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The whole line, for the message. */
  readonly text: string;
}

/** A `.x` file that is not in the language. `code` is `ERR_ARGUMENT`. */
export class IdlError extends SessionError {
  override readonly name = "IdlError";
  readonly place: Place;
  /** The type or constant that the file uses and does not define, if that is what is wrong. */
  readonly missing: string | undefined;

  constructor(place: Place, problem: string, missing?: string) {
    const { file, line, column, text } = place;
    // Tabs stay tabs in front of the caret, so that it stands under the column in any terminal.
    const margin = text.slice(0, column - 1).replace(/[^\t]/g, " ");
    super("ERR_ARGUMENT", `${file}:${line}:${column}: ${problem}\n    ${text}\n    ${margin}^`);
    this.place = place;
    this.missing = missing;
  }
}

/**
 * Finds the text of an included file.
 *
 * @param isSystem - Whether it stood in `<>`.
 * @returns its name for messages and its text, or `undefined` when there is none.
 */
export type Includer = (
  name: string,
  from: string,
  isSystem: boolean,
) => { readonly file: string; readonly text: string } | undefined;

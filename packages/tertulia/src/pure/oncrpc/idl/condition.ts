/**
 * The conditions of `#if`: integers, `defined`, and C's operators.
 *
 * @module
 */

import { IdlError, type Place } from "./source.ts";

const TOKEN = /\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|\|\||&&|[=!<>]=|[-+*/%!<>()])/y;
const PRECEDENCE: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 4,
  ">": 4,
  "<=": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "%": 6,
};

/** The value of a condition. A name that is not defined is 0, as in C. */
export function evaluateCondition(
  text: string,
  macros: ReadonlyMap<string, string>,
  place: Place,
): number {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const trimmed = text.trimEnd();
  while (TOKEN.lastIndex < trimmed.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(trimmed)?.[1];
    if (token === undefined) {
      throw new IdlError(place, `cannot understand ${JSON.stringify(trimmed.slice(at))}`);
    }
    tokens.push(token);
  }
  let at = 0;
  let depth = 0;

  const primary = (): number => {
    if (++depth > 200) throw new IdlError(place, "this condition is nested too deep");
    const token = tokens[at++];
    let value: number;
    if (token === undefined) throw new IdlError(place, "the condition ends too early");
    else if (token === "!") value = primary() === 0 ? 1 : 0;
    else if (token === "-") value = -primary();
    else if (token === "+") value = primary();
    else if (token === "(") {
      value = binary(1);
      expect(")");
    } else if (token === "defined") {
      const isBracketed = tokens[at] === "(";
      if (isBracketed) at += 1;
      value = macros.has(tokens[at++] ?? "") ? 1 : 0;
      if (isBracketed) expect(")");
    } else if (/^\d/.test(token)) {
      value = /^0\d/.test(token) ? Number.parseInt(token, 8) : Number(token);
    } else if (/^[A-Za-z_]/.test(token)) {
      const number = Number(macros.get(token) ?? 0);
      value = Number.isNaN(number) ? 0 : number;
    } else throw new IdlError(place, `expected a value, found ${token}`);
    depth -= 1;
    return value;
  };
  const binary = (least: number): number => {
    let left = primary();
    for (;;) {
      const operator = tokens[at] ?? "";
      const precedence = PRECEDENCE[operator] ?? 0;
      if (precedence < least || precedence === 0) return left;
      at += 1;
      left = apply(operator, left, binary(precedence + 1), place);
    }
  };
  const expect = (token: string): void => {
    if (tokens[at++] !== token) throw new IdlError(place, `expected ${token} in the condition`);
  };

  const value = binary(1);
  if (at < tokens.length) throw new IdlError(place, `unexpected ${tokens[at]} in the condition`);
  return value;
}

function apply(operator: string, left: number, right: number, place: Place): number {
  switch (operator) {
    case "||":
      return left !== 0 || right !== 0 ? 1 : 0;
    case "&&":
      return left !== 0 && right !== 0 ? 1 : 0;
    case "==":
      return left === right ? 1 : 0;
    case "!=":
      return left !== right ? 1 : 0;
    case "<":
      return left < right ? 1 : 0;
    case ">":
      return left > right ? 1 : 0;
    case "<=":
      return left <= right ? 1 : 0;
    case ">=":
      return left >= right ? 1 : 0;
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
  }
  if (right === 0) throw new IdlError(place, "division by zero");
  return operator === "/" ? Math.trunc(left / right) : left % right;
}

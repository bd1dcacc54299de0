/**
 * The functions of an enum: from its names to its numbers and back, checked.
 *
 * @module
 */

/** @param name - What the type is called in TypeScript; `xdrName` in the file. */
export function enumFunctions(
  name: string,
  xdrName: string,
  members: readonly { name: string; value: number }[],
): string {
  const seen = new Set<number>();
  const cases = members
    .filter(({ value }) => !seen.has(value) && seen.add(value))
    .map((member) => `case ${member.value}: return "${member.name}";\n`);
  return `
/** The number of a {@link ${name}}, checked. */
export function from${name}(value: ${name}): number {
  const number: unknown = ${name}[value];
  return typeof number === "number" ? number : refuse("${xdrName}", value);
}

/** The {@link ${name}} with that number. */
export function to${name}(number: number): ${name} {
  switch (number) {
${cases.join("")}default: return badEnum("${xdrName}", number);
  }
}

export function encode${name}(writer: XdrWriter, value: ${name}): void {
  writer.int(from${name}(value));
}

export function decode${name}(reader: XdrReader): ${name} {
  return to${name}(reader.int());
}
`;
}

/**
 * Checks that everything the library exports says what it is: each name that a subpath gives, and each
 * option, has a docstring.
 *
 *     node scripts/docstrings.ts
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const LIBRARY = "packages/tertulia/";
const DECLARATION = /^export (?:declare |abstract |async )*(\w+)\*? (\w+)/;

const complaints = new Set<string>();
const { exports } = JSON.parse(readFileSync(`${LIBRARY}package.json`, "utf8"));
for (const target of Object.values<string>(exports)) {
  if (!target.endsWith(".js")) continue;
  checkModule(join(LIBRARY, target.replace("/dist", "").replace(/\.js$/, ".ts")));
}
for (const complaint of complaints) console.error(complaint);
process.exit(complaints.size === 0 ? 0 : 1);

/** Looks at all that a module exports, or only at some names of it, wherever they come from. */
function checkModule(file: string, names?: ReadonlySet<string>): void {
  const source = readFileSync(file, "utf8");
  const reexports = /^export (?:type )?(?:\{([^}]*)\}|\*) from "(\..+)"/gm;
  for (const [, list, from = ""] of source.matchAll(reexports)) {
    const given = list?.split(",").map((each) => each.trim().replace(/^type /, ""));
    const wanted = given?.filter((name) => name !== "" && (names?.has(name) ?? true));
    checkModule(join(dirname(file), from), wanted ? new Set(wanted) : names);
  }
  const lines = source.split("\n");
  let overloaded = "";
  for (const [i, line] of lines.entries()) {
    const [, kind, name = ""] = DECLARATION.exec(line) ?? [];
    if (kind === undefined || !(names?.has(name) ?? true)) continue;
    if (name !== overloaded && !isDocumented(lines, i)) complaints.add(`${file}: ${name}`);
    overloaded = name;
    if (kind !== "interface" || !/(Options|Limits)$/.test(name)) continue;
    for (let j = i + 1; j < lines.length && lines[j] !== "}"; j++) {
      const [, option] = /^ {2}readonly (\w+)\??:/.exec(lines[j] ?? "") ?? [];
      if (option && !isDocumented(lines, j)) complaints.add(`${file}: ${name}.${option}`);
    }
  }
}

function isDocumented(lines: readonly string[], index: number): boolean {
  return lines[index - 1]?.endsWith("*/") === true;
}

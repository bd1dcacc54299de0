/**
 * A documentation page, in Markdown, from a `.x` file.
 *
 * @module
 */

import { declareType, typeText } from "./emit-types.ts";
import type { Model } from "./model.ts";
import { namesOf } from "./names.ts";

/** The page; `title` is usually the file's name. */
export function documentModel(model: Model, title: string): string {
  const names = namesOf(model);
  const parts = [`# ${title}\n`];
  for (const program of model.programs) {
    for (const version of program.versions) {
      const name = names.version(program, version);
      parts.push(
        `## ${program.name}, version ${version.number}\n`,
        `Program ${program.number} (0x${program.number.toString(16)}). Client \`${name}Client\`, handlers \`${name}Handlers\`.\n`,
      );
      if (version.comment || program.comment) {
        parts.push(`${version.comment || program.comment}\n`);
      }
      parts.push("| | procedure | argument | result | |", "|---|---|---|---|---|");
      for (const procedure of version.procedures) {
        const { number, name: full, arguments: parameters, result, isIdempotent } = procedure;
        const taken = parameters.map((type) => `\`${typeText(type, names)}\``).join(", ");
        const given = result.type === "void" ? "" : `\`${typeText(result, names)}\``;
        const about = [isIdempotent ? "idempotent" : "", procedure.comment.replaceAll("\n", " ")];
        const cells = [`\`${names.procedure(version, procedure)}\` ${full}`, taken, given];
        const row = [String(number), ...cells, about.filter(Boolean).join("; ")];
        parts.push(`| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
      }
      parts.push("");
    }
  }
  if (model.constants.length > 0) {
    parts.push("## Constants\n", "| name | value | |", "|---|---|---|");
    for (const { name, value, comment } of model.constants) {
      parts.push(`| \`${name}\` | ${value} | ${comment.replaceAll("\n", " ")} |`);
    }
    parts.push("");
  }
  if (model.types.length > 0) parts.push("## Types\n");
  for (const named of model.types) {
    const text = declareType(named, names).trimEnd();
    parts.push(`### ${names.type(named)}\n`, `\`\`\`ts\n${text}\n\`\`\`\n`);
  }
  return `${parts.join("\n")}`;
}

/** The state diagram of docs/protocol.md, made from the table. */

import { releaseTable } from "../src/pure/native/release.ts";

export function releaseDiagram(): string {
  const lines = ["stateDiagram-v2", "  [*] --> open"];
  for (const [from, row] of Object.entries(releaseTable)) {
    for (const [input, { send, to }] of Object.entries(row)) {
      if (from === to) continue;
      lines.push(`  ${from} --> ${to}: ${input}${send ? ` / ${send}` : ""}`);
    }
  }
  lines.push("  released --> [*]");
  return lines.join("\n");
}

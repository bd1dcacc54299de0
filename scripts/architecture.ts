/**
 * Checks the rules of docs/design/architecture.md on who may import whom.
 *
 *     node scripts/architecture.ts
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const LIBRARY = "packages/tertulia/src/";

interface Rule {
  readonly claim: string;
  /** Whether the rule speaks of this file. */
  readonly from: RegExp;
  /** What it must not import: a path in this repository, or the name of a package. */
  readonly not: RegExp;
}

const rules: readonly Rule[] = [
  {
    claim: "pure imports nothing but pure",
    from: /^packages\/tertulia\/src\/pure\//,
    not: /^(?!packages\/tertulia\/src\/pure\/)/,
  },
  {
    claim: "what simulates imports nothing but pure; contracts import what they are about",
    from: /^packages\/tertulia\/src\/testing\/(?!.*-contract|index)/,
    not: /^(?!packages\/tertulia\/src\/(pure|testing)\/)/,
  },
  {
    claim: "stores, auth and web never import io",
    from: /^packages\/tertulia\/src\/(stores|auth|web)\//,
    not: /^packages\/tertulia\/src\/io\//,
  },
  {
    claim: "the command and the console use the library by its public exports",
    from: /^packages\/(cli|console)\//,
    not: /^packages\/tertulia\//,
  },
];

/** The folders of pure that are one protocol each, and what they may use of each other. */
const protocols = ["native", "iso8327", "tpkt", "presentation", "netbios", "oncrpc"];
const mayUse: Readonly<Record<string, readonly string[]>> = { iso8327: ["tpkt"] };

const complaints: string[] = [];
for (const file of globSync("packages/*/src/**/*.ts")) {
  const source = readFileSync(file, "utf8");
  for (const [, specifier = ""] of source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
    const target = specifier.startsWith(".")
      ? normalize(join(dirname(file), specifier))
      : specifier;
    for (const { claim, from, not } of rules) {
      if (from.test(file) && not.test(target)) complaints.push(`${file}: ${target}: ${claim}`);
    }
    const [one, other] = [protocolOf(file), protocolOf(target)];
    if (one && other && one !== other && !mayUse[one]?.includes(other)) {
      complaints.push(`${file}: ${target}: a protocol never imports another`);
    }
  }
}
/** What a page loads: everything that is imported, from here on down, for more than its types. */
const browserEntry = `${LIBRARY}io/browser.ts`;
const loaded = new Set([browserEntry]);
for (const file of loaded) {
  const source = readFileSync(file, "utf8");
  for (const [, specifier = ""] of source.matchAll(
    /^(?:import|export)(?! type\b)\s(?:[^;"]*\sfrom\s)?"([^"]+)";$/gm,
  )) {
    if (specifier.startsWith(".")) loaded.add(normalize(join(dirname(file), specifier)));
    else if (!/^(@noble\/(curves|hashes)\/|cborg$)/.test(specifier)) {
      complaints.push(`${file}: ${specifier}: what a page loads runs in a page`);
    }
  }
}

for (const complaint of complaints) console.error(complaint);
process.exit(complaints.length === 0 ? 0 : 1);

function protocolOf(path: string): string | undefined {
  const [folder = ""] = path.startsWith(`${LIBRARY}pure/`)
    ? path.slice(`${LIBRARY}pure/`.length).split("/")
    : [];
  return protocols.includes(folder) ? folder : undefined;
}

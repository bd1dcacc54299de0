/** Where the fixtures are: found from the package root, so that compiled tests find them too. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = dirname(createRequire(import.meta.url).resolve("tertulia/package.json"));

export function fixture(...path: readonly string[]): string {
  return join(root, "test", "fixtures", ...path);
}

export function readFixture(...path: readonly string[]): string {
  return readFileSync(fixture(...path), "utf8");
}

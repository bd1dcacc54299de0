/**
 * Makes the TypeScript of the `.x` files in this repository, by our own generator.
 *
 *     npm run generate:rpc [-- --check]
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { compile, generate } from "../packages/tertulia/dist/src/pure/oncrpc/idl/index.js";

const root = join(import.meta.dirname, "..");
const library = "packages/tertulia/src/pure/oncrpc";
const fixtures = "packages/tertulia/test/fixtures/oncrpc";
const files: readonly (readonly [source: string, target: string, runtime: string])[] = [
  [`${library}/rpcbind.x`, `${library}/generated/rpcbind.ts`, "../index.ts"],
  [`${fixtures}/bench.x`, `${fixtures}/generated/bench.ts`, "tertulia/xdr"],
  ["bench/rpc/item.x", "bench/rpc/generated/item.ts", "tertulia/xdr"],
  ["examples/rpc/counter.x", "examples/rpc/generated/counter.ts", "tertulia/xdr"],
  ["examples/nfs/mount.x", "examples/nfs/generated/mount.ts", "tertulia/xdr"],
  ["examples/nfs/nfs3.x", "examples/nfs/generated/nfs3.ts", "tertulia/xdr"],
];

let stale = 0;
for (const [source, target, runtime] of files) {
  const model = compile(source, readFileSync(join(root, source), "utf8"));
  const text = generate(model, { source: basename(source), runtime });
  if (process.argv.includes("--check")) {
    if (readFileSync(join(root, target), "utf8") === text) continue;
    console.error(`${target} is not what ${source} says: npm run generate:rpc`);
    stale += 1;
  } else {
    mkdirSync(dirname(join(root, target)), { recursive: true });
    writeFileSync(join(root, target), text);
  }
}
process.exit(stale === 0 ? 0 : 1);

import { deepEqual, equal, match, throws } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { hex } from "../../../../src/pure/octets.ts";
import {
  compile,
  decodeJson,
  documentModel,
  encodeJson,
  generate,
} from "../../../../src/pure/oncrpc/idl/index.ts";
import { XdrReader, XdrWriter } from "../../../../src/pure/oncrpc/index.ts";
import { encodeNode } from "../../../fixtures/oncrpc/generated/bench.ts";
import { leaveOut } from "../../../peers.ts";
import { sampleNode } from "../../../rpc/bench-program.ts";

const root = join(import.meta.dirname, "../../../../../../..");
const fixture = join(root, "packages/tertulia/test/fixtures/oncrpc/bench.x");

const include = (name: string, from: string): { file: string; text: string } | undefined => {
  const path = join(dirname(from), name);
  return existsSync(path) ? { file: path, text: readFileSync(path, "utf8") } : undefined;
};

describe("the .x files of this machine, and ours", () => {
  it("compile, and the TypeScript made of them type-checks", (t) => {
    const folders = [
      ...["/usr/include/rpcsvc", "/usr/include/tirpc/rpc"],
      ...[join(root, "examples/nfs"), dirname(fixture)],
    ];
    const files = folders
      .filter((folder) => existsSync(folder))
      .flatMap((folder) =>
        readdirSync(folder)
          .filter((name) => name.endsWith(".x"))
          .map((name) => join(folder, name)),
      );
    // rpcsvc-proto and libtirpc-dev bring 18; without them only ours are there.
    if (files.length < 22) {
      return leaveOut(t, "rpcsvc-proto or libtirpc-dev is not installed: run scripts/peers.sh");
    }
    // Inside the package, so that its own name is found.
    const folder = mkdtempSync(join(root, "packages/tertulia/dist/corpus-"));
    try {
      for (const file of files) {
        const model = compile(file, readFileSync(file, "utf8"), { include });
        writeFileSync(join(folder, `${basename(file, ".x")}.ts`), generate(model));
      }
      const options = {
        ...{ target: "es2022", lib: ["es2023"], types: [], module: "nodenext", noEmit: true },
        ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
        ...{ verbatimModuleSyntax: true, erasableSyntaxOnly: true, isolatedDeclarations: true },
        ...{ noFallthroughCasesInSwitch: true, noImplicitReturns: true, declaration: true },
      };
      const project = join(folder, "tsconfig.json");
      writeFileSync(project, JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
      const tsc = join(root, "node_modules/.bin/tsc");
      const { status, stdout } = spawnSync(tsc, ["-p", project], { encoding: "utf8" });
      equal(stdout, "");
      equal(status, 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("are what the generated code in this repository was made from", () => {
    const script = join(root, "scripts/generate-rpc.ts");
    execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" });
  });

  it("become a page of documentation", () => {
    const model = compile("bench.x", readFileSync(fixture, "utf8"));
    const page = documentModel(model, "bench.x");
    match(page, /^# bench\.x\n/);
    match(page, /\| 1 \| `echo` BENCH_ECHO \| `Blob` \| `Blob` \|/);
    match(page, /### Node\n\n```ts\nexport interface Node/);
  });
});

describe("the codec of JSON", () => {
  const model = compile("bench.x", readFileSync(fixture, "utf8"));
  const named = model.types.find(({ name }) => name === "node");
  if (named === undefined) throw new Error("bench.x has no node");
  const type = { type: "reference", to: named } as const;

  it("reads what a generated codec writes, and writes it again to the same octets", () => {
    const writer = new XdrWriter();
    encodeNode(writer, sampleNode(sampleNode()));
    const octets = writer.finish();
    const json = decodeJson(type, new XdrReader(octets));
    const again = new XdrWriter();
    encodeJson(type, JSON.parse(JSON.stringify(json)), again);
    equal(hex(again.finish()), hex(octets));
    const { c, big } = json as { c: unknown; big: unknown };
    deepEqual([c, big], [{ k: "KIND_B", s: "naïve ✓" }, String(-(2n ** 62n) - 5n)]);
  });

  it("gives what is named as the prototype of objects is a name of its own", () => {
    const text = "enum e { __proto__ = 7 }; struct s { e __proto__; };";
    const odd = compile("odd.x", text);
    const to = odd.types.find(({ name }) => name === "s");
    if (to === undefined) throw new Error("there is no s");
    const json = decodeJson({ type: "reference", to }, new XdrReader(new Uint8Array([0, 0, 0, 7])));
    deepEqual(Object.entries(json as object), [["__proto___", "__proto___"]]);
    equal(/__proto__\b(?!_)/.test(generate(odd)), false);
  });

  it("gives what every object has a name of its own, so that it may be left out", () => {
    const text =
      "union u switch (int valueOf) { case 1: int *constructor; default: void; }; struct s { u toString; int *constructor; };";
    const odd = compile("odd.x", text);
    const to = odd.types.find(({ name }) => name === "s");
    if (to === undefined) throw new Error("there is no s");
    const writer = new XdrWriter();
    encodeJson({ type: "reference", to }, { toString_: { valueOf_: 1 } }, writer);
    equal(hex(writer.finish()), "000000010000000000000000");
    deepEqual(generate(odd).match(/\b(constructor|toString|valueOf)\b/g), null);
  });

  it("goes no deeper than the limit, by pointers and by arrays", () => {
    const text = "struct s { s kids<>; }; union u switch (int k) { case 1: u next<1>; };";
    const { types } = compile("deep.x", text);
    for (const to of types) {
      // One element, and one in that, and so on.
      const octets = new Uint8Array(400_000).map((_, index) => (index % 4 === 3 ? 1 : 0));
      throws(() => decodeJson({ type: "reference", to }, new XdrReader(octets)), {
        violation: "tooDeep",
      });
    }
  });

  it("says where a value is wrong", () => {
    const problem = (value: unknown): string => {
      try {
        encodeJson(type, value, new XdrWriter());
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
      return "none";
    };
    equal(problem({ id: "x" }), 'argument.id: expected a number, found "x"');
    equal(problem({ id: 1 }), "argument.big: expected a whole number, found nothing");
    equal(problem({ id: 5e9 }), "argument.id: 5000000000 is no int");
    equal(problem({ id: 1, big: "9223372036854775808" }).slice(0, 13), "argument.big:");
    equal(problem({ id: 1, nxet: {} }), "argument.nxet: expected no such field, found {}");
    equal(problem(null), "argument: expected an object, found null");
  });
});

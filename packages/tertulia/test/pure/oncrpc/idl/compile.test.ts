import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compile, generate, IdlError } from "../../../../src/pure/oncrpc/idl/index.ts";

const names = (text: string, options = {}): string[] =>
  compile("test.x", text, options).types.map(({ name }) => name);

/** The place and the problem of the error, without the line and its caret. */
function problem(text: string, options = {}): string {
  try {
    compile("test.x", text, options);
  } catch (error) {
    if (error instanceof IdlError) return error.message.split("\n")[0] ?? "";
    throw error;
  }
  return "none";
}

describe("the compiler of .x files", () => {
  it("says where, what was expected, and what was found", () => {
    const cases: readonly (readonly [string, string])[] = [
      ["struct a {\n  int b\n};", 'test.x:3:1: expected ";", found "}"'],
      ["struct { int b; };", 'test.x:1:8: expected the name of the struct, found "{"'],
      ["typedef a b;", "test.x:1:9: the type a is not defined"],
      ["struct a { a b; };", "test.x:1:8: a contains itself without a pointer"],
      ["struct a { int b; int b; };", "test.x:1:19: the field b is there already"],
      ["const A = 09;", "test.x:1:11: 09 is not octal"],
      ["const A = 0x1ffffffff;", "test.x:1:11: 0x1ffffffff does not fit 32 bits"],
      ["typedef int a<B>;", "test.x:1:15: B is not defined; if C defines it, say -D B=…"],
      ["typedef opaque a;", "test.x:1:9: opaque needs a length: [size] or <max>"],
      ["typedef void a<3>;", "test.x:1:9: there are no arrays of or pointers to void"],
      ["#if 1\nstruct a { int b; };", "test.x:1:2: this conditional has no #endif"],
      ['#include "b.x"', "test.x:1:2: cannot find b.x"],
      ["#define F(x) x", "test.x:1:2: F: macros with parameters are not supported"],
      ["struct a { int b; }; $", 'test.x:1:22: "$" is not in the language'],
      ["/* no end", "test.x:1:10: the file ends inside a comment"],
      ["typedef int a; struct a { int b; };", "test.x:1:23: a is defined already, in test.x:1"],
      [
        "union u switch (float f) { default: void; };",
        "test.x:1:17: a union switches on int, unsigned int, bool or an enum",
      ],
      [
        "enum e { A }; union u switch (e k) { case A: void; case A: void; };",
        "test.x:1:57: 0 is there already",
      ],
      [
        "program P { version V { void A(void) = 1; void B(void) = 1; } = 1; } = 1;",
        "test.x:1:48: 1 is there already",
      ],
    ];
    deepEqual(
      cases.map(([text]) => problem(text)),
      cases.map(([, expected]) => expected),
    );
  });

  it("points at the place in its line", () => {
    throws(() => compile("a.x", "struct a {\n\tint 5;\n};"), {
      message: "a.x:2:6: expected the field's name\n    \tint 5;\n    \t    ^",
    });
  });

  it("takes conditionals, macros, includes, and leaves C's lines alone", () => {
    const text = `
%#include <stdio.h>
%struct not_ours { int x; };
#define SIZE 4
#define SAME SIZE
#ifdef RPC_HDR
typedef int header;
#else
typedef int no_header;
#endif
#if defined(RPC_TERTULIA) && SIZE * 2 >= 8 && !defined NOTHING /* why */
typedef opaque block[SAME];
#elif 1
typedef int never;
#endif
#ifndef SIZE
struct broken {
#endif
#include "other.x"
`;
    const include = (name: string): { file: string; text: string } | undefined =>
      name === "other.x" ? { file: name, text: "typedef block other;" } : undefined;
    deepEqual(names(text, { include }), ["header", "block", "other"]);
    deepEqual(compile("a.x", text, { include }).types[1], {
      type: "alias",
      name: "block",
      comment: "",
      of: { type: "opaqueFixed", size: 4 },
    });
  });

  it("refuses files and macros that lead back to themselves", () => {
    const include = (): { file: string; text: string } => ({ file: "a.x", text: '#include "a.x"' });
    equal(problem('#include "a.x"', { include }), "a.x:1:2: this file includes itself");
    equal(
      problem("#define A B\n#define B A\nconst X = A;"),
      "test.x:3:11: this macro stands for itself",
    );
  });

  it("names what RFC 4506 leaves without a name", () => {
    const text = `
typedef struct { int a; } anonymous;
typedef enum { ONE = 1 } number;
struct outer { struct { int x; } inner; union switch (bool b) { case TRUE: int y; default: void; } choice; };`;
    deepEqual(names(text), ["anonymous", "number", "outer_inner", "outer_choice", "outer"]);
  });

  it("takes C's ways with integers, and rpcgen's with procedures", () => {
    const text = `
struct all { long a; unsigned long b; short c; unsigned short d; char e; unsigned char f; unsigned g;
  u_int h; uint32_t i; int64_t j; unsigned hyper k; quadruple l; bool_t m; netobj n; };
program P { version V { string A(int, string) = 1; struct all *B(struct all) = 2; } = 0x1; } = 0x20000001;`;
    const model = compile("a.x", text);
    const [version] = model.programs[0]?.versions ?? [];
    deepEqual(
      version?.procedures.map((one) => [one.name, one.arguments.length, one.result.type]),
      [
        ["A", 2, "string"],
        ["B", 1, "optional"],
      ],
    );
  });

  it("takes as many arms and cases as there are", () => {
    const many = Array.from({ length: 130_000 }, (_, i) => i);
    const arms = many.map((i) => `case ${i}: int a${i};`).join("\n");
    const cases = many.map((i) => `case ${i}:`).join("\n");
    for (const text of [
      `union arms switch (int d) { ${arms} }; struct list { arms all<>; };`,
      `union cases switch (int d) { ${cases} int a; default: void; };`,
    ]) {
      equal(generate(compile("many.x", text)).includes("case 129999:"), true);
    }
  });

  it("makes text of any words of the language, or an IdlError", () => {
    const word = fc.constantFrom(
      ..."struct union enum typedef const program version switch case default int hyper opaque string void bool unsigned a b c A B 1 -1 0x7 { } ( ) [ ] < > ; : = , * #if #endif % /* */"
        .split(" ")
        .map((text) => (text.startsWith("#") ? `\n${text} 1\n` : text)),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        try {
          generate(compile("a.x", words.join(" ")));
        } catch (error) {
          if (!(error instanceof IdlError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 100, unit: "binary" }), (text) => {
        try {
          compile("a.x", text);
        } catch (error) {
          if (!(error instanceof IdlError)) throw error;
        }
      }),
    );
  });
});

/**
 * Bar charts of a bench's results, one SVG a case, and the page that shows them: `docs/benchmarks/`.
 * They use the colours of the page around them, light or dark.
 *
 * @module
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { figure, type Result } from "./harness.ts";

const WIDTH = 720;
const LABEL_WIDTH = 170;
const FIGURE_WIDTH = 130;
const BAR = 22;
const GAP = 8;
const TOP = 40;

const BEGIN = "<!-- results: written by npm run bench -- AREA --plot -->";
const END = "<!-- end of results -->";

/** A result, and when it was measured. */
interface Dated extends Result {
  readonly date: string;
}

/**
 * Writes the charts of an area, and the tables between the marks of its page; what is around them
 * stays. Cases that were not measured now stay as they were, in the area's JSON file.
 */
export function plot(area: string, measured: readonly Result[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const kept = join(folder, `${area}.json`);
  const results = existsSync(kept) ? (JSON.parse(readFileSync(kept, "utf8")) as Dated[]) : []; // ours
  for (const result of measured) {
    const index = results.findIndex((one) => one.case === result.case);
    results.splice(index < 0 ? results.length : index, index < 0 ? 0 : 1, { ...result, date });
  }
  writeFileSync(kept, `${JSON.stringify(results, undefined, 2)}\n`);
  for (const result of results) {
    writeFileSync(join(folder, `${area}-${result.case}.svg`), chart(result));
  }
  const path = join(folder, area === "session" ? "README.md" : `${area}.md`);
  const page = pageAt(path, area);
  const [before = "", rest = ""] = page.split(BEGIN);
  const [, after = ""] = rest.split(END);
  writeFileSync(path, `${before}${BEGIN}\n\n${report(area, results)}\n${END}${after}`);
}

function pageAt(path: string, area: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return `# Benchmarks: ${area}\n\n    npm run bench -- ${area} --plot\n\n${BEGIN}${END}\n`;
  }
}

function report(area: string, results: readonly Dated[]): string {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  const machine = `${cpu?.model.trim()}, ${cpus().length} cores, ${gib} GiB`;
  return [
    `Machine: ${machine}. Node ${process.version}, ${process.platform} ${process.arch}.`,
    "",
    ...results.flatMap((result) => [
      ...table(result),
      "",
      `![${result.case}](${area}-${result.case}.svg)`,
      "",
    ]),
  ].join("\n");
}

function table({ case: name, unit, better, median, rounds, date }: Dated): string[] {
  const entries = Object.entries(median);
  const [first, value = 0] = entries[0] ?? [""];
  return [
    `### \`${name}\``,
    "",
    `In ${unit}, ${better} is better; median of ${rounds}, ${date}.`,
    "",
    `| | figure | ${first} : it |`,
    "|---|---:|---:|",
    ...entries.map(([column, one]) => {
      const ratio = one === 0 || column === first ? "" : (value / one).toPrecision(3);
      return `| ${column} | ${figure(one)} | ${ratio} |`;
    }),
  ];
}

function chart({ case: name, unit, better, median }: Result): string {
  const entries = Object.entries(median);
  const most = Math.max(...entries.map(([, value]) => value), Number.MIN_VALUE);
  const height = TOP + entries.length * (BAR + GAP) + GAP;
  const room = WIDTH - LABEL_WIDTH - FIGURE_WIDTH;
  const bars = entries.map(([column, value], index) => {
    const y = TOP + index * (BAR + GAP);
    const width = Math.max(1, (Math.max(0, value) / most) * room).toFixed(1);
    const text = y + BAR * 0.7;
    return [
      `<text x="${LABEL_WIDTH - 8}" y="${text}" text-anchor="end">${quoted(column)}</text>`,
      `<rect class="${index === 0 ? "ours" : "other"}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR}"/>`,
      `<text x="${LABEL_WIDTH + Number(width) + 8}" y="${text}">${figure(value)}</text>`,
    ].join("\n  ");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${quoted(name)}">
  <style>
    text { font: 13px system-ui, sans-serif; fill: #57606a }
    .title { font-weight: 600; fill: #24292f }
    .ours { fill: #0969da }
    .other { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text { fill: #8b949e }
      .title { fill: #e6edf3 }
      .ours { fill: #58a6ff }
      .other { fill: #6e7681 }
    }
  </style>
  <text class="title" x="${GAP}" y="22">${quoted(name)}: ${quoted(unit)}, ${better} is better</text>
  ${bars.join("\n  ")}
</svg>
`;
}

function quoted(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}

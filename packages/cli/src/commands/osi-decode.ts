/**
 * SPDUs for people: a line each, a ladder, or JSON.
 *
 * @module
 */

import type { Spdu } from "tertulia/iso8327";
import { decodeSaid, decodeStreams, isCapture, readCapture, type Said } from "tertulia/osi";

export interface DecodeFormat {
  readonly ladder?: boolean;
  readonly json?: boolean;
}

/**
 * Prints what a capture, or a text of TSDUs in hex, holds.
 *
 * @param complain - Told what of it cannot be read, or that there is nothing.
 */
export function printDecoded(
  octets: Uint8Array,
  { ladder = false, json = false }: DecodeFormat,
  print: (line: string) => void,
  complain: (line: string) => void,
): void {
  const said = isCapture(octets)
    ? decodeStreams(readCapture(octets, ({ message }) => complain(message)))
    : decodeHex(Buffer.from(octets).toString("latin1"));
  if (said.length === 0) complain("nothing of OSI (TPKT) in it");
  if (json) for (const each of said) print(JSON.stringify(asJson(each)));
  else if (ladder) printLadder(said, print);
  else for (const each of said) for (const line of linesOf(each)) print(line);
}

/** TSDUs in hex, or whole packets: those begin with the header of TPKT and are as long as it says. */
function decodeHex(text: string): Said[] {
  const said: Said[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const hex = line.replace(/#.*/, "").replaceAll(/[\s:]/g, "");
    if (hex === "") continue;
    if (!/^([0-9a-f]{2})+$/i.test(hex)) {
      throw new Error(`neither pcap nor pcapng, and line ${index + 1} is not octets in hex`);
    }
    const octets = Uint8Array.from(Buffer.from(hex, "hex"));
    const at = { time: 0, source: `line ${index + 1}`, target: "" };
    const isPacket = octets[0] === 3 && octets[1] === 0 && octets.length >= 7;
    if (isPacket) said.push(...decodeStreams([{ ...at, octets }]));
    else said.push({ ...at, ...decodeSaid(octets, "normal") });
  }
  return said;
}

function linesOf(said: Said): string[] {
  const who = said.target === "" ? said.source : `${said.source} > ${said.target}`;
  return [`${timeOf(said)}${who}`, ...bodyOf(said).map((line) => `  ${line}`)];
}

function bodyOf({ tpdu, spdus = [], flow, violations }: Said): string[] {
  const lines: string[] = [];
  if (tpdu) lines.push(`${tpdu.type} ${describe(tpdu, ["type"])}`.trimEnd());
  for (const spdu of spdus) {
    const name = flow === "expedited" ? `${spdu.type} (expedited)` : spdu.type;
    lines.push(`${name} ${describe(spdu, ["type"])}`.trimEnd());
  }
  for (const { message } of violations) lines.push(`! ${message}`);
  return lines;
}

/** The parameters of something decoded: `name=value`, groups in brackets. */
function describe(value: object, without: readonly string[] = []): string {
  return Object.entries(value)
    .filter(([name]) => !without.includes(name))
    .map(([name, each]) => `${name}=${textOf(each)}`)
    .join(" ");
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value.subarray(0, 32)).toString("hex");
    return value.length > 32 ? `${text}… (${value.length} octets)` : text || "(empty)";
  }
  if (typeof value === "object" && value !== null) return `{${describe(value)}}`;
  return String(value);
}

function printLadder(said: readonly Said[], print: (line: string) => void): void {
  const [left = ""] = said.map(({ source }) => source);
  const conversations = new Map<string, Said[]>();
  for (const each of said) {
    const key = [each.source, each.target].sort().join(" ");
    conversations.set(key, [...(conversations.get(key) ?? []), each]);
  }
  for (const each of conversations.values()) {
    const [first] = each;
    if (!first) continue;
    print(`${first.source.padEnd(34)}${first.target || left}`);
    for (const one of each) {
      const names = one.spdus?.map((spdu) => nameOf(spdu)).join(" + ") ?? one.tpdu?.type ?? "?";
      const label = one.violations.length > 0 ? `${names} !` : names;
      const line = ` ${label} `.padStart(18 + Math.ceil(label.length / 2), "-").padEnd(38, "-");
      print(one.source === first.source ? `|${line}>|` : `|<${line}|`);
    }
    print("");
  }
}

/** An SPDU in a word or two. */
function nameOf({ type, serialNumber, tokenItem, userData }: Spdu): string {
  const details = [
    serialNumber === undefined ? "" : ` ${serialNumber}`,
    tokenItem === undefined ? "" : ` tokens ${tokenItem.toString(16)}`,
    userData && userData.length > 0 ? ` (${userData.length})` : "",
  ];
  return type + details.join("");
}

function asJson(said: Said): unknown {
  return JSON.parse(
    JSON.stringify(said, (key, value) => {
      if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
      if (key === "violations") return said.violations.map(({ message }) => message);
      return value;
    }),
  );
}

function timeOf({ time }: Said): string {
  return time === 0 ? "" : `${new Date(time * 1000).toISOString().slice(11, 23)} `;
}

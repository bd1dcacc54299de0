/**
 * NetBIOS names: 16 octets and a scope (RFC 1001 14, RFC 1002 4.1).
 *
 * The 16 octets are kept as a string of 16 characters, one an octet (Latin-1), because names are
 * looked up far more often than anything else is done with them. The last octet is the suffix that
 * practice uses as a type: `<00>` workstation, `<03>` messenger, `<20>` file server.
 *
 * @module
 */

import { NetbiosError } from "./errors.ts";

/** One name. Two names are the same if both fields are: case counts (RFC 1001 14). */
export interface NetbiosName {
  /** 16 characters, U+0000 to U+00FF, one an octet. */
  readonly label: string;
  /** A domain name like `SCOPE.ID.COM`, or `""`. */
  readonly scope: string;
}

/** How a node uses the name service: broadcast, point-to-point, or both in either order. */
export type NodeType = "B" | "P" | "M" | "H";

/** A name is at most this long at the interface (RFC 1001 5.2: "The names … are 16 octets"). */
export const NAME_OCTETS = 16;

/** RFC 1002 4.1: a name on the wire, with its scope, is at most 255 octets. */
export const NAME_WIRE_OCTETS_MAX = 255;

/** RFC 1002 4.2.17: the `*` that a node status request asks: an asterisk and 15 zero octets. */
export const WILDCARD: NetbiosName = { label: `*${"\0".repeat(15)}`, scope: "" };

/** The name that file servers answer a session request to, whatever they are called. */
export const SMBSERVER: NetbiosName = { label: "*SMBSERVER     \x20", scope: "" };

/**
 * A name by practice: at most 15 characters, in upper case, padded with spaces, then the suffix.
 *
 * @param suffix - The sixteenth octet. Default: 0x00, a workstation.
 * @throws {NetbiosError} `invalidName` for more than 15 characters, or characters above U+00FF.
 */
export function netbiosName(text: string, suffix = 0, scope = ""): NetbiosName {
  if (text === "*") return { ...WILDCARD, scope };
  if (text.length > 15) throw new NetbiosError("invalidName", `${text}: more than 15 characters`);
  if (suffix < 0 || suffix > 255 || !Number.isInteger(suffix)) {
    throw new NetbiosError("invalidName", `${text}: suffix ${suffix} is not an octet`);
  }
  const label = upperCase(text).padEnd(15, " ") + String.fromCharCode(suffix);
  for (let i = 0; i < label.length; i++) {
    if (label.charCodeAt(i) > 255) throw new NetbiosError("invalidName", `${text}: not Latin-1`);
  }
  checkScope(scope);
  return { label, scope };
}

/**
 * A name as people write it: `ALICE`, `ALICE#20`, `ALICE<20>`, `ALICE<20>.SCOPE.ID`, with `\x01`
 * for an octet that has no character.
 *
 * @param suffix - The sixteenth octet when the text has none.
 * @throws {NetbiosError} `invalidName` for what is no name, or has a `#` or a `<` before what is no suffix.
 */
export function parseName(text: string, suffix = 0): NetbiosName {
  const match = /^(.*?)(?:#([0-9a-fA-F]{1,2})|<([0-9a-fA-F]{1,2})>)(?:\.(.+))?$/s.exec(text);
  const literal = (part: string): string =>
    part.replace(/\\x([0-9a-fA-F]{2})/g, (_, code) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
  if (!match && /[#<]/.test(text)) {
    const want = "a suffix is one or two hex digits, as #20 or <20>";
    throw new NetbiosError("invalidName", `${text}: ${want}; in a name # is \\x23 and < is \\x3c`);
  }
  if (!match) return netbiosName(literal(text), suffix);
  const [, stem = "", hash, angle, scope = ""] = match;
  return netbiosName(literal(stem), Number.parseInt(hash ?? angle ?? "0", 16), scope);
}

/** A name as people read it: `ALICE<20>`, with its scope if it has one. */
export function formatName({ label, scope }: NetbiosName): string {
  const stem = label.slice(0, 15).replace(/[ \0]+$/, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: These are what has to be escaped.
  const shown = stem.replace(/[\x00-\x1f\x7f-\x9f]/g, (octet) => `\\x${hexOctet(octet)}`);
  return `${shown}<${hexOctet(label.slice(15))}>${scope && `.${scope}`}`;
}

/** The sixteenth octet. */
export function suffixOf({ label }: NetbiosName): number {
  return label.charCodeAt(15);
}

/** The same 15 octets with another suffix. */
export function withSuffix({ label, scope }: NetbiosName, suffix: number): NetbiosName {
  return { label: label.slice(0, 15) + String.fromCharCode(suffix), scope };
}

/** What a map is keyed by. */
export function nameKey({ label, scope }: NetbiosName): string {
  return label + scope;
}

/** Whether both are one name: the same 16 octets in the same scope. */
export function sameName(one: NetbiosName, other: NetbiosName): boolean {
  return one.label === other.label && one.scope === other.scope;
}

/** RFC 1001 5.2: "the first character … cannot be an asterisk". */
export function isOwnable({ label }: NetbiosName): boolean {
  return label.length === NAME_OCTETS && !label.startsWith("*");
}

/** What practice uses a suffix for, or `undefined`. */
export function meaningOfSuffix(suffix: number, isGroup: boolean): string | undefined {
  return isGroup ? GROUP_SUFFIXES.get(suffix) : UNIQUE_SUFFIXES.get(suffix);
}

const UNIQUE_SUFFIXES: ReadonlyMap<number, string> = new Map([
  [0x00, "workstation"],
  [0x01, "messenger"],
  [0x03, "messenger"],
  [0x06, "remote access server"],
  [0x1b, "domain master browser"],
  [0x1d, "local master browser"],
  [0x1f, "NetDDE"],
  [0x20, "file server"],
  [0x21, "remote access client"],
  [0x22, "Exchange interchange"],
  [0x23, "Exchange store"],
  [0x24, "Exchange directory"],
  [0x30, "modem sharing server"],
  [0x31, "modem sharing client"],
  [0x43, "SMS remote control"],
  [0x44, "SMS remote control tool"],
  [0xbe, "network monitor agent"],
  [0xbf, "network monitor"],
]);

const GROUP_SUFFIXES: ReadonlyMap<number, string> = new Map([
  [0x00, "workgroup or domain"],
  [0x01, "master browsers"],
  [0x1c, "domain controllers"],
  [0x1e, "browser elections"],
]);

/** RFC 1002 4.1: a scope is a domain name, so labels of 1 to 63 octets. */
function checkScope(scope: string): void {
  if (scope === "") return;
  let octets = 34;
  for (const label of scope.split(".")) {
    if (label.length === 0 || label.length > 63) {
      throw new NetbiosError("invalidName", `scope ${scope}: a label has 1 to 63 octets`);
    }
    octets += label.length + 1;
    for (let i = 0; i < label.length; i++) {
      if (label.charCodeAt(i) > 255) throw new NetbiosError("invalidName", `scope ${scope}`);
    }
  }
  if (octets > NAME_WIRE_OCTETS_MAX) {
    throw new NetbiosError("invalidName", `scope ${scope}: need ${octets} octets, have 255`);
  }
}

/** Latin letters only: `ß` would become two characters, `ÿ` one that is not Latin-1. */
function upperCase(text: string): string {
  return text.replace(/[a-zà-öø-þ]/g, (letter) => letter.toUpperCase());
}

function hexOctet(octet: string): string {
  return octet.charCodeAt(0).toString(16).padStart(2, "0");
}

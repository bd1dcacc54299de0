/**
 * The addresses in FTP's control connection (RFC 959, RFC 2428): finding them, and writing others.
 *
 * @module
 */

/** Where a data connection is to go. */
export interface DataAddress {
  readonly host: string;
  readonly port: number;
}

/** RFC 959, 5.3.1 sets no limit; nobody writes longer ones. A longer line is passed on as it is. */
const LINE_OCTETS_MAX = 4096;

/**
 * Passes octets on line by line, each changed as `rewrite` says. `rewrite` gets the line without its
 * end and may take its time; the lines behind it wait.
 */
export class LineRewriter {
  readonly #rewrite: (line: string) => string | Promise<string>;
  #line = "";

  constructor(rewrite: (line: string) => string | Promise<string>) {
    this.#rewrite = rewrite;
  }

  /** Takes octets, as Latin-1; gives back the whole lines among them. */
  async push(octets: string): Promise<string> {
    let out = "";
    this.#line += octets;
    for (let end = this.#line.indexOf("\n"); end >= 0; end = this.#line.indexOf("\n")) {
      const line = this.#line.slice(0, end + 1);
      this.#line = this.#line.slice(end + 1);
      const [, text = "", ending = ""] = /^(.*?)(\r?\n)$/s.exec(line) ?? [];
      out += (await this.#rewrite(text)) + ending;
    }
    if (this.#line.length > LINE_OCTETS_MAX) out += this.flush();
    return out;
  }

  /** What is left of a line that has no end. */
  flush(): string {
    const rest = this.#line;
    this.#line = "";
    return rest;
  }
}

/** The address in `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)`. */
export function readPasv(line: string): DataAddress | undefined {
  return line.startsWith("227 ") ? readCommas(line) : undefined;
}

/** The port in `229 Entering Extended Passive Mode (|||port|)`. */
export function readEpsv(line: string): number | undefined {
  const [, port] = /^229 .*\((.)\1\1(\d{1,5})\1\)/.exec(line)?.slice(1) ?? [];
  return port === undefined ? undefined : portOf(port);
}

/** The address in `PORT h1,h2,h3,h4,p1,p2`. */
export function readPort(line: string): DataAddress | undefined {
  return /^PORT /i.test(line) ? readCommas(line) : undefined;
}

/** The address in `EPRT |1|192.0.2.1|6275|` (1: IPv4, 2: IPv6). */
export function readEprt(line: string): DataAddress | undefined {
  const [, , , host, text] = /^EPRT (.)([12])\1([^|]+?)\1(\d{1,5})\1/i.exec(line) ?? [];
  const port = portOf(text);
  return host === undefined || port === undefined ? undefined : { host, port };
}

export function writePasv({ host, port }: DataAddress): string {
  return `227 Entering Passive Mode (${writeCommas(host, port)}).`;
}

export function writeEpsv(port: number): string {
  return `229 Entering Extended Passive Mode (|||${port}|).`;
}

/** PORT for IPv4, EPRT for the rest. */
export function writePort({ host, port }: DataAddress): string {
  return host.includes(":") ? `EPRT |2|${host}|${port}|` : `PORT ${writeCommas(host, port)}`;
}

function readCommas(line: string): DataAddress | undefined {
  const numbers = /(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})/.exec(line);
  const [a, b, c, d, high = 0, low = 0] = numbers?.slice(1).map(Number) ?? [];
  if (a === undefined || [a, b, c, d, high, low].some((n) => Number(n) > 255)) return undefined;
  const port = high * 256 + low;
  return port === 0 ? undefined : { host: `${a}.${b}.${c}.${d}`, port };
}

function writeCommas(host: string, port: number): string {
  return `${host.replaceAll(".", ",")},${port >> 8},${port & 255}`;
}

function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return port > 0 && port <= 65535 ? port : undefined;
}

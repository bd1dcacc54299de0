/** tshark as a judge of what we encode: each TSDU through text2pcap into its dissector of SPDUs. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hex } from "../../../src/pure/octets.ts";

/** What tshark says of TSDUs: for each, the values of these fields. */
export function dissect(tsdus: readonly Uint8Array[], fields: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), "tertulia-"));
  try {
    const text = join(folder, "tsdus.txt");
    writeFileSync(text, tsdus.map((tsdu) => `000000 ${hex(tsdu, " ")}\n`).join("\n"));
    const capture = join(folder, "tsdus.pcapng");
    execFileSync("text2pcap", ["-q", "-P", "ses", text, capture], { stdio: "ignore" });
    const output = execFileSync(
      "tshark",
      ["-r", capture, "--disable-protocol", "pres", "-T", "fields", "-E", "occurrence=a"].concat(
        fields.flatMap((field) => ["-e", field]),
      ),
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    return output
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

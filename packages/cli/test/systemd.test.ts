import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { leaveOut } from "./peers.ts";
import { Running, TemporaryHome } from "./processes.ts";

/** What systemd says against a unit, nothing if it has nothing to say. */
function verified(path: string): string {
  const { stdout, stderr } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
  // It complains of units of this machine as well.
  const lines = `${stdout}${stderr}`.split("\n");
  return lines.filter((line) => line.includes(path) || line.includes("tertulia")).join("\n");
}

function hasSystemd(t: TestContext): boolean {
  if (spawnSync("systemd-analyze", ["--version"]).status === 0) return true;
  leaveOut(t, "systemd-analyze not installed: run scripts/peers.sh as root");
  return false;
}

describe("--systemd", () => {
  const commands = [
    ["serve", "--listen", "0.0.0.0:7700", "--allow", "localhost:22", "udp:*:53"],
    ["tunnel", "node.example", "--local", "2222:localhost:22", "--socks", "1080"],
  ];
  for (const words of commands) {
    it(`prints a unit for ${words[0]} that systemd understands`, async (t) => {
      if (!hasSystemd(t)) return;
      using home = new TemporaryHome();
      await using command = new Running(home, ...words, "--systemd");
      assert.equal(await command.ended(), 0);
      const path = join(home.path, `tertulia-${words[0]}.service`);
      writeFileSync(path, `${command.lines.join("\n")}\n`);
      assert.equal(verified(path), "");
      const start = command.lines.find((line) => line.startsWith("ExecStart=")) ?? "";
      const [program = "", ...said] = start.slice("ExecStart=".length).split(" ");
      assert.match(
        execFileSync(program, [said[0] ?? "", "--version"], { encoding: "utf8" }),
        /^\d/,
      );
      assert.deepEqual(said.slice(1, words.length + 1), [
        ...words.map((word) => (word.includes("*") ? `"${word}"` : word)),
      ]);
    });
  }
});

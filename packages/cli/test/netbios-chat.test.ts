import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";

const COMMAND = join(import.meta.dirname, "../../bin/tertulia.js");

/** A chat, and its lines. */
function chat(home: string, ...parameters: readonly string[]): [ChildProcess, string[]] {
  const words = [COMMAND, "chat", "--json", "--home", home, ...parameters];
  const child = spawn(process.execPath, words);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => lines.push(line));
  }
  return [child, lines];
}

async function line(lines: readonly string[], expected: RegExp): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (lines.some((one) => expected.test(one))) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`no ${expected} in ${lines.join("\n")}`);
}

describe("tertulia chat --netbios", () => {
  it("finds its partner by name on the LAN, and talks", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tertulia-lan-"));
    const network = `127.0.${1 + Math.floor(Math.random() * 250)}`;
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, resolve));
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(resolve));
    const at = (host: number): string => `@${network}.${host}:${port}`;
    const running: ChildProcess[] = [];
    try {
      const home = (name: string): string => join(folder, name);
      const listening = ["--listen", "--netbios", `ALICE${at(2)}`, "--name", "alice"];
      const [alice, hers] = chat(home("a"), ...listening);
      running.push(alice);
      await line(hers, /"listening"/);
      const calling = ["--netbios", `ALICE${at(3)}`, "--accept-new", "--name", "bob"];
      const [bob, his] = chat(home("b"), ...calling);
      running.push(bob);
      await line(hers, /bob/);
      bob.stdin?.write('{"type":"say","text":"found you"}\n');
      await line(hers, /found you/);
      assert.ok(his.length > 0);
      const [nobody, complaint] = chat(home("c"), "--netbios", `NOBODY${at(4)}`);
      running.push(nobody);
      assert.equal(await new Promise((resolve) => nobody.on("close", resolve)), 3);
      assert.match(complaint.join("\n"), /NOBODY on the LAN: nobody has this name/);
    } finally {
      const ended = running.map((child) => new Promise((resolve) => child.on("close", resolve)));
      for (const child of running) child.kill("SIGKILL");
      await Promise.all(running.map((c, i) => (c.exitCode === null ? ended[i] : undefined)));
      rmSync(folder, { recursive: true });
    }
  });
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Running, serving, TemporaryHome } from "../processes.ts";

/** A node on a store, with ana in it, who has a key, and bob, whom a kill has cut off. */
class Scene implements AsyncDisposable {
  readonly home = new TemporaryHome();
  readonly store = join(this.home.path, "node.db");
  readonly #running: Running[] = [];
  node: Running | undefined;
  ana: Running | undefined;
  bobId = "";
  anaId = "";
  /** As chat shows it to others. */
  anaKey = "";

  async set(): Promise<this> {
    const { node, address } = await serving(this.home, "--store", this.store);
    this.node = this.#keep(node);
    this.ana = this.#chat(address, "ana");
    const bob = this.#chat(address, "bob");
    await Promise.all([this.ana.first("joined"), bob.first("joined")]);
    this.anaId = String((await this.ana.first("connected"))["session"]);
    this.bobId = String((await bob.first("connected"))["session"]);
    const own = this.#keep(new Running(this.home, "identity", "--json"));
    await own.ended();
    this.anaKey = String(own.printed[0]?.["fingerprint"]);
    await bob.signal("SIGKILL");
    await node.until(() => node.printed.find(({ event }) => event === "suspended"));
    return this;
  }

  /** Runs `tertulia sessions …` to its end. */
  async sessions(...words: string[]): Promise<{ code: number | null; lines: string[] }> {
    const command = this.#keep(new Running(this.home, "sessions", ...words));
    const code = await command.ended();
    return { code, lines: [...command.lines, ...command.stderr.split("\n").filter(Boolean)] };
  }

  /** The ids that are listed. */
  async ids(...words: string[]): Promise<string[]> {
    const { lines } = await this.sessions("list", "--json", ...words);
    return lines.map((line) => JSON.parse(line).id).sort();
  }

  #chat(address: string, name: string): Running {
    return this.#keep(new Running(this.home, "chat", `tcp://${address}`, "--name", name, "--json"));
  }

  #keep(running: Running): Running {
    this.#running.push(running);
    return running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#running) await one[Symbol.asyncDispose]();
    this.home[Symbol.dispose]();
  }
}

describe("tertulia sessions", () => {
  it("lists those of a running node, and only those that are asked for", async () => {
    await using scene = await new Scene().set();
    const { anaId, bobId } = scene;
    assert.deepEqual(
      {
        all: await scene.ids(),
        suspended: await scene.ids("--state", "suspended"),
        known: await scene.ids("--identity", "ed25519:"),
        byKey: await scene.ids("--identity", scene.anaKey),
        strangers: await scene.ids("--identity", "none:"),
        old: await scene.ids("--age", "3600"),
        behind: await scene.ids("--backlog", "1000000"),
      },
      {
        all: [anaId, bobId].sort(),
        suspended: [bobId],
        known: [anaId, bobId].sort(),
        byKey: [anaId, bobId].sort(),
        strangers: [],
        old: [],
        behind: [],
      },
    );
  });

  it("shows one, and ends it: its peer is told why", async () => {
    await using scene = await new Scene().set();
    const shown = await scene.sessions("show", scene.anaId.slice(0, 12).toUpperCase());
    assert.match(shown.lines.join("\n"), /state +connected\n(.*\n)+over +tcp\n/);
    const ended = await scene.sessions("end", scene.anaId, "--reason", "so long");
    const closed = await scene.ana?.first("closed");
    assert.deepEqual(
      [ended.code, await scene.ids(), closed],
      [
        0,
        [scene.bobId],
        { type: "closed", outcome: "aborted", reason: "the peer: operator: so long" },
      ],
    );
  });

  it("says that there is no such session, or that no node runs", async () => {
    await using scene = await new Scene().set();
    const nobody = await scene.sessions("show", "0000zz");
    const notThat = await scene.sessions("list", "--node", "4194305");
    await scene.node?.signal("SIGTERM");
    const noNode = await scene.sessions("list");
    assert.deepEqual([nobody.code, notThat.code, noNode.code], [1, 3, 3]);
    assert.deepEqual(notThat.lines, ["no node with process id 4194305 runs here"]);
    assert.match(noNode.lines.join(), /no node runs here .* --store FILE/);
  });

  it("lists and ends those of a store: who comes back is told", async () => {
    await using scene = await new Scene().set();
    const whileOpen = await scene.sessions("end", scene.anaId, "--store", scene.store);
    await scene.node?.signal("SIGKILL");
    const stored = await scene.ids("--store", scene.store, "--state", "stored");
    const ended = await scene.sessions("end", scene.anaId, "--store", scene.store);
    assert.deepEqual(
      { whileOpen: whileOpen.code, stored, ended, left: await scene.ids("--store", scene.store) },
      {
        whileOpen: 1,
        stored: [scene.anaId, scene.bobId].sort(),
        ended: { code: 0, lines: [`ended ${scene.anaId}`] },
        left: [scene.bobId],
      },
    );
  });
});

describe("tertulia store export", () => {
  it("prints everything that is kept, and secrets only when told so", async () => {
    await using scene = await new Scene().set();
    await scene.node?.signal("SIGKILL");
    await using plain = new Running(scene.home, "store", "export", scene.store);
    await using secret = new Running(scene.home, "store", "export", scene.store, "--secrets");
    assert.deepEqual([await plain.ended(), await secret.ended()], [0, 0]);
    const sessions = plain.ofType("session");
    assert.deepEqual(
      {
        ids: sessions.map(({ id }) => id).sort(),
        // Where each is, and what waits for it.
        notes: new Set(plain.ofType("activity").map(({ name }) => String(name).split("/")[1])).size,
        plain: sessions.filter((one) => "establishment" in one).length,
        secret: secret.ofType("session").filter((one) => "establishment" in one).length,
      },
      { ids: [scene.anaId, scene.bobId].sort(), notes: 2, plain: 0, secret: 2 },
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Running, TemporaryHome } from "./processes.ts";

describe("tertulia", () => {
  for (const words of [[], ["serve"], ["chat"], ["identity"], ["identity", "trust"]]) {
    it(`explains itself: ${["tertulia", ...words, "--help"].join(" ")}`, async () => {
      using home = new TemporaryHome();
      await using command = new Running(home, ...words, "--help");
      assert.equal(await command.ended(), 0);
      const [usage = ""] = command.lines;
      assert.ok(usage.startsWith(`Usage: ${["tertulia", ...words].join(" ")}`), usage);
    });
  }

  it("says in each help what the exit codes mean", async () => {
    using home = new TemporaryHome();
    for (const area of ["serve", "chat", "identity"]) {
      await using command = new Running(home, area, "--help");
      await command.ended();
      assert.ok(command.lines.includes("Exit codes:"), area);
    }
  });

  it("fits its help into a terminal", async () => {
    using home = new TemporaryHome();
    const areas = ["chat", "identity", "netbios", "osi", "pipe", "rpc", "serve", "sessions"];
    const wide = [[], ...[...areas, "store", "tunnel"].map((area) => [area])].map(async (words) => {
      await using command = new Running(home, ...words, "--help");
      await command.ended();
      return command.lines.filter((line) => line.length > 80);
    });
    assert.deepEqual((await Promise.all(wide)).flat(), []);
  });

  it("ends without a word when nobody reads its help", async () => {
    using home = new TemporaryHome();
    await using command = new Running(home, "--help");
    command.process.stdout.destroy();
    await command.ended();
    assert.deepEqual([command.process.signalCode, command.stderr], ["SIGINT", ""]);
  });

  it("keeps to itself what Node has to say of its modules", async () => {
    using home = new TemporaryHome();
    const database = `${home.path}/none/names.db`;
    await using command = new Running(home, "netbios", "serve-names", "--database", database);
    assert.equal(await command.ended(), 3);
    assert.equal(command.stderr, `names in ${database}: unable to open database file\n`);
  });

  it("takes no option for another's value", async () => {
    using home = new TemporaryHome();
    await using command = new Running(home, "serve", "--store", "--json");
    const code = await command.ended();
    const [complaint] = command.stderr.split("\n");
    const expected = "error: option '--store <file>' needs a value, and --json is an option";
    assert.deepEqual([code, complaint], [2, expected]);
  });

  it("ends with 2 for a command line that it does not understand", async () => {
    using home = new TemporaryHome();
    const codes = [];
    const printed = [];
    const complaints = [];
    const wrong = [
      "nonsense",
      "serve --nonsense",
      "identity trust",
      "identity nonsense",
      "netbios lookup ALICE --address foo",
      "netbios lookup ALICE --server 10.0.0.256",
      "netbios lookup ALICE --at 10.0.0.7:x",
      "netbios watch --address foo",
      "netbios register ALICE BOB<zz>",
      "netbios lookup ALICE --port ",
      "osi associate 127.0.0.1:1 --called-ae-qualifier x",
      "osi connect 127.0.0.1:",
      "store sessions none.db --backlog x",
      "pipe 127.0.0.1:1 nowhere",
    ];
    for (const words of wrong.map((line) => line.split(" "))) {
      await using command = new Running(home, ...words);
      codes.push(await command.ended());
      printed.push(...command.lines);
      complaints.push(command.stderr.split("\n")[0]);
    }
    assert.deepEqual(printed, []);
    assert.deepEqual(codes, Array(wrong.length).fill(2));
    assert.deepEqual(
      [complaints[0], complaints[3]],
      ["error: unknown command 'nonsense'", "error: unknown command 'nonsense'"],
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { House } from "./house.ts";
import { TemporaryHome } from "./processes.ts";
import { hasTerminal, type Pane, Terminal } from "./terminal.ts";

/** What one of them said, as it stands on a screen. */
function saidBy(name: string, pane: Pane): string[] {
  return pane.lines.filter((line) => line.startsWith(`${name}: `));
}

describe("chat in a terminal", () => {
  it("lets two people talk through a break of the link, and go with a goodbye", async (t) => {
    if (!hasTerminal(t)) return;
    await using house = await House.open();
    using home = new TemporaryHome();
    using terminal = new Terminal(home);

    // The first of the two is asked whom she trusts; the second knows it from her.
    const ana = terminal.open("chat", house.address, "--name", "ana");
    await ana.sees(/Is it the same\? \(yes, no\)/);
    ana.enter("yes");
    await ana.sees(/^\* You are ana in lobby, alone so far/);
    const bob = terminal.open("chat", house.address, "--name", "bob");
    await bob.sees(/^\* You are bob in lobby, with ana/);
    await ana.sees(/^\* bob .*is here\.$/);
    await ana.sees(/^lobby · 2 here · connected over tls$/, "status");

    ana.enter("hello");
    await bob.sees(/^ana: hello$/);
    bob.enter("/help");
    await bob.sees(/^\/break 10 +cut the link for 10 seconds/);
    bob.enter("/who");
    await bob.sees(/^\* ana \(SHA256:/);
    await bob.sees(/^\* bob \(SHA256:/);

    ana.enter("/break 3");
    await ana.sees(/suspended since [\d:]{8} \([\d.]+ s\), retrying$/, "status");
    await bob.sees(/ana cut off for [\d.]+ s$/, "status");
    for (const line of ["one", "two", "three"]) ana.enter(line);
    bob.enter("uno");
    bob.enter("dos");
    await ana.sees(/· connected over tls · resumed, [1-9]\d* replayed$/, "status");
    await ana.sees(/^\* Resumed over tls after \d+ s, [1-9]\d* replayed\.$/);
    await bob.sees(/^\* ana is back\.$/);
    ana.enter("four");
    await bob.sees(/^ana: four$/);
    await ana.sees(/^bob: dos$/);
    const [hers, his] = [saidBy("ana", bob), saidBy("bob", ana)];

    ana.press("C-c");
    await ana.sees(/^\* Goodbye\. Everything that was said has arrived\.$/);
    await bob.sees(/^\* ana left\.$/);
    bob.press("C-d");
    const exits = [await ana.ended(), await bob.ended()];

    assert.deepEqual(hers, ["ana: hello", "ana: one", "ana: two", "ana: three", "ana: four"]);
    assert.deepEqual(his, ["bob: uno", "bob: dos"]);
    // What they said themselves stands there once, too.
    assert.deepEqual([saidBy("ana", ana), saidBy("bob", bob)], [hers, his]);
    assert.deepEqual(exits, [0, 0]);
  });

  it("takes Ctrl-C and Ctrl-D for a no to the question whether it is the right key", async (t) => {
    if (!hasTerminal(t)) return;
    await using house = await House.open();
    using home = new TemporaryHome();
    using terminal = new Terminal(home);
    for (const key of ["C-c", "C-d"]) {
      const ana = terminal.open("chat", house.address, "--name", "ana");
      await ana.sees(/Is it the same\? \(yes, no\)/);
      ana.press(key);
      assert.equal(await ana.ended(), 5, key);
      await ana.sees(/^Not connected\.$/);
    }
  });

  it("keeps what is being typed while others talk, and the status line under it all", async (t) => {
    if (!hasTerminal(t)) return;
    await using house = await House.open();
    using home = new TemporaryHome();
    using terminal = new Terminal(home);
    const ana = terminal.open("chat", house.address, "--name", "ana", "--accept-new");
    await ana.sees(/^\* You are ana/);
    const bob = terminal.open("chat", house.address, "--name", "bob");
    await bob.sees(/^\* You are bob/);
    await ana.sees(/^\* bob .*is here\.$/);

    ana.type("half a sen");
    await ana.sees(/^> half a sen$/);
    for (let i = 1; i <= 30; i++) bob.enter(`line ${i}`);
    await ana.sees(/^bob: line 30$/);
    await ana.sees(/^> half a sen$/);
    await ana.sees(/^lobby · 2 here · connected over tls$/, "status");
    ana.enter("tence");
    await bob.sees(/^ana: half a sentence$/);

    const heard = saidBy("bob", ana);
    assert.deepEqual(
      heard,
      Array.from({ length: 30 }, (_, i) => `bob: line ${i + 1}`),
    );
  });
});

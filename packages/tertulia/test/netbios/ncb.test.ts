import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, it } from "node:test";
import { ANY_NAME, type NcbAdapter, openNcb } from "../../src/netbios/index.ts";
import { conflictDemand } from "../../src/pure/netbios/messages.ts";
import { netbiosName } from "../../src/pure/netbios/name.ts";
import { encodeNamePacket } from "../../src/pure/netbios/name-packet.ts";
import { Loopback } from "./loopback.ts";

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = ({ userData }: { readonly userData: Uint8Array }): string =>
  Buffer.from(userData).toString();

/** Two adapters with a name each. */
async function adapters(lan: Loopback): Promise<[NcbAdapter, NcbAdapter]> {
  const [one, two] = [openNcb(await lan.node(1)), openNcb(await lan.node(2))];
  await Promise.all([one.addName("ALICE"), two.addName("BOB")]);
  return [one, two];
}

/** A session between them, by its numbers. */
async function connected(lan: Loopback): Promise<[NcbAdapter, number, NcbAdapter, number]> {
  const [alice, bob] = await adapters(lan);
  const listening = alice.listen("ALICE");
  const called = await bob.call("BOB", "ALICE");
  const { sessionNumber, remote } = await listening;
  assert.equal(remote, "BOB<00>");
  return [alice, sessionNumber, bob, called];
}

describe("NetBIOS commands", () => {
  it("ADD NAME numbers names from 2; 1 is the permanent node name; DELETE NAME, ENUM, FIND NAME", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = await adapters(lan);
    assert.equal(await alice.addPermanentName("NODE"), 1);
    assert.equal(await alice.addGroupName("LAB"), 3);
    assert.deepEqual(alice.enum(), [
      [2, "ALICE<00>"],
      [1, "NODE<00>"],
      [3, "LAB<00>"],
    ]);
    assert.deepEqual(await bob.findName("ALICE"), [lan.address(1)]);
    await assert.rejects(alice.addName("ALICE"), { returnCode: 0x0d });
    await assert.rejects(bob.addName("ALICE"), { returnCode: 0x16 });
    await assert.rejects(bob.findName("NOBODY"), { returnCode: 0x14 });
    await assert.rejects(bob.addName("*X"), { returnCode: 0x15 });
    await alice.deleteName("LAB");
    await assert.rejects(alice.deleteName("LAB"), { returnCode: 0x13 });
    const { names } = await bob.adapterStatus(lan.address(1));
    assert.deepEqual(
      names.map(({ permanent }) => permanent),
      [false, true],
    );
  });

  it("CALL, LISTEN, SEND, RECEIVE, CHAIN SEND, HANG UP", async () => {
    await using lan = await Loopback.open();
    const [alice, hers, bob, his] = await connected(lan);
    await bob.send(his, octets("hello"));
    await bob.chainSend(his, octets("one "), octets("two"));
    await bob.sendNoAck(his, octets("end"));
    assert.equal(text(await alice.receive(hers)), "hello");
    assert.equal(text(await alice.receive(hers)), "one two");
    assert.equal(text(await alice.receive(hers)), "end");
    assert.deepEqual(bob.sessionStatus("BOB"), [
      {
        sessionNumber: his,
        nameNumber: 2,
        local: "BOB<00>",
        remote: "ALICE<00>",
        receivesPending: 0,
        sendsPending: 0,
      },
    ]);
    await assert.rejects(bob.deleteName("BOB"), { returnCode: 0x0f });
    const over = assert.rejects(alice.receive(hers), { returnCode: 0x0a });
    await bob.hangUp(his);
    await over;
    await assert.rejects(alice.send(hers, octets("")), { returnCode: 0x08 });
  });

  it("RECEIVE with a small buffer says that the message is incomplete, and gives the rest next", async () => {
    await using lan = await Loopback.open();
    const [alice, hers, bob, his] = await connected(lan);
    await bob.send(his, octets("hello, world"));
    const parts = [];
    for (let i = 0; i < 3; i++) parts.push(await alice.receive(hers, { octetsMax: 5 }));
    assert.deepEqual(parts.map(text), ["hello", ", wor", "ld"]);
    assert.deepEqual(
      parts.map(({ isIncomplete }) => isIncomplete),
      [true, true, false],
    );
  });

  it("RECEIVE that times out leaves the session; SEND that is cancelled on its way ends it", async () => {
    await using lan = await Loopback.open();
    const [alice, hers, bob, his] = await connected(lan);
    await assert.rejects(alice.receive(hers, { timeoutMs: 20 }), { returnCode: 0x05 });
    await bob.send(his, octets("still here"));
    assert.equal(text(await alice.receive(hers)), "still here");
    const aborted = { signal: AbortSignal.abort() };
    await assert.rejects(bob.send(his, octets("not sent"), aborted), { returnCode: 0x0b });
    await bob.send(his, octets("sent"));
    assert.equal(text(await alice.receive(hers)), "sent");
    const cancel = new AbortController();
    const sending = async () => {
      for (;;) await bob.send(his, new Uint8Array(131_071), cancel);
    };
    setTimeout(() => cancel.abort(), 100);
    await assert.rejects(sending(), { returnCode: 0x0b });
    await assert.rejects(bob.send(his, octets("x")), { returnCode: 0x08 });
  });

  it("RECEIVE ANY takes from whichever session has a message, also from one opened later", async () => {
    await using lan = await Loopback.open();
    const [alice, , bob, his] = await connected(lan);
    const any = alice.receiveAny();
    await bob.send(his, octets("first"));
    assert.equal(text(await any), "first");
    const next = alice.receiveAny(alice.nameNumber("ALICE"));
    const listening = alice.listen("ALICE", "BOB");
    const second = await bob.call("BOB", "ALICE");
    const { sessionNumber } = await listening;
    await bob.send(second, octets("second"));
    const received = await next;
    assert.deepEqual([received.sessionNumber, text(received)], [sessionNumber, "second"]);
    await assert.rejects(alice.receiveAny(ANY_NAME, { timeoutMs: 20 }), { returnCode: 0x05 });
  });

  it("one message satisfies one RECEIVE or RECEIVE ANY, and RECEIVE goes first", async () => {
    await using lan = await Loopback.open();
    const [alice, hers, bob, his] = await connected(lan);
    const got: string[] = [];
    const waiting = [
      alice.receiveAny().then((message) => got.push(`any ${text(message)}`)),
      alice.receiveAny().then((message) => got.push(`any ${text(message)}`)),
      alice.receive(hers).then((message) => got.push(`this ${text(message)}`)),
    ];
    for (const word of ["one", "two", "three"]) {
      await bob.send(his, octets(word));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await Promise.all(waiting);
    assert.deepEqual(got, ["this one", "any two", "any three"]);
  });

  it("a RECEIVE ANY that is cancelled beside a RECEIVE loses no message", async () => {
    await using lan = await Loopback.open();
    const [alice, hers, bob, his] = await connected(lan);
    const first = alice.receive(hers);
    const cancel = new AbortController();
    const any = alice.receiveAny(ANY_NAME, { signal: cancel.signal });
    await bob.send(his, octets("one"));
    assert.equal(text(await first), "one");
    cancel.abort();
    await assert.rejects(any, { returnCode: 0x0b });
    await bob.send(his, octets("two"));
    assert.equal(text(await alice.receive(hers)), "two");
  });

  it("every command that waits is cancelled by its signal, with 0x0B", async () => {
    await using lan = await Loopback.open();
    const [alice, hers, bob, his] = await connected(lan);
    const cancelled = (
      command: (options: { readonly signal: AbortSignal }) => Promise<unknown>,
    ) => {
      const cancel = new AbortController();
      const done = assert.rejects(command({ signal: cancel.signal }), { returnCode: 0x0b });
      setTimeout(() => cancel.abort(), 10);
      return done;
    };
    const aborted = { signal: AbortSignal.abort() };
    const refused = (command: Promise<unknown>) => assert.rejects(command, { returnCode: 0x0b });
    await Promise.all([
      cancelled((options) => alice.addName("SLOW", options)),
      cancelled((options) => alice.addGroupName("SLOWGROUP", options)),
      cancelled((options) => alice.addPermanentName("SLOWNODE", options)),
      cancelled((options) => alice.findName("NOBODY", options)),
      cancelled((options) => alice.call("ALICE", "NOBODY", options)),
      cancelled((options) => alice.listen("ALICE", "*", options)),
      cancelled((options) => alice.receive(hers, options)),
      cancelled((options) => alice.receiveAny(ANY_NAME, options)),
      cancelled((options) => alice.receiveDatagram(ANY_NAME, options)),
      cancelled((options) => alice.receiveBroadcastDatagram(options)),
      cancelled((options) => alice.sendDatagram(2, "NOBODY", octets("x"), options)),
      cancelled((options) => alice.adapterStatus("NOBODY", options)),
      cancelled((options) => alice.lanStatusAlert(options)),
      refused(alice.sendBroadcastDatagram(2, octets("x"), aborted)),
    ]);
    await refused(bob.hangUp(his, aborted));
    await assert.rejects(bob.send(his, octets("x")), { returnCode: 0x08 });
    await refused(bob.deleteName("BOB", aborted));
  });

  it("SEND that nobody receives times out, and ends the session", async () => {
    await using lan = await Loopback.open();
    const [alice, hers, bob, his] = await connected(lan);
    const large = new Uint8Array(131_071);
    const sending = async () => {
      for (;;) await bob.send(his, large, { timeoutMs: 200 });
    };
    await assert.rejects(sending(), { returnCode: 0x05 });
    assert.deepEqual(bob.sessionStatus(), []);
    await assert.rejects(
      async () => {
        for (;;) await alice.receive(hers);
      },
      { returnCode: 0x18 },
    );
  });

  it("the loss of a connection ends every command of its session with 0x18", async () => {
    await using lan = await Loopback.open();
    const [alice, hers, bob] = await connected(lan);
    const lost = (command: Promise<unknown>) => assert.rejects(command, { returnCode: 0x18 });
    // What bob does not read makes the end of his side a loss, not a hang-up.
    const sending = async () => {
      for (;;) await alice.send(hers, new Uint8Array(131_071));
    };
    const ended = Promise.all([
      lost(alice.receive(hers)),
      lost(alice.receiveAny()),
      lost(sending()),
    ]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await bob.reset();
    await ended;
    assert.deepEqual(alice.sessionStatus(), []);
  });

  it("LAN STATUS ALERT comes when a name of ours is in conflict, which then is no good", async () => {
    await using lan = await Loopback.open();
    const node = await lan.node(1, { conflictDemands: "obey" });
    const alice = openNcb(node);
    const number = await alice.addName("ALICE");
    const alert = alice.lanStatusAlert();
    const socket = createSocket("udp4");
    const demand = encodeNamePacket(conflictDemand(7, netbiosName("ALICE")));
    socket.send(demand, lan.ports.namePort ?? 0, lan.address(1));
    assert.equal(await alert, "ALICE<00> is in conflict");
    socket.close();
    await assert.rejects(alice.sendDatagram(number, "BOB", octets("x")), { returnCode: 0x15 });
    await alice.deleteName("ALICE");
  });

  it("CALL is refused by its codes, and times out", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = await adapters(lan);
    const late = alice.listen("ALICE", "CAROL", { timeoutMs: 20 });
    await assert.rejects(late, { returnCode: 0x05 });
    const cancel = new AbortController();
    const listening = alice.listen("ALICE", "CAROL", cancel);
    const ended = assert.rejects(listening, { returnCode: 0x0b });
    await new Promise((resolve) => setTimeout(resolve, 30));
    await assert.rejects(bob.call("BOB", "ALICE"), { returnCode: 0x12 });
    await assert.rejects(bob.call("BOB", "NOBODY"), { returnCode: 0x14 });
    await assert.rejects(bob.call("CAROL", "ALICE"), { returnCode: 0x13 });
    cancel.abort();
    await ended;
  });

  it("SEND DATAGRAM and BROADCAST reach RECEIVE DATAGRAM and RECEIVE BROADCAST", async () => {
    await using lan = await Loopback.open();
    const [alice, bob] = await adapters(lan);
    const direct = alice.receiveDatagram();
    const broadcast = alice.receiveBroadcastDatagram();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await bob.sendDatagram(2, "ALICE", octets("to you"));
    await bob.sendBroadcastDatagram(2, octets("to all"));
    assert.deepEqual([text(await direct), text(await broadcast)], ["to you", "to all"]);
    await assert.rejects(bob.sendDatagram(2, "ALICE", new Uint8Array(513)), { returnCode: 0x01 });
    await assert.rejects(bob.sendDatagram(9, "ALICE", octets("")), { returnCode: 0x13 });
    await assert.rejects(bob.receiveDatagram(ANY_NAME, { timeoutMs: 20 }), { returnCode: 0x05 });
  });

  it("RESET ends sessions and commands, and frees the names but the permanent one", async () => {
    await using lan = await Loopback.open();
    const [alice, hers] = await connected(lan);
    await alice.addPermanentName("NODE");
    const waiting = assert.rejects(alice.receive(hers), { returnCode: 0x0b });
    await alice.reset();
    await waiting;
    assert.deepEqual([alice.enum(), alice.sessionStatus()], [[[1, "NODE<00>"]], []]);
    assert.equal(await alice.addName("ALICE"), 2);
    alice.unlink();
  });
});

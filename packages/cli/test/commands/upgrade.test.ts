import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { connect, type Session } from "tertulia";
import { joinRoom, ROOMS_SELECTOR, type Room } from "tertulia/rooms";
import { bin, Running, serving, TemporaryHome } from "../processes.ts";

const MANY = 1000;
/** More than wait in the system's queue and in ours for strangers, together. */
const CROWD = 5000;

/** A member of a room of its own, and what became of its link. */
class Guest {
  readonly session: Session;
  readonly room: Room;
  readonly changes: string[] = [];

  constructor(session: Session, room: Room) {
    this.session = session;
    this.room = room;
    void this.#watch();
  }

  static async come(address: string, name: string): Promise<Guest> {
    // On a machine that is busy otherwise, nobody gives up before the successor is there.
    const limits = { handshakeMs: 60_000 };
    const session = await connect(`tcp://${address}`, { selector: ROOMS_SELECTOR, limits });
    return new Guest(session, await joinRoom(session, name, name));
  }

  /** Who is in its room, as the node says now. */
  async who(): Promise<string[]> {
    await this.room.askWho();
    for await (const event of this.room) {
      if (event.type === "members") return event.members.map(({ name }) => name);
    }
    throw new Error("the session ended");
  }

  async until(change: string): Promise<void> {
    while (!this.changes.includes(change)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async #watch(): Promise<void> {
    for await (const change of this.session.changes()) {
      this.changes.push(change.type === "retrying" ? change.error.message : change.type);
    }
  }
}

async function guests(address: string, count = MANY): Promise<Guest[]> {
  const all: Guest[] = [];
  while (all.length < count) {
    const names = Array.from({ length: 100 }, (_, i) => `guest${all.length + i}`);
    all.push(...(await Promise.all(names.map((name) => Guest.come(address, name)))));
  }
  return all;
}

/** Its own, however long its successor goes on writing to the same pipe. */
async function exitCodeOf({ process: child }: Running): Promise<number | null> {
  if (child.exitCode === null) await once(child, "exit");
  return child.exitCode;
}

/** Stops a process that is not our child any more. */
function stop(pid: unknown): void {
  process.kill(Number(pid), "SIGKILL");
}

describe("a node that gets SIGUSR2", () => {
  it("is replaced in place: 1,000 sessions stay, and nobody finds the port closed", async () => {
    using home = new TemporaryHome();
    const store = join(home.path, "node.db");
    const { node, address } = await serving(home, "--store", store);
    await using _ = node;
    const all = await guests(address);
    node.process.kill("SIGUSR2");
    const { successor } = await node.logged("upgrading");
    try {
      await Promise.all(all.map((guest) => guest.until("resumed")));
      const late = await Guest.come(address, "late");
      all.push(late);
      const rooms = await Promise.all(all.map((guest) => guest.who()));
      // Who comes while the successor loads is asked to come again in half a second.
      const isSmooth = (text: string) =>
        /^moving (moved )?suspended (notReady )*resumed$/.test(text);
      const rough = all.slice(0, MANY).map((guest) => guest.changes.join(" "));
      assert.deepEqual(
        { rough: rough.filter((text) => !isSmooth(text)), rooms, code: await exitCodeOf(node) },
        { rough: [], rooms: all.map(({ room }) => [room.name]), code: 0 },
      );
    } finally {
      for (const { session } of all) session.abort();
      stop(successor);
    }
  });

  it("sends nobody of 5,000 away who come back while its successor loads", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--store", join(home.path, "node.db"));
    await using _ = node;
    const all = await guests(address, CROWD);
    node.process.kill("SIGUSR2");
    const { successor } = await node.logged("upgrading");
    try {
      for (const guest of all) await guest.until("resumed");
      const expected = new Set(["moving", "moved", "suspended", "notReady", "resumed"]);
      const changes = all.flatMap((guest) => guest.changes);
      assert.deepEqual(
        changes.filter((change) => !expected.has(change)),
        [],
      );
    } finally {
      for (const { session } of all) session.abort();
      stop(successor);
    }
  });

  it("loses, repeats and reorders nothing of what is said meanwhile", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home, "--store", join(home.path, "node.db"));
    await using _ = node;
    const chat = ["chat", `tcp://${address}`, "--json", "--name"];
    await using ana = new Running(home, ...chat, "ana");
    await ana.first("joined");
    await using bob = new Running(home, ...chat, "bob");
    await bob.first("joined");
    let count = 0;
    const talking = setInterval(() => ana.say(String(++count), String(++count)), 20);
    await bob.until(() => bob.heard.length > 20);
    node.process.kill("SIGUSR2");
    const { successor } = await node.logged("upgrading");
    try {
      await Promise.all([ana.first("resumed"), bob.first("resumed")]);
      clearInterval(talking);
      ana.say(String(++count));
      await bob.until(() => bob.heard.length >= count);
      const said = Array.from({ length: count }, (_, index) => `ana: ${index + 1}`);
      assert.deepEqual(bob.heard, said);
    } finally {
      clearInterval(talking);
      stop(successor);
    }
  });

  it("goes on when it has no store, or its successor does not start", async () => {
    using home = new TemporaryHome();
    const { node, address } = await serving(home);
    await using _ = node;
    node.process.kill("SIGUSR2");
    const { reason } = await node.logged("notUpgraded");
    const guest = await Guest.come(address, "ana");
    assert.match(String(reason), /--store/);
    assert.deepEqual(await guest.who(), ["ana"]);
    guest.session.abort();
  });
});

describe("a node that systemd starts", () => {
  it("listens at the socket that it is given", async () => {
    using home = new TemporaryHome();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it is not a path
    // Node has no public way to name the descriptor of a listening socket.
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const command = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"';
    const words = [process.execPath, bin, "serve", "--home", home.path];
    const node = spawn("sh", ["-c", command, ...words], {
      stdio: ["ignore", "pipe", "inherit", fd],
    });
    await once(node.stdout ?? node, "data");
    server.close();
    const guest = await Guest.come(`127.0.0.1:${port}`, "ana");
    assert.deepEqual(await guest.who(), ["ana"]);
    guest.session.abort();
    node.kill("SIGKILL");
    await once(node, "exit");
  });
});

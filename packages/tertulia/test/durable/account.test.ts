import { deepEqual } from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { connect } from "../../src/index.ts";
import { openSqliteStore } from "../../src/stores/sqlite.ts";
import { Random } from "../../src/testing/random.ts";
import { hasPeers, leaveOut } from "../peers.ts";
import { end, openWire, pause, start } from "./kill.ts";

const KILLS = 6;
const CHANGES = 600;

/**
 * Sends amounts to an account whose process is killed now and then; gives their sum.
 *
 * @param dieBefore - Kills what the account is in, too, before half of the kills.
 */
async function sendAmounts(
  folder: string,
  kind: string,
  where: string,
  dieBefore?: () => Promise<void>,
): Promise<number> {
  const wire = await openWire();
  const startAccount = () =>
    start("account", `tcp://127.0.0.1:${wire.target}`, join(folder, "account.db"), kind, where);
  let child = startAccount();
  try {
    await using store = await openSqliteStore(join(folder, "sender.db"));
    const limits = { backoffMs: 5, backoffMsMax: 100 };
    const address = `tcp://127.0.0.1:${wire.port}`;
    const connected = async () => {
      for (;;) {
        try {
          return await connect(address, { store, limits });
        } catch {
          await pause(30);
        }
      }
    };
    await using session = await connected();
    const random = new Random(7);
    let sum = 0;
    const sending = (async () => {
      for (let i = 0; i < CHANGES; i++) {
        const amount = random.between(1, 1000);
        sum += amount;
        const sent = session.send(`${amount}`);
        if (i % 16 === 0) await sent;
      }
    })();
    for (let i = 0; i < KILLS; i++) {
      await pause(random.between(50, 400));
      if (i % 2 === 1) await dieBefore?.();
      await end(child);
      child = startAccount();
    }
    await sending;
    const exited = once(child, "exit");
    await session.release();
    await exited;
    return sum;
  } finally {
    await end(child);
    wire.close();
  }
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tertulia-account-"));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a PostgreSQL of this test's own; `undefined` when there is none to start. */
async function startPostgres(t: TestContext, folder: string) {
  if (!hasPeers(t, "psql")) return undefined;
  if (process.getuid?.() !== 0) {
    return void leaveOut(t, "to start PostgreSQL as another user needs root");
  }
  const versions = readdirSync("/usr/lib/postgresql").sort();
  const bin = join("/usr/lib/postgresql", versions.at(-1) ?? "", "bin");
  const data = join(folder, "data");
  mkdirSync(data);
  // It does not run as root.
  const [uid = 0, gid = 0] = ["-u", "-g"].map((flag) =>
    Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })),
  );
  chmodSync(folder, 0o755);
  chownSync(data, uid, gid);
  const as = { uid, gid, cwd: data, stdio: "ignore" } as const;
  execFileSync(join(bin, "initdb"), ["-D", data, "-A", "trust", "-N"], as);
  const options = ["-D", data, "-k", data, "-c", "listen_addresses="];
  const begin = () => spawn(join(bin, "postgres"), options, as);
  let server = begin();
  const run = (sql: string) =>
    execFileSync("psql", ["-qAtX", "-h", data, "-U", "postgres", "-c", sql, "postgres"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  await untilItAnswers(run);
  return {
    socket: data,
    run,
    stop: () => stop(server, "SIGINT"),
    /** Dies with whatever it has under way, and is started again. */
    async die() {
      // Its children see that it is gone, and do not outlive it: SIGQUIT is its "immediate shutdown".
      await stop(server, "SIGQUIT");
      server = begin();
      await untilItAnswers(run);
    },
  };
}

async function untilItAnswers(run: (sql: string) => string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      run("SELECT 1");
      return;
    } catch (error) {
      if (tries > 200) throw error;
      await pause(100);
    }
  }
}

async function stop(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(server, "exit");
  server.kill(signal);
  await exited;
}

const patience = { timeout: 90_000 };

describe(`a change and the cursor in one transaction, through ${KILLS} times kill -9`, () => {
  it("are exactly once in SQLite", patience, async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "own.db");
      const sum = await sendAmounts(folder, "sqlite", file);
      const db = new DatabaseSync(file);
      const row = db.prepare("SELECT total, changes FROM account").get();
      db.close();
      deepEqual({ ...row }, { total: sum, changes: CHANGES });
    });
  });

  it("are exactly once in PostgreSQL, which dies three times itself", patience, async (t) => {
    await inFolder(async (folder) => {
      const postgres = await startPostgres(t, folder);
      if (postgres === undefined) return;
      try {
        postgres.run(`CREATE TABLE account (total bigint, changes bigint);
          INSERT INTO account VALUES (0, 0);
          CREATE TABLE cursors (id text PRIMARY KEY, lane0 bigint, lane1 bigint);`);
        const changes = () => Number(postgres.run("SELECT changes FROM account"));
        /** In the middle of the changes that a process makes. */
        const die = async () => {
          const before = changes();
          while (changes() === before && before < CHANGES) await pause(5);
          await postgres.die();
        };
        const sum = await sendAmounts(folder, "postgres", postgres.socket, die);
        deepEqual(postgres.run("SELECT total, changes FROM account"), `${sum}|${CHANGES}`);
      } finally {
        await postgres.stop();
      }
    });
  });
});

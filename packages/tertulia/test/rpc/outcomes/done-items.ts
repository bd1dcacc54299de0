/** The items that a client has to call with, each once, and those of which it knows that it has. */

import type { DatabaseSync } from "node:sqlite";

const TOGETHER = 8;

export class DoneItems {
  readonly #insert: ReturnType<DatabaseSync["prepare"]>;
  readonly #known: Set<number>;
  readonly #database: DatabaseSync;
  readonly #last: number;

  constructor(database: DatabaseSync, last: number) {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("CREATE TABLE IF NOT EXISTS done (item INTEGER NOT NULL)");
    this.#database = database;
    this.#insert = database.prepare("INSERT INTO done VALUES (?)");
    this.#known = new Set();
    this.#last = last === 0 ? Number.POSITIVE_INFINITY : last;
  }

  add(item: number): void {
    this.#insert.run(item);
  }

  /** Does `work` with each item that is not done, some at a time, again until it says that it is. */
  async each(work: (item: number) => Promise<boolean>): Promise<void> {
    for (const { item } of this.#database.prepare("SELECT item FROM done").all()) {
      this.#known.add(Number(item));
    }
    let next = 1;
    const loop = async (): Promise<void> => {
      for (;;) {
        while (this.#known.has(next)) next += 1;
        const item = next++;
        if (item > this.#last) return;
        while (!(await work(item)));
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, loop));
  }
}

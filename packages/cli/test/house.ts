/**
 * A node and the people who talk through it: how most tests of chat begin.
 *
 * @module
 */

import { join } from "node:path";
import { Running, serving, TemporaryHome } from "./processes.ts";

export interface HouseOptions {
  /** What they dial it over. Default: as people do, TLS. */
  readonly over?: "tcp";
  /** Whether it keeps everything in a store. Default: in memory. */
  readonly isKept?: boolean;
}

/** The node may be killed and started again, at one address. All of them are gone at the end of the block. */
export class House implements AsyncDisposable {
  readonly home: TemporaryHome = new TemporaryHome();
  /** The file of its store. */
  readonly store: string = join(this.home.path, "node.db");
  readonly #options: HouseOptions;
  readonly #people: Running[] = [];
  #node: Running | undefined;
  #address = "127.0.0.1:0";

  constructor(options: HouseOptions = {}) {
    this.#options = options;
  }

  /** One with a node that listens. */
  static async open(options?: HouseOptions): Promise<House> {
    const house = new House(options);
    await house.start();
    return house;
  }

  /** The node that runs, or ran last. */
  get node(): Running {
    if (this.#node === undefined) throw new Error("start it first");
    return this.#node;
  }

  get address(): string {
    return this.#address;
  }

  async start(): Promise<void> {
    const kept = this.#options.isKept ? ["--store", this.store] : [];
    const { node, address } = await serving(this.home, "--listen", this.#address, ...kept);
    this.#node = node;
    this.#address = address;
  }

  /** Somebody comes into a room. Resolves when they are there. */
  async join(name: string, ...words: readonly string[]): Promise<Running> {
    const { over } = this.#options;
    const address = over ? `${over}://${this.#address}` : this.#address;
    const person = new Running(this.home, "chat", address, "--json", "--name", name, ...words);
    this.#people.push(person);
    await person.first("joined");
    return person;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of [...this.#people, this.#node]) await one?.[Symbol.asyncDispose]();
    this.home[Symbol.dispose]();
  }
}

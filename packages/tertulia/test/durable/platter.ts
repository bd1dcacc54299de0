/**
 * A disk that is made again from a trace: what it is sure to have at an instant, and what it may have.
 *
 * What was written to a file is sure when the file was synced afterwards; that a file is there, or is
 * not there any more, when its folder was. What is not sure yet a disk may have or not, in any order,
 * and of one write the first sectors only. That is what a power failure leaves: not what a file system
 * in particular makes of it, most of which keep more.
 */

import { dirname } from "node:path";
import type { Random } from "../../src/testing/random.ts";
import type { Step } from "./trace.ts";

type Change = Extract<Step, { readonly type: "truncate" | "write" }>;
type Naming = Extract<Step, { readonly type: "create" | "unlink" }>;

const SECTOR_OCTETS = 512;

/** A file by its contents: it keeps them when it loses its name. */
interface Node {
  sure: Buffer;
  unsure: Change[];
}

interface Renaming {
  readonly naming: Naming;
  readonly node: Node;
}

/** The contents of files, by their paths. */
export type Image = ReadonlyMap<string, Buffer>;

export class Platter {
  readonly #nodes = new Map<string, Node>();
  readonly #sureNames = new Map<string, Node>();
  #unsureNames: Renaming[] = [];

  /** Has a step happen. */
  apply(step: Step): void {
    switch (step.type) {
      case "create":
        if (!this.#nodes.has(step.path)) this.#create(step);
        return;
      case "write":
      case "truncate":
        if (!this.#nodes.has(step.path)) this.#create({ type: "create", path: step.path });
        this.#nodes.get(step.path)?.unsure.push(step);
        return;
      case "unlink": {
        const node = this.#nodes.get(step.path);
        if (node) this.#unsureNames.push({ naming: step, node });
        this.#nodes.delete(step.path);
        return;
      }
      case "sync":
        return this.#sync(step.path);
    }
  }

  /** What is there when the power fails now: with `random`, more than what is sure. */
  image(random?: Random): Image {
    const names = new Map(this.#sureNames);
    for (const one of this.#unsureNames) if (random?.chance(0.5)) rename(names, one);
    return new Map(
      [...names].map(([path, node]) => {
        const kept = node.unsure.filter(() => random?.chance(0.5)).map((one) => torn(one, random));
        return [path, kept.reduce(changed, node.sure)];
      }),
    );
  }

  #create(naming: Naming): void {
    const node = { sure: Buffer.alloc(0), unsure: [] };
    this.#nodes.set(naming.path, node);
    this.#unsureNames.push({ naming, node });
  }

  #sync(path: string): void {
    const node = this.#nodes.get(path);
    if (node) {
      node.sure = node.unsure.reduce(changed, node.sure);
      node.unsure = [];
    }
    const isHere = ({ naming }: Renaming) => dirname(naming.path) === path;
    for (const one of this.#unsureNames.filter(isHere)) rename(this.#sureNames, one);
    this.#unsureNames = this.#unsureNames.filter((one) => !isHere(one));
  }
}

function rename(names: Map<string, Node>, { naming, node }: Renaming): void {
  if (naming.type === "create") names.set(naming.path, node);
  else if (names.get(naming.path) === node) names.delete(naming.path);
}

function changed(contents: Buffer, change: Change): Buffer {
  if (change.type === "truncate") {
    const { size } = change;
    const rest = Buffer.alloc(Math.max(0, size - contents.length));
    return Buffer.concat([contents.subarray(0, size), rest]);
  }
  const { at, octets } = change;
  const size = Math.max(contents.length, at + octets.length);
  const result = Buffer.concat([contents, Buffer.alloc(size - contents.length)]);
  result.set(octets, at);
  return result;
}

/** What may be there of a write. */
function torn(change: Change, random: Random | undefined): Change {
  if (change.type !== "write" || !random?.chance(0.3)) return change;
  const sectors = random.between(0, Math.ceil(change.octets.length / SECTOR_OCTETS));
  return { ...change, octets: change.octets.subarray(0, sectors * SECTOR_OCTETS) };
}

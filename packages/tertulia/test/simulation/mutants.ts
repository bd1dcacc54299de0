/**
 * Mutants: the compiled source with one thing changed, loaded beside the real one under an address of
 * its own. A simulator that does not notice them would not notice a mistake of ours either.
 */

import { registerHooks } from "node:module";

export interface Mutation {
  /** What is wrong with the mutant. */
  readonly name: string;
  /** The end of the path of the file that is changed, without its ending. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What a mutant's scenario has to give back. */
interface Played {
  readonly failure?: string;
}

interface World<R extends Played> {
  readonly play: (seed: number) => R;
}

/** Octets that a mutant's modules have in their address. */
const MARK = "?mutant=";

const loaded: Mutation[] = [];

/**
 * A module that plays scenarios, over a mutant.
 *
 * @param scenario - Its address: `import.meta.resolve` knows it.
 */
export async function mutant<R extends Played>(
  mutation: Mutation,
  scenario: string,
): Promise<World<R>["play"]> {
  if (loaded.length === 0) hook();
  const index = loaded.push(mutation) - 1;
  const { play }: World<R> = await import(`${scenario}${MARK}${index}`);
  return play;
}

/** Loads what a mutant imports as its own, and changes the one file. */
function hook(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const [, index] = context.parentURL?.split(MARK) ?? [];
      const isOurs = resolved.url.startsWith("file:") && !resolved.url.includes(MARK);
      if (index === undefined || !isOurs) return resolved;
      return { ...resolved, url: `${resolved.url}${MARK}${index}` };
    },
    load(url, context, next) {
      const module = next(url, context);
      const [path, index] = url.split(MARK);
      const mutation = index === undefined ? undefined : loaded[Number(index)];
      if (mutation === undefined || !path?.endsWith(`/${mutation.file}.js`)) return module;
      const source = String(module.source);
      if (source.split(mutation.from).length !== 2) {
        throw new Error(`${mutation.name}: ${mutation.file} has not exactly one ${mutation.from}`);
      }
      return { ...module, source: source.replace(mutation.from, () => mutation.to) };
    },
  });
}

/** How many seeds a mutant may survive. */
export const SEEDS_MAX = 400;

export interface Caught {
  readonly seed: number;
  readonly failure: string;
}

/** Plays a mutant until it is caught. */
export async function hunt(mutation: Mutation, scenario: string): Promise<Caught | undefined> {
  const play = await mutant(mutation, scenario);
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { failure } = play(seed);
    if (failure !== undefined) return { seed, failure };
  }
  return undefined;
}

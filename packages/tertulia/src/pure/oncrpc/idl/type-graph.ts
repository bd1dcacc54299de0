/**
 * How types stand in each other: which could never end, which are lists, which contain themselves.
 *
 * @module
 */

import {
  type NamedType,
  type ProgramModel,
  resolved,
  type StructType,
  type Type,
} from "./model.ts";
import { IdlError, type Place } from "./source.ts";

/** Refuses types of which a value could never end, and typedefs that only name each other. */
export function checkFinite(types: readonly NamedType[], places: ReadonlyMap<string, Place>): void {
  const done = new Set<NamedType>();
  const walk = (named: NamedType, within: readonly NamedType[]): void => {
    if (within.includes(named)) {
      const place = places.get(named.name);
      if (place) throw new IdlError(place, `${named.name} contains itself without a pointer`);
    }
    if (done.has(named) || within.includes(named)) return;
    const inner = [...within, named];
    for (const type of neededBy(named)) walk(type, inner);
    done.add(named);
  };
  for (const named of types) walk(named, []);
}

/** Marks structs that point to themselves, and those that are only ever elements of a list. */
export function findLists(types: readonly NamedType[], programs: readonly ProgramModel[]): void {
  const uses = new Uses();
  for (const named of types) {
    for (const type of partsOf(named)) uses.note(type, named);
    if (named.type !== "struct") continue;
    const selves = named.fields
      .map(({ of }, index) => (pointsTo(of, named) ? index : -1))
      .filter((index) => index >= 0);
    named.selfField = selves.length === 1 ? (selves[0] ?? -1) : -1;
  }
  for (const { versions } of programs) {
    for (const { arguments: parameters, result } of versions.flatMap((one) => one.procedures)) {
      for (const one of [...parameters, result]) uses.note(one, undefined);
    }
  }
  for (const named of types) {
    if (named.type !== "struct" || uses.bare.has(named)) continue;
    const isLast = named.selfField === named.fields.length - 1 && named.fields.length > 1;
    named.isListElement = named.selfField >= 0 && isLast && uses.pointed.has(named);
  }
}

class Uses {
  /** Structs that occur other than behind a pointer. */
  readonly bare = new Set<NamedType>();
  /** Structs that others point to. */
  readonly pointed = new Set<NamedType>();

  /** Notes how a type is used, in `user` or as a procedure's argument or result. */
  note(type: Type, user: NamedType | undefined): void {
    if (type.type === "fixed" || type.type === "variable") this.note(type.of, user);
    const what = resolved(type);
    if (type.type === "reference" && what.type === "struct") this.bare.add(what);
    if (what.type === "optional") {
      const target = resolved(what.of);
      if (target !== user && target.type === "struct") this.pointed.add(target);
    }
  }
}

/** Types from which a way leads back to themselves, other than by their own one pointer. */
export function recursiveOf(types: readonly NamedType[]): Set<NamedType> {
  const recursive = new Set<NamedType>();
  for (const start of types) {
    const seen = new Set<NamedType>();
    const queue = [...reachedFrom(start)];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (next === start) {
        recursive.add(start);
        break;
      }
      if (seen.has(next)) continue;
      seen.add(next);
      for (const type of reachedFrom(next)) queue.push(type);
    }
  }
  return recursive;
}

/** The types that stand directly in a type. */
function partsOf(named: NamedType): Type[] {
  switch (named.type) {
    case "enum":
      return [];
    case "alias":
      return [named.of];
    case "struct":
      return named.fields.map(({ of }) => of);
    case "union":
      return [named.discriminant.of, ...named.arms.map(({ field }) => field.of)];
  }
}

/** The named types that every value of a type has a value of. */
function neededBy(named: NamedType): NamedType[] {
  const of = (type: Type): NamedType[] => {
    if (type.type === "reference") return [type.to];
    if (type.type === "fixed" && type.size > 0) return of(type.of);
    return [];
  };
  if (named.type === "union") {
    // Needed is what all arms need; one arm without the union ends it. Which one is not asked here.
    const arms = named.arms.map(({ field }) => of(field.of));
    const [first = [], ...others] = arms;
    return first.filter((type) => others.every((other) => other.includes(type)));
  }
  return partsOf(named).flatMap(of);
}

function reachedFrom(named: NamedType): NamedType[] {
  const of = (type: Type): NamedType[] => {
    if (type.type === "reference") return [type.to];
    return "of" in type ? of(type.of) : [];
  };
  const parts =
    named.type === "struct" && named.selfField >= 0
      ? named.fields.filter((_, index) => index !== named.selfField).map((field) => field.of)
      : partsOf(named);
  return parts.flatMap(of);
}

function pointsTo(type: Type, struct: StructType): boolean {
  const pointer = resolved(type);
  return pointer.type === "optional" && resolved(pointer.of) === struct;
}

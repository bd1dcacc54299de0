/**
 * What rpcbind counts for GETSTAT, RFC 1833 2.2.1, for each of its three versions.
 *
 * @module
 */

import type { RpcbStat } from "../pure/oncrpc/generated/rpcbind.ts";

/** Different programs that are counted; strangers choose the numbers. */
const STATISTICS_MAX = 256;
/** Procedures of version 4, and 0. */
const PROCEDURES = 13;

type Lookup = RpcbStat["addrinfo"][number];
type Passing = RpcbStat["rmtinfo"][number];

interface Counts {
  readonly info: number[];
  setinfo: number;
  unsetinfo: number;
  readonly addrinfo: Map<string, Mutable<Lookup>>;
  readonly rmtinfo: Map<string, Mutable<Passing>>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** `index` is a version's place: 0 for version 2. */
export class RpcbindStatistics {
  readonly #versions: readonly Counts[] = [0, 1, 2].map(() => ({
    info: new Array<number>(PROCEDURES).fill(0),
    setinfo: 0,
    unsetinfo: 0,
    addrinfo: new Map(),
    rmtinfo: new Map(),
  }));

  all(): RpcbStat[] {
    return this.#versions.map(({ info, setinfo, unsetinfo, addrinfo, rmtinfo }) => ({
      info: [...info],
      setinfo,
      unsetinfo,
      addrinfo: [...addrinfo.values()],
      rmtinfo: [...rmtinfo.values()],
    }));
  }

  called(index: number, procedure: number): void {
    const info = this.#versions[index]?.info;
    if (info !== undefined) info[procedure] = (info[procedure] ?? 0) + 1;
  }

  registered(index: number): void {
    const counts = this.#versions[index];
    if (counts !== undefined) counts.setinfo += 1;
  }

  unregistered(index: number): void {
    const counts = this.#versions[index];
    if (counts !== undefined) counts.unsetinfo += 1;
  }

  lookedUp(index: number, prog: number, vers: number, netid: string, isFound: boolean): void {
    const key = `${prog} ${vers} ${netid}`;
    const fresh = { prog, vers, success: 0, failure: 0, netid };
    note(this.#versions[index]?.addrinfo, key, fresh, isFound);
  }

  passedOn(
    index: number,
    passing: Pick<Passing, "prog" | "vers" | "proc" | "netid" | "indirect">,
    isSuccess: boolean,
  ): void {
    const { prog, vers, proc, netid, indirect } = passing;
    const key = `${prog} ${vers} ${proc} ${netid} ${indirect}`;
    const fresh = { ...passing, success: 0, failure: 0 };
    note(this.#versions[index]?.rmtinfo, key, fresh, isSuccess);
  }
}

function note<T extends { success: number; failure: number }>(
  table: Map<string, T> | undefined,
  key: string,
  fresh: T,
  isSuccess: boolean,
): void {
  if (table === undefined) return;
  const entry = table.get(key) ?? fresh;
  if (isSuccess) entry.success += 1;
  else entry.failure += 1;
  if (table.has(key) || table.size < STATISTICS_MAX) table.set(key, entry);
}

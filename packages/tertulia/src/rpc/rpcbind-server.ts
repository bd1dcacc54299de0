/**
 * rpcbind: the port mapper, RFC 1833 versions 2, 3 and 4, with defaults that help no attacker.
 *
 * Registering is for this machine only. Over UDP, strangers are told one address at a time: lists go
 * only to those who are allowed, because a list is many times its request and the request's sender may
 * be a lie. Passing calls on (CALLIT, BCAST, INDIRECT) is off: it hides the caller behind us.
 *
 * @module
 */

import { RpcError } from "../pure/oncrpc/failure.ts";
import {
  type Pmap,
  type Rpcb,
  type RpcbEntry,
  type RpcbRmtcallargs,
  type RpcbRmtcallres,
  type RpcbStat,
  servePmapProgV2,
  servePmapProgV3,
  servePmapProgV4,
} from "../pure/oncrpc/generated/rpcbind.ts";
import {
  NO_REPLY,
  type Procedure,
  type ServedProgram,
  type ServerCall,
} from "../pure/oncrpc/program.ts";
import { type Registration, Registry } from "../pure/oncrpc/registry.ts";
import { formatUniversalAddress, parseUniversalAddress } from "../pure/oncrpc/universal-address.ts";
import { connectUdp } from "./datagram-client.ts";
import { fromNetbuf, merged, netidOf, ownerOf, toNetbuf } from "./rpcbind-address.ts";
import { RpcbindStatistics } from "./rpcbind-statistics.ts";
import { RpcServer } from "./server.ts";

/** Who may register, and who may see lists. All optional. */
export interface RpcbindOptions {
  /** The table to serve. Default: an empty one of its own. */
  readonly registry?: Registry;
  /** Whether lists (DUMP, GETADDRLIST, GETSTAT) go to that address over UDP. Default: this machine only. */
  readonly listsOverUdp?: (address: string) => boolean;
  /** Who may register. Default: this machine only. */
  readonly registers?: (call: ServerCall) => boolean;
  /** Whether calls are passed on to local services, over UDP. Default false. */
  readonly passesCallsOn?: boolean;
  /** Milliseconds since 1970, for GETTIME. Default: `Date.now`. */
  readonly now?: () => number;
}

const PROGRAM = 100_000;
/** No reply stands where a result would: the types of handlers do not know of the exception. */
const silence = <T>(): T => NO_REPLY as unknown as T;

/** The three versions of rpcbind's program, for an `RpcServer` that listens on port 111. */
export function rpcbindPrograms(options: RpcbindOptions = {}): readonly ServedProgram[] {
  const rpcbind = new Rpcbind(options);
  const null_ = (): void => {};
  return [
    servePmapProgV2({
      null: null_,
      set: (mapping, call) => rpcbind.set(0, call, ofPmap(mapping)),
      unset: ({ prog, vers }, call) => rpcbind.unset(0, call, prog, vers, ""),
      getport: ({ prog, vers, prot }, call) => rpcbind.port(call, prog, vers, prot),
      dump: (_, call) =>
        rpcbind.list(0, call, 4, (all) =>
          all.flatMap(({ program, version, netid, address }) => {
            const prot = netid === "tcp" ? 6 : netid === "udp" ? 17 : 0;
            const port = parseUniversalAddress(address)?.port;
            if (prot === 0 || port === undefined) return [];
            return [{ map: { prog: program, vers: version, prot, port } }];
          }),
        ),
      callit: async (args, call) => {
        const passed = await rpcbind.passOn(0, 5, args, call);
        return passed === undefined ? silence() : { port: passed.port, res: passed.results };
      },
    }),
    servePmapProgV3(rpcbind.handlers(1)),
    servePmapProgV4({
      ...rpcbind.handlers(2),
      bcast: (args, call) => rpcbind.passOnAs(2, 5, args, call),
      getversaddr: (wanted, call) => rpcbind.address(2, 9, wanted, call, true),
      indirect: (args, call) => rpcbind.passOnAs(2, 10, args, call),
      getaddrlist: ({ r_prog, r_vers }, call) =>
        rpcbind.list(2, call, 11, (all) =>
          all
            .filter(({ program, version }) => program === r_prog && version === r_vers)
            .map((one) => ({ rpcb_entry_map: rpcbind.entry(one, call) })),
        ),
      getstat: (_, call) => rpcbind.list(2, call, 12, () => rpcbind.statistics()),
    }),
  ];
}

/**
 * Starts rpcbind, and registers it with itself.
 *
 * @param options.host - Default 127.0.0.1; 0.0.0.0 to serve the network.
 * @param options.port - Default 111, which needs a privilege.
 * @param options.path - Also listen on this local socket; libtirpc registers at /run/rpcbind.sock.
 */
export async function startRpcbind(
  options: RpcbindOptions & { host?: string; port?: number; path?: string } = {},
): Promise<RpcServer> {
  const { host = "127.0.0.1", port = 111, path, registry = new Registry() } = options;
  const server = new RpcServer({ programs: rpcbindPrograms({ ...options, registry }) });
  try {
    const tcp = await server.listen({ host, port });
    await server.listenUdp({ host, port: tcp.port });
    if (path !== undefined) await server.listenUnix(path);
    const address = formatUniversalAddress({ host: "0.0.0.0", port: tcp.port });
    for (const version of [4, 3, 2]) {
      for (const netid of ["tcp", "udp"]) {
        registry.set({ program: PROGRAM, version, netid, address, owner: "superuser" });
      }
    }
    for (const version of path === undefined ? [] : [4, 3]) {
      const local = { netid: "local", address: path ?? "", owner: "superuser" };
      registry.set({ program: PROGRAM, version, ...local });
    }
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

class Rpcbind {
  readonly #registry: Registry;
  readonly #listsOverUdp: (address: string) => boolean;
  readonly #registers: (call: ServerCall) => boolean;
  readonly #passesCallsOn: boolean;
  readonly #now: () => number;
  readonly #statistics = new RpcbindStatistics();

  constructor(options: RpcbindOptions) {
    this.#registry = options.registry ?? new Registry();
    this.#listsOverUdp = options.listsOverUdp ?? (() => false);
    this.#registers = options.registers ?? (({ peer }) => peer.isLocal);
    this.#passesCallsOn = options.passesCallsOn === true;
    this.#now = options.now ?? Date.now;
  }

  /** What versions 3 and 4 share; `index` is the version's place in the statistics. */
  handlers(index: number): Parameters<typeof servePmapProgV3>[0] {
    return {
      null: () => {},
      set: (wanted, call) =>
        this.set(index, call, {
          program: wanted.r_prog,
          version: wanted.r_vers,
          netid: wanted.r_netid,
          address: wanted.r_addr,
          owner: "",
        }),
      unset: ({ r_prog, r_vers, r_netid }, call) =>
        this.unset(index, call, r_prog, r_vers, r_netid),
      getaddr: (wanted, call) => this.address(index, 3, wanted, call, false),
      dump: (_, call) =>
        this.list(index, call, 4, (all) =>
          all.map((one) => ({
            rpcb_map: {
              r_prog: one.program,
              r_vers: one.version,
              r_netid: one.netid,
              r_addr: one.address,
              r_owner: one.owner,
            },
          })),
        ),
      callit: (args, call) => this.passOnAs(index, 5, args, call),
      gettime: () => {
        this.#statistics.called(index, 6);
        return Math.floor(this.#now() / 1000) >>> 0;
      },
      uaddr2taddr: (text) => {
        this.#statistics.called(index, 7);
        return toNetbuf(text);
      },
      taddr2uaddr: (netbuf) => {
        this.#statistics.called(index, 8);
        return fromNetbuf(netbuf);
      },
    };
  }

  set(index: number, call: ServerCall, registration: Registration): boolean {
    this.#statistics.called(index, 1);
    if (!this.#registers(call) || registration.program === PROGRAM) return false;
    const isSet = this.#registry.set({ ...registration, owner: ownerOf(call) });
    if (isSet) this.#statistics.registered(index);
    return isSet;
  }

  unset(index: number, call: ServerCall, program: number, version: number, netid: string): boolean {
    this.#statistics.called(index, 2);
    if (!this.#registers(call) || program === PROGRAM) return false;
    const isUnset = this.#registry.unset(program, version, netid, ownerOf(call));
    if (isUnset) this.#statistics.unregistered(index);
    return isUnset;
  }

  port(_: ServerCall, program: number, version: number, protocol: number): number {
    this.#statistics.called(0, 3);
    const netid = protocol === 6 ? "tcp" : protocol === 17 ? "udp" : "";
    const found = this.#registry.place(program, version, netid);
    this.#statistics.lookedUp(0, program, version, netid, found !== undefined);
    return found?.port ?? 0;
  }

  address(
    index: number,
    procedure: number,
    { r_prog, r_vers }: Rpcb,
    call: ServerCall,
    isExact: boolean,
  ): string {
    this.#statistics.called(index, procedure);
    // RFC 1833 2.2.1: the netid is that of the transport the request came over, whatever the argument says.
    const netid = netidOf(call);
    const found = this.#registry.find(r_prog, r_vers, netid, isExact);
    this.#statistics.lookedUp(index, r_prog, r_vers, netid, found !== undefined);
    return found === undefined ? "" : merged(found.address, call);
  }

  list<T>(
    index: number,
    call: ServerCall,
    procedure: number,
    make: (all: readonly Registration[]) => T,
  ): T {
    this.#statistics.called(index, procedure);
    const { transport, isLocal, address } = call.peer;
    if (transport === "udp" && !isLocal && !this.#listsOverUdp(address)) return silence();
    return make(this.#registry.entries());
  }

  entry({ netid, address }: Registration, call: ServerCall): RpcbEntry {
    const isStream = !netid.startsWith("udp");
    return {
      r_maddr: merged(address, call),
      r_nc_netid: netid,
      r_nc_semantics: netid === "local" ? 3 : isStream ? 3 : 1,
      r_nc_protofmly: netid === "local" ? "loopback" : netid.endsWith("6") ? "inet6" : "inet",
      r_nc_proto: netid === "local" ? "-" : isStream ? "tcp" : "udp",
    };
  }

  statistics(): RpcbStat[] {
    return this.#statistics.all();
  }

  async passOnAs(
    index: number,
    procedure: number,
    args: RpcbRmtcallargs,
    call: ServerCall,
  ): Promise<RpcbRmtcallres> {
    const passed = await this.passOn(index, procedure, args, call);
    if (passed === undefined) return silence();
    const { port, results } = passed;
    return { addr: merged(formatUniversalAddress({ host: "0.0.0.0", port }), call), results };
  }

  /** Calls the local service; without success there is no answer, except with INDIRECT. */
  async passOn(
    index: number,
    number: number,
    { prog, vers, proc, args }: RpcbRmtcallargs,
    call: ServerCall,
  ): Promise<{ port: number; results: Uint8Array } | undefined> {
    this.#statistics.called(index, number);
    const isIndirect = number === 10;
    const passing = { prog, vers, proc, netid: netidOf(call), indirect: isIndirect ? 1 : 0 };
    const refused = (error: RpcError): undefined => {
      this.#statistics.passedOn(index, passing, false);
      if (isIndirect) throw error;
    };
    const place = this.#registry.place(prog, vers, "udp");
    // Never to ourselves: a call that asks to pass on a call that asks to …
    if (!this.#passesCallsOn || prog === PROGRAM) return refused(new RpcError("PROC_UNAVAIL"));
    if (place === undefined) return refused(new RpcError("PROG_UNAVAIL"));
    const raw: Procedure<Uint8Array, Uint8Array> = {
      name: "passed on",
      number: proc,
      isIdempotent: false,
      encodeArgument: (writer, octets) => writer.raw(octets),
      decodeArgument: (reader) => reader.rest(),
      encodeResult: (writer, octets) => writer.raw(octets),
      decodeResult: (reader) => reader.rest(),
    };
    try {
      await using client = await connectUdp({ port: place.port, repeatMs: 60_000 });
      const program = { name: "passed on", program: prog, version: vers };
      const results = await client.call(program, raw, args, { timeoutMs: 3000 });
      this.#statistics.passedOn(index, passing, true);
      return { port: place.port, results };
    } catch (error) {
      return refused(error instanceof RpcError ? error : new RpcError("SYSTEM_ERR"));
    }
  }
}

function ofPmap({ prog, vers, prot, port }: Pmap): Registration {
  const netid = prot === 6 ? "tcp" : prot === 17 ? "udp" : "";
  const address = port > 0xffff ? "" : formatUniversalAddress({ host: "0.0.0.0", port });
  return { program: prog, version: vers, netid, address, owner: "" };
}

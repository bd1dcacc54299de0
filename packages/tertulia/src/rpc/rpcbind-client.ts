/**
 * Asking rpcbind where a program is, and telling it where ours is: RFC 1833 versions 4, 3 and 2.
 *
 * @module
 */

import { SessionError } from "../pure/errors.ts";
import { RpcError } from "../pure/oncrpc/failure.ts";
import {
  PmapProgV2Client,
  PmapProgV3Client,
  PmapProgV4Client,
  type Rpcb,
} from "../pure/oncrpc/generated/rpcbind.ts";
import type { Caller, CallOptions } from "../pure/oncrpc/program.ts";
import type { Registration } from "../pure/oncrpc/registry.ts";
import {
  formatUniversalAddress,
  type HostPort,
  type NetId,
  parseUniversalAddress,
} from "../pure/oncrpc/universal-address.ts";
import { connect } from "./client.ts";
import { connectUdp } from "./datagram-client.ts";

/** Which program is looked for, and where. */
export interface LookupOptions extends CallOptions {
  /** The host that is asked, and that has the program. */
  readonly host: string;
  /** The program's number. */
  readonly program: number;
  /** The version's number. */
  readonly version: number;
  /** Default `tcp`. */
  readonly transport?: "tcp" | "udp";
  /** Where rpcbind is. Default 111. */
  readonly rpcbindPort?: number;
}

/**
 * Where a program is, by the rpcbind of that host; asked over the transport that is looked for.
 *
 * @returns Host and port, or `undefined` when it is not registered. It may be the place of another
 *   version, when the one asked for is not registered: a call there then says PROG_MISMATCH.
 */
export async function lookup(options: LookupOptions): Promise<HostPort | undefined> {
  const { host, transport = "tcp", rpcbindPort: port = 111, timeoutMs, signal } = options;
  await using caller =
    transport === "tcp"
      ? await connect({
          host,
          port,
          reconnect: false,
          ...(timeoutMs !== undefined && { connectMs: timeoutMs }),
          ...(signal !== undefined && { signal }),
        })
      : await connectUdp({ host, port });
  return await new RpcbindClient(caller).find(options.program, options.version, transport, options);
}

/** Registers a service with the rpcbind of this machine, for as long as the object lives. */
export async function register(
  services: readonly {
    readonly program: number;
    readonly version: number;
    readonly netid: NetId;
    readonly host?: string;
    readonly port: number;
  }[],
  options: { readonly port?: number; readonly path?: string } = {},
): Promise<AsyncDisposable> {
  const { port = 111, path } = options;
  const where = path === undefined ? { port } : { path };
  const made: Registration[] = [];
  const remove = async (): Promise<void> => {
    await using client = await connect({ ...where, reconnect: false });
    const rpcbind = new RpcbindClient(client);
    for (const { program, version, netid } of made) await rpcbind.unset(program, version, netid);
  };
  await using client = await connect({ ...where, reconnect: false });
  const rpcbind = new RpcbindClient(client);
  for (const { program, version, netid, host, port: servicePort } of services) {
    const any = netid.endsWith("6") ? "::" : "0.0.0.0";
    const address = formatUniversalAddress({ host: host ?? any, port: servicePort });
    // What a process left that ended without a word is in the way.
    await rpcbind.unset(program, version, netid);
    if (!(await rpcbind.set({ program, version, netid, address, owner: "" }))) {
      await remove();
      throw new SessionError("ERR_REFUSED", `rpcbind refused program ${program} on ${netid}`);
    }
    made.push({ program, version, netid, address, owner: "" });
  }
  return { [Symbol.asyncDispose]: remove };
}

/** rpcbind, over any caller; it uses the newest version that is there. */
export class RpcbindClient {
  readonly v2: PmapProgV2Client;
  readonly v3: PmapProgV3Client;
  readonly v4: PmapProgV4Client;

  constructor(caller: Caller) {
    this.v2 = new PmapProgV2Client(caller);
    this.v3 = new PmapProgV3Client(caller);
    this.v4 = new PmapProgV4Client(caller);
  }

  /** Where a version of a program is; `undefined` when it is not registered. */
  async find(
    program: number,
    version: number,
    netid: "tcp" | "udp",
    options?: CallOptions,
  ): Promise<HostPort | undefined> {
    const wanted = rpcb({ program, version, netid, address: "", owner: "" });
    const address = await this.#newest(
      () => this.v4.getaddr(wanted, options),
      () => this.v3.getaddr(wanted, options),
      async () => {
        const prot = netid === "tcp" ? 6 : 17;
        const port = await this.v2.getport(
          { prog: program, vers: version, prot, port: 0 },
          options,
        );
        return port === 0 ? "" : `0.0.0.0.${port >> 8}.${port & 255}`;
      },
    );
    return address === "" ? undefined : parseUniversalAddress(address);
  }

  /** All that is registered. */
  async dump(options?: CallOptions): Promise<readonly Registration[]> {
    const of = (list: readonly { readonly rpcb_map: Rpcb }[]): Registration[] =>
      list.map(({ rpcb_map: { r_prog, r_vers, r_netid, r_addr, r_owner } }) => ({
        program: r_prog,
        version: r_vers,
        netid: r_netid,
        address: r_addr,
        owner: r_owner,
      }));
    return await this.#newest(
      async () => of(await this.v4.dump(options)),
      async () => of(await this.v3.dump(options)),
      async () =>
        (await this.v2.dump(options)).map(({ map: { prog, vers, prot, port } }) => ({
          program: prog,
          version: vers,
          netid: prot === 6 ? "tcp" : prot === 17 ? "udp" : String(prot),
          address: `0.0.0.0.${port >> 8}.${port & 255}`,
          owner: "",
        })),
    );
  }

  /** Registers; false when the server does not want to. */
  async set(registration: Registration, options?: CallOptions): Promise<boolean> {
    return await this.#newest(
      () => this.v4.set(rpcb(registration), options),
      () => this.v3.set(rpcb(registration), options),
      () => this.v2.set(pmap(registration), options),
    );
  }

  /** @param netid - Empty: all transports. */
  async unset(
    program: number,
    version: number,
    netid: string,
    options?: CallOptions,
  ): Promise<boolean> {
    const wanted: Registration = { program, version, netid, address: "", owner: "" };
    return await this.#newest(
      () => this.v4.unset(rpcb(wanted), options),
      () => this.v3.unset(rpcb(wanted), options),
      () => this.v2.unset(pmap(wanted), options),
    );
  }

  async #newest<T>(...attempts: readonly (() => Promise<T>)[]): Promise<T> {
    for (const [index, attempt] of attempts.entries()) {
      try {
        return await attempt();
      } catch (error) {
        const isOlder = error instanceof RpcError && error.status === "PROG_MISMATCH";
        if (!isOlder || index === attempts.length - 1) throw error;
      }
    }
    throw new SessionError("ERR_ARGUMENT", "no attempt");
  }
}

function rpcb({ program, version, netid, address, owner }: Registration): Rpcb {
  return { r_prog: program, r_vers: version, r_netid: netid, r_addr: address, r_owner: owner };
}

function pmap({ program, version, netid, address }: Registration): {
  prog: number;
  vers: number;
  prot: number;
  port: number;
} {
  const port = parseUniversalAddress(address)?.port ?? 0;
  return { prog: program, vers: version, prot: netid.startsWith("tcp") ? 6 : 17, port };
}

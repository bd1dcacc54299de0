/**
 * The areas of the command, each a file in `commands/`, loaded when it is asked for.
 *
 * @module
 */

import type { Command } from "commander";

/** One word behind `tertulia`, and what it loads. */
export interface Area {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ command(): Command }>;
}

/** In the order of `tertulia --help`. */
export const areas: readonly Area[] = [
  {
    name: "serve",
    summary: "run a node where people and programs meet",
    load: () => import("./commands/serve.ts"),
  },
  {
    name: "chat",
    summary: "talk to people: through a node, or from one to another",
    load: () => import("./commands/chat.ts"),
  },
  {
    name: "tunnel",
    summary: "carry other programs' connections: ssh, databases, FTP, SOCKS",
    load: () => import("./commands/tunnel.ts"),
  },
  {
    name: "pipe",
    summary: "one connection on standard input and output, for ssh's ProxyCommand",
    load: () => import("./commands/pipe.ts"),
  },
  {
    name: "identity",
    summary: "show our key, and see to the keys of others",
    load: () => import("./commands/identity.ts"),
  },
  {
    name: "sessions",
    summary: "the sessions of a node, live or in its store: list, show, end",
    load: () => import("./commands/sessions.ts"),
  },
  {
    name: "store",
    summary: "what a store has kept, and whether it is whole",
    load: () => import("./commands/store.ts"),
  },
  {
    name: "osi",
    summary: "ISO 8327 (X.225) sessions over TCP: read them, hold them",
    load: () => import("./commands/osi.ts"),
  },
  {
    name: "netbios",
    summary: "NetBIOS over TCP/IP: names, datagrams and sessions of a LAN",
    load: () => import("./commands/netbios.ts"),
  },
  {
    name: "rpc",
    summary: "ONC RPC: make TypeScript of .x files, ask, call and be found",
    load: () => import("./commands/rpc.ts"),
  },
];

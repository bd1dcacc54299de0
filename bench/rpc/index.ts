/**
 * ONC RPC: ours against the RPC libraries of Node, against libtirpc, and its codec against others.
 *
 *     npm run bench -- rpc [CASE ...]
 *
 * @module
 */

import { connect } from "tertulia/rpc";
import { BenchProgV1Client } from "../../packages/tertulia/dist/test/fixtures/oncrpc/generated/bench.js";
import type { Case } from "../harness.ts";
import { bareClient } from "./bare-node.ts";
import { type Calls, callsOf, cClient, cServer, load, peer, rate } from "./callers.ts";
import { decoders, encoders, operations } from "./codecs.ts";
import { groupCommits } from "./commits.ts";

const LIBRARIES = ["tertulia", "tertulia-once", "grpc-js", "vscode-jsonrpc", "capnweb"] as const;

function calls(
  name: string,
  inFlight: number,
  which: keyof Calls,
  others: Case["columns"] = {},
): Case {
  const libraries = LIBRARIES.map((library) => [
    library,
    async () => rate((await callsOf(library))[which], inFlight),
  ]);
  const columns = { ...Object.fromEntries(libraries), ...others };
  return { name, unit: "calls/s", better: "higher", columns };
}

let bare: Promise<() => Promise<void>> | undefined;

/** One call at a time, by what does nothing else: how fast processes wake each other. */
const WAKING: Case["columns"] = {
  "tertulia-sleep": async () => rate((await callsOf("tertulia-sleep")).none, 1),
  "tertulia-once-sleep": async () => rate((await callsOf("tertulia-once-sleep")).none, 1),
  "bare-node": async () => {
    bare ??= peer("bare-node").then(async (port) => {
      const call = await bareClient(port);
      await rate(call, 1, 1000);
      return call;
    });
    return await rate(await bare, 1);
  },
  libtirpc: async () => cClient(await cServer()),
};

const servers = new Map<string, Promise<number>>();

/** A server in Node that the loader has warmed up; its port. */
function warmed(kind: string): Promise<number> {
  let server = servers.get(kind);
  if (server === undefined) {
    server = peer(kind).then(async (port) => {
      await load(port, 64);
      return port;
    });
    servers.set(kind, server);
  }
  return server;
}

function loaded(name: string, inFlight: number, ...others: readonly string[]): Case {
  const inNode = ["tertulia", ...others].map((kind) => [
    kind,
    async () => load(await warmed(kind), inFlight),
  ]);
  return {
    name,
    unit: "calls/s",
    better: "higher",
    columns: {
      ...Object.fromEntries(inNode),
      libtirpc: async () => load(await cServer(), inFlight),
    },
  };
}

let clientOfC: Promise<BenchProgV1Client> | undefined;

function codec(name: string, codecs: Readonly<Record<string, () => unknown>>): Case {
  const columns = Object.entries(codecs).map(([column, work]) => [
    column,
    async () => operations(work),
  ]);
  return { name, unit: "operations/s", better: "higher", columns: Object.fromEntries(columns) };
}

export const cases: readonly Case[] = [
  calls("rpc-null-64", 64, "none"),
  calls("rpc-null-1", 1, "none", WAKING),
  calls("rpc-echo1k-64", 64, "echo"),
  {
    name: "rpc-once-disk-64",
    unit: "calls/s",
    better: "higher",
    columns: {
      "tertulia-once": async () => rate((await callsOf("tertulia-once-disk")).none, 64),
      // What the disk gives: as many outcomes kept a second, 64 a commit, with nothing around it.
      sqlite: async () => groupCommits(64),
    },
  },
  loaded("rpcload-null-64", 64),
  // What Node itself leaves of it, beside.
  loaded("rpcload-null-1", 1, "bare-node"),
  {
    name: "rpc-client-null-1",
    unit: "calls/s",
    better: "higher",
    columns: {
      tertulia: async () => {
        clientOfC ??= connect({ port: await cServer() }).then(async (client) => {
          const bench = new BenchProgV1Client(client);
          await rate(() => bench.null(), 1, 1000);
          return bench;
        });
        const bench = await clientOfC;
        return await rate(() => bench.null(), 1);
      },
      libtirpc: async () => cClient(await cServer()),
    },
  },
  codec("xdr-encode", encoders),
  codec("xdr-decode", decoders),
];

import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { duplexPair } from "node:stream";
import { describe, it } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { dialerOf } from "../../src/io/dial.ts";
import { DuplexTransport } from "../../src/io/duplex-transport.ts";
import { memoryPair } from "../../src/io/memory-transport.ts";
import { dialProcess } from "../../src/io/stdio-transport.ts";
import type { Transport } from "../../src/io/transport.ts";
import { serveWebSockets } from "../../src/io/websocket-server.ts";
import {
  type TransportContractOptions,
  type TransportPair,
  transportContract,
} from "../../src/testing/transport-contract.ts";
import { certificate } from "../io/certificates.ts";

const never = new AbortController().signal;

describeTransport("tcp", {
  supports: { clogging: true, binding: false },
  open: async () => {
    const server = createServer();
    const accepted = new Promise<Transport>((resolve) =>
      server.once("connection", (socket) => resolve(new DuplexTransport("tcp", socket))),
    );
    return joined(server, accepted, (port) => `tcp://127.0.0.1:${port}`);
  },
});

describeTransport("tls", {
  supports: { clogging: true, binding: true },
  open: async () => {
    const server = createTlsServer({ ...certificate, ALPNProtocols: ["tertulia/1"] });
    const accepted = new Promise<Transport>((resolve) =>
      server.once("secureConnection", (socket) => resolve(new DuplexTransport("tls", socket))),
    );
    return joined(server, accepted, (port) => `tls://localhost:${port}`);
  },
});

describeTransport("unix", {
  supports: { clogging: true, binding: false },
  open: async () => {
    const path = `/tmp/tertulia-${process.pid}-${++sockets}.sock`;
    const server = createServer();
    const accepted = new Promise<Transport>((resolve) =>
      server.once("connection", (socket) => resolve(new DuplexTransport("unix", socket))),
    );
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const initiator = await dialerOf(`unix:${path}`)(never);
    server.close();
    return { initiator, responder: await accepted };
  },
});
let sockets = 0;

describeTransport("websocket", {
  supports: { clogging: true, binding: false },
  open: async () => {
    const server = createHttpServer();
    const accepted = new Promise<Transport>((resolve) =>
      serveWebSockets({ receive: resolve, refused() {} }, server),
    );
    return joined(server, accepted, (port) => `ws://127.0.0.1:${port}`);
  },
});

describeTransport("stdio of a child process", {
  supports: { clogging: true, binding: false },
  open: openProcess,
});

const unheard = "destroying one side of a stream.duplexPair does not reach the other";

describeTransport("a pair of duplexes", {
  supports: { clogging: true, binding: false },
  skip: {
    "tells both sides of an abort": unheard,
    "tells a sink that is attached": unheard,
    "does nothing after": unheard,
    "may be ended while": unheard,
  },
  open: async () => {
    const [one, other] = duplexPair();
    return {
      initiator: new DuplexTransport("duplex", one),
      responder: new DuplexTransport("duplex", other),
    };
  },
});

describeTransport("memory", {
  supports: { clogging: false, binding: false },
  open: async () => {
    const [initiator, responder] = memoryPair();
    return { initiator, responder };
  },
});

function describeTransport(kind: string, options: TransportContractOptions): void {
  describe(`transport contract: ${kind}`, () => {
    for (const { claim, skip, run } of transportContract(options)) it(claim, { skip }, run);
  });
}

/** The other end of the child's input and output is a connection back to us. */
async function openProcess(): Promise<TransportPair> {
  const server = createServer();
  const accepted = new Promise<Transport>((resolve) =>
    server.once("connection", (socket) => resolve(new DuplexTransport("tcp", socket))),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on one
  const program = `
    const socket = require("node:net").connect(${port}, "127.0.0.1");
    socket.on("error", () => process.exit());
    process.stdin.pipe(socket).pipe(process.stdout);`;
  const initiator = await dialProcess(process.execPath, ["-e", program])(never);
  const responder = await accepted;
  server.close();
  return { initiator, responder };
}

/** Dials a server that takes one connection. */
async function joined(
  server: import("node:net").Server,
  accepted: Promise<Transport>,
  addressOf: (port: number) => string,
): Promise<TransportPair> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on one
  const dial = dialerOf(addressOf(port), { tls: { ca: certificate.cert } });
  const initiator = await dial(never);
  const responder = await accepted;
  server.close();
  return { initiator, responder };
}

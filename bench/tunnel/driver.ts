/**
 * One of the two programs at the ends of a forward: the target, which counts what comes or says it
 * back, or the client, which sends. Does what its parent asks. See `ends.ts`.
 *
 * @module
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { answerWith } from "../worker.ts";
import type { Command } from "./ends.ts";

/** What the client begins a connection with: what the target is to do. */
const COUNT = 0x63;
const ECHO = 0x65;
/** One write of a program that copies a file. */
const CHUNK_OCTETS = 256 * 1024;
const WARM_UP_MS = 200;
/** Connections that are opened at a time. */
const CONCURRENT = 32;

const idle: Socket[] = [];
let accepted = 0;

answerWith(run);

async function run(command: Command): Promise<number> {
  switch (command.type) {
    case "listen":
      return listen();
    case "send":
      return sendFor(command.port, command.ms);
    case "echo":
      return echoFor(command.port, command.octets, command.ms);
    case "open":
      return openMany(command.port, command.count);
    case "accepted":
      while (accepted < command.count) await new Promise((resolve) => setTimeout(resolve, 5));
      return accepted;
    case "close":
      for (const socket of idle.splice(0)) socket.destroy();
      return 0;
  }
}

async function listen(): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted += 1;
    socket.on("error", () => {});
    socket.once("data", (octets) => {
      if (octets[0] === COUNT) return count(socket);
      socket.on("data", (more) => socket.write(more));
      socket.on("end", () => socket.end());
      if (octets.length > 1) socket.write(octets.subarray(1));
    });
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 });
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // it is TCP
}

/** Counts to the end, and says when there is one. */
function count(socket: Socket): void {
  socket.resume();
  socket.on("data", () => {});
  socket.on("end", () => socket.end("."));
}

/** Octets a second, from the first written to the word that the last has come. */
async function sendFor(port: number, ms: number): Promise<number> {
  await send(port, WARM_UP_MS);
  return send(port, ms);
}

async function send(port: number, ms: number): Promise<number> {
  const socket = await opened(port);
  const chunk = Buffer.alloc(CHUNK_OCTETS, 0x61);
  socket.write(Buffer.of(COUNT));
  const start = performance.now();
  let octets = 0;
  while (performance.now() < start + ms) {
    octets += chunk.length;
    if (!socket.write(chunk)) await once(socket, "drain");
  }
  socket.end();
  await once(socket, "data");
  socket.destroy();
  return (octets * 1000) / (performance.now() - start);
}

/** Microseconds from a message to its echo. */
async function echoFor(port: number, octets: number, ms: number): Promise<number> {
  const socket = await opened(port);
  socket.write(Buffer.of(ECHO));
  const message = Buffer.alloc(octets, 0x61);
  const trip = async (): Promise<void> => {
    socket.write(message);
    for (let left = octets; left > 0; ) left -= (await once(socket, "data"))[0].length;
  };
  for (let i = 0; i < 50; i++) await trip();
  const start = performance.now();
  let trips = 0;
  for (; performance.now() < start + ms; trips++) await trip();
  const microseconds = ((performance.now() - start) * 1000) / trips;
  socket.destroy();
  return microseconds;
}

async function openMany(port: number, count: number): Promise<number> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = await opened(port);
      idle.push(socket);
      socket.write(Buffer.of(ECHO, 0x61));
      await once(socket, "data");
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  return idle.length;
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  await once(socket, "connect");
  socket.on("error", () => {});
  return socket;
}

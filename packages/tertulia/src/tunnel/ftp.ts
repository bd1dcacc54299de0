/**
 * FTP through a tunnel: the control connection is read along on both ends, because its lines name
 * addresses that mean nothing on the other side.
 *
 * Passive: the server's answer names a port there; the client's end listens on a port here instead,
 * and what comes to it goes to that port, which the far end allows because it saw the same answer.
 * Active: the client's command names a port here; the far end listens there instead, and what comes
 * goes back to the client, whose end allows it because it saw the command. Encrypted control
 * connections (AUTH TLS) cannot be read along; passive FTP through SOCKS is for those.
 *
 * @module
 */

import type { Socket } from "node:net";
import { resetSocket } from "../io/reset.ts";
import type { SessionStream } from "../io/stream.ts";
import {
  type DataAddress,
  LineRewriter,
  readEprt,
  readEpsv,
  readPasv,
  readPort,
  writeEpsv,
  writePasv,
  writePort,
} from "../pure/ftp/lines.ts";
import { failureOf, failures } from "./opening.ts";
import { listenAt, localOf, remoteOf } from "./sockets.ts";
import { formatTarget, type Target } from "./spec.ts";
import type { Traffic } from "./splice.ts";

/** Data connections announced and not made: a client makes one at a time. */
const ANNOUNCED_MAX = 16;
/** How long one may take to come. */
const ANNOUNCED_MS = 60_000;

/** The end that the server of FTP is at. */
export class FtpTargetSide {
  readonly #socket: Socket;
  readonly #target: Target;
  readonly #onActive: (socket: Socket, client: Target) => void;
  readonly #passive = new Set<number>();
  readonly #ports: DataPorts;

  /** @param onActive - The server connects to what stands for this address of the client's. */
  constructor(socket: Socket, target: Target, onActive: (socket: Socket, client: Target) => void) {
    this.#socket = socket;
    this.#target = target;
    this.#onActive = onActive;
    this.#ports = new DataPorts(socket);
  }

  /** Where a data connection to an announced port goes; `undefined` when it was not announced. */
  takePassive(port: number): Target | undefined {
    return this.#passive.delete(port) ? { host: this.#target.host, port } : undefined;
  }

  async run(stream: SessionStream, traffic: Traffic): Promise<void> {
    const fromServer = new LineRewriter((line) => {
      const port = readPasv(line)?.port ?? readEpsv(line);
      if (port !== undefined) announce(this.#passive, port);
      return line;
    });
    const fromClient = new LineRewriter(async (line) => {
      const client = readPort(line) ?? readEprt(line);
      if (client === undefined) return line;
      return writePort(await this.#ports.open((socket) => this.#onActive(socket, client)));
    });
    await spliceLines(this.#socket, stream, traffic, fromServer, fromClient);
  }

  close(): void {
    this.#ports.close();
  }
}

/** The end that the client of FTP is at. */
export class FtpClientSide {
  readonly #socket: Socket;
  readonly #onPassive: (socket: Socket, port: number) => void;
  readonly #active = new Set<string>();
  readonly #ports: DataPorts;

  /** @param onPassive - The client connects to what stands for this port of the server's. */
  constructor(socket: Socket, onPassive: (socket: Socket, port: number) => void) {
    this.#socket = socket;
    this.#onPassive = onPassive;
    this.#ports = new DataPorts(socket);
  }

  /** Whether the client announced this address, which is so once. */
  takeActive(address: Target): boolean {
    return this.#active.delete(formatTarget(address));
  }

  async run(stream: SessionStream, traffic: Traffic, early?: Uint8Array): Promise<void> {
    const fromServer = new LineRewriter(async (line) => {
      const passive = readPasv(line);
      const port = passive?.port ?? readEpsv(line);
      if (port === undefined) return line;
      const here = await this.#ports.open((socket) => this.#onPassive(socket, port));
      return passive ? writePasv(here) : writeEpsv(here.port);
    });
    const fromClient = new LineRewriter((line) => {
      const address = readPort(line) ?? readEprt(line);
      // A client may announce its own address only: a tunnel is no way to connect to others.
      if (address && address.host === remoteOf(this.#socket).host) {
        announce(this.#active, formatTarget(address));
      }
      return line;
    });
    await spliceLines(this.#socket, stream, traffic, fromClient, fromServer, early);
  }

  close(): void {
    this.#ports.close();
  }
}

/** Notes it; what was announced so long ago that nobody came is forgotten. */
function announce<T>(announced: Set<T>, one: T): void {
  announced.delete(one);
  announced.add(one);
  for (const oldest of announced) {
    if (announced.size <= ANNOUNCED_MAX) return;
    announced.delete(oldest);
  }
}

/** Ports that wait for one data connection each, beside one control connection. */
class DataPorts {
  readonly #control: Socket;
  /** Ends the waiting of each, the oldest first. */
  readonly #awaited = new Set<() => void>();

  constructor(control: Socket) {
    this.#control = control;
  }

  /** Opens a port for the next data connection from where the control connection leads. */
  async open(onConnection: (socket: Socket) => void): Promise<DataAddress> {
    const { host } = localOf(this.#control);
    const { server, address } = await listenAt({ host, port: 0 }, (socket) => {
      // Nobody else on the way may take the place of the one who was told the port.
      if (remoteOf(socket).host !== remoteOf(this.#control).host) return void socket.destroy();
      close();
      onConnection(socket);
    });
    const close = () => {
      clearTimeout(timer);
      this.#awaited.delete(close);
      server.close();
    };
    const timer = setTimeout(close, ANNOUNCED_MS);
    this.#awaited.add(close);
    const [oldest] = this.#awaited;
    if (this.#awaited.size > ANNOUNCED_MAX) oldest?.();
    return { host, port: address.port };
  }

  close(): void {
    for (const close of this.#awaited) close();
  }
}

/** As `splice`, line by line. */
async function spliceLines(
  socket: Socket,
  stream: SessionStream,
  traffic: Traffic,
  fromSocket: LineRewriter,
  fromStream: LineRewriter,
  early?: Uint8Array,
): Promise<void> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  socket.on("error", reject);
  const latin1 = (octets: Uint8Array) => Buffer.from(octets).toString("latin1");
  const upload = async () => {
    for await (const octets of socket) {
      traffic.sentOctets += octets.length;
      const text = await fromSocket.push(latin1(octets));
      if (text !== "") await stream.write(Buffer.from(text, "latin1"));
    }
    const rest = fromSocket.flush();
    if (rest !== "") await stream.write(Buffer.from(rest, "latin1"));
    stream.end();
  };
  const download = async () => {
    let octets = early && early.length > 0 ? early : await stream.read();
    for (; octets; octets = await stream.read()) {
      traffic.receivedOctets += octets.length;
      const text = await fromStream.push(latin1(octets));
      // Whoever does not read has the far end wait, too.
      await new Promise<void>((resolve) => socket.write(text, "latin1", () => resolve()));
    }
    socket.end(fromStream.flush(), "latin1");
  };
  try {
    await Promise.race([Promise.all([upload(), download()]), failed]);
  } catch (error) {
    stream.reset(failures[failureOf(error)]);
    resetSocket(socket);
    throw error;
  }
}

/**
 * Any Node duplex as a transport: sockets, TLS, standard input and output, a child process.
 *
 * @module
 */

import { createHash, X509Certificate } from "node:crypto";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { SessionError } from "../pure/errors.ts";
import { NO_OCTETS } from "../pure/octets.ts";
import { hostAndPort } from "./address.ts";
import { Delivery } from "./delivery.ts";
import { resetSocket } from "./reset.ts";
import { readShared } from "./shared-reads.ts";
import type { Transport, TransportPeer, TransportSink } from "./transport.ts";

/** Octets that may wait in the stream's own buffer before it counts as clogged. */
const CLOGGED_OCTETS = 256 * 1024;

/** How long the peer may take to close its side after we have closed ours. */
const LINGER_MS = 2000;

/** RFC 9266 names it "tls-exporter"; the label is ours, so that nobody else's binding is the same. */
const EXPORTER_LABEL = "EXPORTER-Tertulia-1";

/**
 * Any Node duplex as a transport: a socket, TLS, standard input and output, a child process. It
 * belongs to the transport from then on.
 */
export class DuplexTransport implements Transport {
  readonly kind: string;
  readonly isConfidential: boolean;
  readonly binding: Uint8Array;
  readonly peer: TransportPeer;
  readonly #stream: Duplex;
  readonly #delivery = new Delivery();
  #isClogged = false;

  /**
   * @param stream - Open already. The transport is its owner from now on, and does not read from it
   *   before a sink is attached.
   * @param early - What was read from it already.
   */
  constructor(kind: string, stream: Duplex, early: Uint8Array = NO_OCTETS) {
    this.kind = kind;
    this.#stream = stream;
    if (early.length > 0) this.#delivery.received(plain(early));
    const isTls = stream instanceof TLSSocket;
    this.isConfidential = isTls || kind === "unix" || kind === "stdio";
    this.binding = isTls ? stream.exportKeyingMaterial(32, EXPORTER_LABEL, NO_BUFFER) : NO_OCTETS;
    this.peer = isTls ? tlsPeer(stream) : lazyPeerOf(stream);
    if (stream instanceof Socket) stream.setNoDelay(true);
    stream.pause();
    const ended = () => this.#ended();
    stream.on("end", ended);
    stream.on("close", ended);
    stream.on("error", (error) => {
      this.#ended(new SessionError("ERR_CLOSED", error.message, { cause: error }));
      stream.destroy();
    });
  }

  attach(sink: TransportSink): void {
    const isFirst = !this.#delivery.isAttached;
    if (isFirst) this.#read();
    this.#delivery.attach(sink);
    if (isFirst) this.#stream.resume();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return true;
    if (chunks.length === 1) {
      stream.write(chunks[0]);
    } else {
      stream.cork();
      for (const chunk of chunks) stream.write(chunk);
      stream.uncork();
    }
    if (this.#isClogged) return false;
    this.#isClogged = stream.writableNeedDrain && stream.writableLength > CLOGGED_OCTETS;
    if (this.#isClogged) stream.once("drain", () => this.#drained());
    return !this.#isClogged;
  }

  end(): void {
    if (this.#stream.destroyed) return;
    this.#stream.end();
    const timer = setTimeout(() => this.#stream.destroy(), LINGER_MS);
    timer.unref();
    this.#stream.once("close", () => clearTimeout(timer));
    // What comes now is nobody's; reading it is what lets the stream close.
    this.#stream.resume();
  }

  abort(): void {
    // Only TCP has a reset; a Unix socket throws when it is asked for one.
    if (this.kind === "tcp" && this.#stream instanceof Socket) resetSocket(this.#stream);
    else this.#stream.destroy();
  }

  #read(): void {
    const stream = this.#stream;
    const delivery = this.#delivery;
    const isShared = stream instanceof Socket && readShared(stream, delivery);
    // What was read before comes this way in any case.
    if (isShared && stream.readableLength === 0) return;
    stream.on("data", (octets: Uint8Array) => delivery.received(plain(octets)));
  }

  #drained(): void {
    this.#isClogged = false;
    this.#delivery.drained();
  }

  #ended(error?: SessionError): void {
    if (this.#delivery.hasEnded) return;
    this.#delivery.ended(error);
    if (!this.#stream.destroyed) this.end();
  }
}

/** Not a Buffer any more: its `slice` would be a view where everybody else's is a copy. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const NO_BUFFER = Buffer.alloc(0);

/** Who is at the other end of a stream, as far as it tells. */
export function peerOf(stream: Duplex): TransportPeer {
  return stream instanceof TLSSocket ? tlsPeer(stream) : { address: addressOf(stream) };
}

/** The same for one that has no more to tell than its address, which is looked up when it is asked for. */
function lazyPeerOf(stream: Duplex): TransportPeer {
  return {
    get address() {
      return addressOf(stream);
    },
  };
}

function addressOf(stream: Duplex): string {
  if (!(stream instanceof Socket) || stream.remoteAddress === undefined) return "";
  return hostAndPort(stream.remoteAddress, stream.remotePort);
}

function tlsPeer(socket: TLSSocket): TransportPeer {
  const address = addressOf(socket);
  const raw: Buffer | undefined = socket.getPeerCertificate().raw;
  if (raw === undefined) return { address };
  const certificate = new X509Certificate(raw);
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  const commonName = /^CN=(.*)$/m.exec(certificate.subject)?.[1];
  return {
    address,
    keyFingerprint: createHash("sha256").update(key).digest("hex"),
    isAuthorized: socket.authorized,
    ...(commonName !== undefined && { commonName }),
  };
}

/**
 * RPC with TLS, RFC 9289: a probe in the clear, then TLS on the same connection.
 *
 * TCP only: TLS over UDP would be DTLS 1.3, which Node does not have.
 *
 * @module
 */

import { randomInt } from "node:crypto";
import { isIP, type Socket } from "node:net";
import {
  checkServerIdentity,
  connect as connectTls,
  createServer,
  type PeerCertificate,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from "node:tls";
import { SessionError } from "../pure/errors.ts";
import {
  AUTH_NONE,
  AuthFlavor,
  decodeReply,
  encodeCall,
  REPLY,
  RPC_VERSION,
} from "../pure/oncrpc/message.ts";
import { encodeRecord, RecordDecoder } from "../pure/oncrpc/record.ts";
import { XdrReader } from "../pure/oncrpc/xdr-reader.ts";
import { XdrWriter } from "../pure/oncrpc/xdr-writer.ts";
import { deadline } from "./deadline.ts";

/** RFC 9289 5.1: "sunrpc" is the ALPN protocol identifier of RPC. */
const ALPN = "sunrpc";

/** Whether and how a client wants TLS, RFC 9289. */
export interface ClientTls {
  /**
   * `required`: without TLS the connection fails. `opportunistic`: with a server that does not offer
   * it calls go in the clear, and one that does not prove who it is is believed; that stops listeners,
   * not attackers.
   */
  readonly mode: "required" | "opportunistic";
  /** Whom to trust, and our own certificate if the server wants one. */
  readonly context?: SecureContextOptions;
  /** The name that the server's certificate has to be for. Default: the host that was called. */
  readonly serverName?: string;
  /** How long probe and handshake may take. Default 10 s. */
  readonly handshakeMs?: number;
}

/** Whether and how a server offers TLS, RFC 9289. */
export interface ServerTls {
  /** Certificate and key, and whom to trust for client certificates. */
  readonly context: SecureContextOptions & { readonly ALPNProtocols?: never };
  /** Whether calls in the clear are refused, with AUTH_TOOWEAK. Default false. */
  readonly isRequired?: boolean;
  /** Whether the client has to have a certificate, too. Default false. */
  readonly clientCertificate?: "none" | "requested" | "required";
  /** How long a handshake may take. Default 10 s. */
  readonly handshakeMs?: number;
}

/**
 * Secures a connection that has just been made; in opportunistic mode it may come back as it was.
 *
 * @param program - A program that the server has: its procedure 0 is what the probe calls.
 * @throws {SessionError} `ERR_REFUSED` when the server does not offer TLS and it is required.
 */
export async function startClientTls(
  socket: Socket,
  host: string,
  program: { readonly program: number; readonly version: number },
  tls: ClientTls,
): Promise<Socket> {
  const { handshakeMs = 10_000 } = tls;
  const isOffered = await probe(socket, program, handshakeMs);
  if (!isOffered) {
    if (tls.mode === "required") {
      socket.destroy();
      throw new SessionError("ERR_REFUSED", "the server does not offer TLS (RFC 9289 4.1)");
    }
    return socket;
  }
  const serverName = tls.serverName ?? host;
  const isOpportunistic = tls.mode === "opportunistic";
  const secured = connectTls({
    ...tls.context,
    socket,
    ALPNProtocols: [ALPN],
    // RFC 9289 5: "Implementations MUST NOT negotiate TLS versions prior to 1.3".
    minVersion: "TLSv1.3",
    // SNI takes names only, RFC 6066 3.
    ...(isIP(serverName) === 0 && { servername: serverName }),
    rejectUnauthorized: !isOpportunistic,
    checkServerIdentity: (_, certificate) =>
      isOpportunistic ? undefined : checkIdentity(serverName, certificate),
  });
  await handshake(secured, handshakeMs);
  if (secured.alpnProtocol !== ALPN) {
    secured.destroy();
    throw new SessionError("ERR_REFUSED", "the server did not choose ALPN sunrpc (RFC 9289 5.1)");
  }
  return secured;
}

/** The server's part, for all its connections: one context, made once. */
export class TlsAcceptor {
  readonly #server: Server;
  readonly #isStrict: boolean;
  /** Handshakes under way, by where the client calls from. */
  readonly #waiting = new Map<string, (result: TLSSocket | SessionError) => void>();

  constructor(tls: ServerTls) {
    const { clientCertificate = "none", handshakeMs = 10_000, context } = tls;
    this.#isStrict = clientCertificate === "required";
    this.#server = createServer({
      ...context,
      ALPNProtocols: [ALPN],
      minVersion: "TLSv1.3",
      requestCert: clientCertificate !== "none",
      rejectUnauthorized: this.#isStrict,
      handshakeTimeout: handshakeMs,
    });
    this.#server.on("secureConnection", (socket) => this.#settle(socket, socket));
    this.#server.on("tlsClientError", (cause, socket) => {
      const error = new SessionError("ERR_REFUSED", `TLS failed: ${cause.message}`, { cause });
      this.#settle(socket, error);
    });
  }

  /** Secures a connection on which the reply to the probe has been written. */
  async accept(socket: Socket): Promise<TLSSocket> {
    const key = keyOf(socket);
    const result = await new Promise<TLSSocket | SessionError>((resolve) => {
      this.#waiting.set(key, resolve);
      socket.once("close", () => {
        resolve(new SessionError("ERR_CLOSED", "closed in the TLS handshake"));
        if (this.#waiting.get(key) === resolve) this.#waiting.delete(key);
      });
      // "This event can also be explicitly emitted by users to inject connections into the TLS server."
      this.#server.emit("connection", socket);
    });
    if (result instanceof SessionError) {
      // Node itself leaves one open whose handshake took too long.
      socket.destroy();
      throw result;
    }
    // RFC 9289 5.1: both ends have to offer the protocol.
    if (result.alpnProtocol === ALPN) return result;
    result.destroy();
    throw new SessionError("ERR_REFUSED", "the client did not offer ALPN sunrpc (RFC 9289 5.1)");
  }

  #settle(socket: TLSSocket, result: TLSSocket | SessionError): void {
    const key = keyOf(socket);
    this.#waiting.get(key)?.(result);
    this.#waiting.delete(key);
  }
}

function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  // A client may call several ports of ours from one of its own.
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** RFC 9289 5.2.1: dNSName or iPAddress has to match, and "wildcards MUST NOT be used". */
function checkIdentity(name: string, certificate: PeerCertificate): Error | undefined {
  const names = (certificate.subjectaltname ?? "")
    .split(", ")
    .filter((part) => !part.includes("*"))
    .join(", ");
  // The common name is no identity there, so that Node must not fall back to it.
  return checkServerIdentity(name, {
    ...certificate,
    subject: { ...certificate.subject, CN: "" },
    subjectaltname: names,
  });
}

/** Asks with AUTH_TLS; whether the answer is STARTTLS. */
async function probe(
  socket: Socket,
  { program, version }: { readonly program: number; readonly version: number },
  waitMs: number,
): Promise<boolean> {
  const xid = randomInt(0x1_0000_0000);
  const writer = new XdrWriter();
  encodeCall(writer, {
    xid,
    rpcVersion: RPC_VERSION,
    program,
    version,
    procedure: 0,
    credential: { flavor: AuthFlavor.TLS, body: new Uint8Array() },
    verifier: AUTH_NONE,
  });
  socket.write(encodeRecord(writer.finish()));
  const record = await oneRecord(socket, waitMs);
  const reader = new XdrReader(record);
  if (reader.uint() !== xid || reader.uint() !== REPLY) {
    socket.destroy();
    throw new SessionError("ERR_PROTOCOL", "the answer to the TLS probe is not a reply to it");
  }
  const body = decodeReply(reader);
  if (body.type === "SUCCESS") reader.finish();
  return (
    body.type === "SUCCESS" &&
    body.verifier.flavor === AuthFlavor.NONE &&
    Buffer.from(body.verifier.body).toString("latin1") === "STARTTLS"
  );
}

function oneRecord(socket: Socket, waitMs: number): Promise<Uint8Array> {
  // A reply without results; whatever is larger is no answer to a probe.
  const decoder = new RecordDecoder({ recordMax: 4096 });
  return new Promise((resolve, reject) => {
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      socket.off("data", onData).off("error", onError).off("close", onClose);
      socket.pause();
      action();
    };
    const fail = (error: SessionError): void => {
      settle(() => {
        socket.destroy();
        reject(error);
      });
    };
    const onData = (chunk: Buffer): void => {
      try {
        decoder.receive(chunk);
        if (!decoder.next()) return;
        const { octets, start, end } = decoder;
        // Said in the clear, it would else be taken for what comes after, or lost.
        if (decoder.hasMore) throw new SessionError("ERR_PROTOCOL", "octets behind the answer");
        settle(() => resolve(octets.subarray(start, end)));
      } catch (cause) {
        fail(new SessionError("ERR_PROTOCOL", "no record came back", { cause }));
      }
    };
    const onError = (cause: Error): void =>
      fail(new SessionError("ERR_CLOSED", `connection lost: ${cause.message}`, { cause }));
    const onClose = (): void =>
      fail(new SessionError("ERR_CLOSED", "the server closed at the TLS probe"));
    const timer = deadline(waitMs, () =>
      fail(new SessionError("ERR_TIMEOUT", "no answer to the TLS probe")),
    );
    socket.on("data", onData).on("error", onError).on("close", onClose);
  });
}

function handshake(socket: TLSSocket, waitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      socket.off("secureConnect", onDone).off("error", onError).off("close", onClose);
      action();
    };
    const fail = (error: SessionError): void =>
      settle(() => {
        socket.on("error", () => {});
        socket.destroy();
        reject(error);
      });
    const onDone = (): void => settle(resolve);
    const onError = (cause: Error): void =>
      fail(new SessionError("ERR_REFUSED", `TLS failed: ${cause.message}`, { cause }));
    const onClose = (): void => fail(new SessionError("ERR_CLOSED", "closed in the TLS handshake"));
    const timer = deadline(waitMs, () =>
      fail(new SessionError("ERR_TIMEOUT", "the TLS handshake took too long")),
    );
    socket.on("secureConnect", onDone).on("error", onError).on("close", onClose);
  });
}

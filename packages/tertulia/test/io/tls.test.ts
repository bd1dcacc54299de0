import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
} from "node:tls";
import { createIdentity } from "../../src/auth/identity.ts";
import { KnownPeers, type PeerIdentityError } from "../../src/auth/known-peers.ts";
import { tlsAuthenticator, tlsVerifier } from "../../src/auth/tls.ts";
import { connect } from "../../src/io/connect.ts";
import { ALPN, dialerOf } from "../../src/io/dial.ts";
import type { ListenOptions } from "../../src/io/listen.ts";
import { certificate, otherCertificate } from "./certificates.ts";
import { connectTo, errorOf, first, listening, quick, texts } from "./linked.ts";

const schemes = ["tls", "wss"] as const;
type Scheme = (typeof schemes)[number];

/** Our side trusts the node's certificate. */
const trusting: ConnectionOptions = { ca: certificate.cert };

/** A node that lets in whoever has a certificate of an authority it knows. */
const demanding: ListenOptions = {
  verifiers: [tlsVerifier()],
  tls: { requestCert: true, ca: otherCertificate.cert },
};

interface Attempt {
  /** What came of it: the code of the error, and what caused it. */
  readonly here: string;
  /** What the node says of those it turned away. */
  readonly there: readonly string[];
}

/** Tries to get a session, and to say something in it. */
async function attempt(
  scheme: Scheme,
  tls: ConnectionOptions,
  options: ListenOptions = {},
): Promise<Attempt> {
  const there: string[] = [];
  const { listener } = await listening("tls", {
    ...options,
    tls: { ...certificate, ...options.tls },
    onRefused: (_address, error) => there.push(`${error.code}: ${error.message}`),
  });
  await using _ = listener;
  const authenticator = options.verifiers ? { authenticator: tlsAuthenticator } : {};
  try {
    await using session = await connectTo(`${scheme}://localhost:${listener.port}`, {
      ...authenticator,
      tls,
    });
    const server = await first(listener);
    await session.send("hello");
    const [text] = await texts(server, 1);
    const { method, name } = server.identity;
    return { here: `${text} over ${session.transport?.kind} from ${method}:${name}`, there };
  } catch (error) {
    const { code, message, cause } = error as Error & { code: string }; // of ours
    const why = (cause as { code?: string } | undefined)?.code ?? message; // or of Node's
    return { here: `${code}: ${why}`, there };
  }
}

describe("somebody who speaks TLS and nothing of ours", () => {
  it("is said to in words of TLS, without places in OpenSSL's source", async () => {
    const server = createTlsServer({ ...certificate, ALPNProtocols: ["h2"] });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // It listens on TCP, so that it has an address of this form.
    const { port } = server.address() as AddressInfo;
    const dial = connect(`tls://127.0.0.1:${port}`, { tls: trusting });
    const { code, message } = await errorOf(dial);
    server.close();
    assert.equal(`${code}: ${message}`, "ERR_CLOSED: TLS: tlsv1 alert no application protocol");
  });
});

for (const scheme of schemes) {
  const over = scheme === "tls" ? "tls" : "websocket";

  describe(`the node's certificate, over ${scheme}`, () => {
    it("is good: there is a session", async () => {
      const here = `hello over ${over} from none:`;
      assert.deepEqual(await attempt(scheme, trusting), { here, there: [] });
    });

    it("is of nobody we know: ERR_CLOSED with the reason of TLS", async () => {
      const { here } = await attempt(scheme, { ca: otherCertificate.cert });
      assert.match(here, /^ERR_CLOSED: (DEPTH_ZERO_SELF_SIGNED_CERT$|self-signed certificate)/);
    });

    it("has another name than the one we go to: ERR_CLOSED with both", async () => {
      const { here } = await attempt(scheme, { ...trusting, servername: "other.example" });
      assert.match(here, /^ERR_CLOSED: (ERR_TLS_CERT_ALTNAME_INVALID$|.*other\.example)/);
    });

    it("has another key than the one we met there before: refused, however it is signed", async () => {
      const home = mkdtempSync(join(tmpdir(), "tertulia-"));
      const peers = new KnownPeers(join(home, "known_peers"));
      const [before, now] = [createIdentity(), createIdentity()];
      const { listener } = await listening("tls", { tls: now.tls });
      await using _ = listener;
      const where = `127.0.0.1:${listener.port}`;
      await peers.remember(where, before.fingerprint);
      const going = connectTo(`${scheme}://${where}`, {
        tls: { rejectUnauthorized: false },
        checkPeer: (peer) => peers.check(where, peer.keyFingerprint),
      });
      const { code, problem, fingerprint } = (await errorOf(going)) as PeerIdentityError;
      rmSync(home, { recursive: true });
      assert.deepEqual(
        { code, problem, fingerprint, sessions: listener.sessions.size },
        { code: "ERR_REFUSED", problem: "changed", fingerprint: now.fingerprint, sessions: 0 },
      );
    });
  });

  describe(`the certificate of who comes, over ${scheme}`, () => {
    // An HTTP client is not told why: the node hangs up before there is a WebSocket.
    const told = (why: string) =>
      scheme === "tls" ? `ERR_REFUSED: refused: forbidden: ${why}` : "ERR_CLOSED: socket hang up";

    it("is good: the session has its name", async () => {
      const here = `hello over ${over} from tls:tertulia other`;
      const tls = { ...trusting, ...otherCertificate };
      assert.deepEqual(await attempt(scheme, tls, demanding), { here, there: [] });
    });

    it("is of nobody the node knows: both are told", async () => {
      const why = "the TLS client certificate is not good: DEPTH_ZERO_SELF_SIGNED_CERT";
      const tls = { ...trusting, ...certificate };
      assert.deepEqual(await attempt(scheme, tls, demanding), {
        here: told(why),
        there: [`ERR_PROTOCOL: ${why}`],
      });
    });

    it("is missing: both are told", async () => {
      const why = "no TLS client certificate came";
      assert.deepEqual(await attempt(scheme, trusting, demanding), {
        here: told(why),
        there: [`ERR_PROTOCOL: ${why}`],
      });
    });

    it("is another when the session comes back: refused, and the session waits for the first", async () => {
      const [one, other] = [createIdentity(), createIdentity()];
      const { listener } = await listening("tls", {
        verifiers: [tlsVerifier(({ keyFingerprint }) => ({ name: keyFingerprint }))],
        tls: { ...certificate, requestCert: true, rejectUnauthorized: false },
      });
      await using _ = listener;
      let identity = one;
      const address = `${scheme}://localhost:${listener.port}`;
      const dial = (signal: AbortSignal) =>
        dialerOf(address, { tls: { ...trusting, ...identity.tls } })(signal);
      await using client = await connect(dial, { authenticator: tlsAuthenticator, limits: quick });
      const server = await first(listener);
      identity = other;
      client.breakTransport();
      const { outcome, error } = await client.closed;
      assert.deepEqual(
        [outcome, error?.code, server.state, server.identity.name],
        ["unknown", "ERR_REFUSED", "suspended", one.fingerprint],
      );
      assert.match(error?.message ?? "", /forbidden: another key than before/);
    });
  });
}

describe("a TLS session that is resumed", () => {
  it("brings no trust along: who showed no certificate before is refused again", async () => {
    const there: string[] = [];
    const { listener } = await listening("tls", {
      ...demanding,
      tls: { ...certificate, ...demanding.tls },
      onRefused: (_address, { message }) => there.push(message),
    });
    await using _ = listener;
    const options = { port: listener.port, host: "localhost", ALPNProtocols: [ALPN], ...trusting };
    const before = connectTls(options);
    before.write(Uint8Array.of(1));
    const [ticket] = await once(before, "session");
    const again = connectTls({ ...options, session: ticket });
    await once(again, "secureConnect");
    const isReused = again.isSessionReused();
    again.write(Uint8Array.of(1));
    await once(again.resume(), "close");
    const why = "no TLS client certificate came";
    assert.deepEqual([isReused, there], [true, [why, why]]);
  });
});

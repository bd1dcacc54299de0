/**
 * One end of a tunnel as a process of its own, for tests and benches:
 *
 *     node end.js far HOST:PORT            listens, and lets everything through
 *     node end.js near ADDRESS OPTIONS     opens a tunnel; OPTIONS is JSON of TunnelOptions
 *
 * Each prints one line of JSON when it is ready. Keepalive is quick, so that a test need not wait.
 */

import { readFileSync } from "node:fs";
import { connect, listen } from "../../src/index.ts";
import { openTunnel, parseRule, serveTunnel, TUNNEL_SELECTOR } from "../../src/tunnel/index.ts";

const [role, address = "", options = "{}"] = process.argv.slice(2);
const limits = { probeMs: 300, deadMs: 900, backoffMsMax: 500, handshakeMs: 2000 };
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const { TUNNEL_KEY: key, TUNNEL_CERT: cert } = process.env;

if (role === "far") {
  const tls = key && cert ? { tls: { key: readFileSync(key), cert: readFileSync(cert) } } : {};
  const listener = await listen(address, { selectors: [TUNNEL_SELECTOR], limits, ...tls });
  say({ address: listener.address });
  for await (const session of listener) {
    const audit = (entry: object) => say(entry);
    void serveTunnel(session, { allow: [parseRule("any:*:*")], audit });
  }
} else {
  const session = await connect(address, {
    selector: TUNNEL_SELECTOR,
    limits,
    tls: { rejectUnauthorized: false },
  });
  const tunnel = await openTunnel(JSON.parse(options));
  void tunnel.use(session);
  say({ addresses: tunnel.addresses });
  for await (const change of session.changes()) say({ change: change.type });
}

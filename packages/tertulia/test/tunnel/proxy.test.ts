import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { certificate } from "../io/certificates.ts";
import { FAR_ADDRESS } from "../network.ts";
import { findPeer } from "../peers.ts";
import {
  digest,
  forward,
  type ProgramHosts,
  programHosts,
  whenListening,
} from "./program-hosts.ts";

/** As in docs/guide/tunnel.md, with what a test has to say besides. */
function nginxConfig(hosts: ProgramHosts): string {
  const cert = hosts.write("cert.pem", certificate.cert);
  const key = hosts.write("key.pem", certificate.key);
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
    daemon off;
    user root;
    pid ${hosts.path("nginx.pid")};
    error_log stderr;
    events {}
    http {
      access_log off;
      ${folders.map((name) => `${name}_temp_path ${hosts.path(name)};`).join("\n")}
      server {
        listen ${FAR_ADDRESS}:443 ssl;
        ssl_certificate ${cert};
        ssl_certificate_key ${key};
        location / { return 200 "a page like any other"; }
        location /tertulia {
          proxy_pass http://127.0.0.1:7700;
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection "upgrade";
          proxy_read_timeout 1h;
          proxy_send_timeout 1h;
          proxy_buffering off;
        }
      }
    }`;
}

describe("a tunnel behind nginx", { timeout: 180_000 }, () => {
  it("survives cuts, silence and new addresses on port 443, beside a web page", async (t) => {
    using hosts = programHosts(t, "nginx", "nginx", "curl", "socat");
    if (!hosts) return;
    const config = hosts.write("nginx.conf", nginxConfig(hosts));
    hosts.start("far", findPeer("nginx")!, "-c", config, "-p", hosts.folder);
    await whenListening(hosts, 443);
    hosts.start("far", "socat", "TCP-LISTEN:9000,bind=127.0.0.1,fork", "EXEC:cat");
    await whenListening(hosts, 9000);
    const calling = `wss://${FAR_ADDRESS}/tertulia`;
    await hosts.tunnel(
      { local: [forward(9001, 9000)] },
      { listening: "tcp://127.0.0.1:7700", calling },
    );
    const source = hosts.write("source", randomBytes(20_000_000));
    const [failing] = [hosts.misbehave(300)];
    // As fast as 5 MB/s, so that the network has the time to fail.
    const script = `split -b 250000 --filter="cat; sleep 0.05" ${source} |
      socat -t 60 - TCP:127.0.0.1:9001 > ${hosts.path("echo")}`;
    await hosts.run("sh", "-c", script);
    hosts.behave();
    await failing;
    assert.equal(digest(hosts.path("echo")), digest(source));
    assert.ok(hosts.changes.filter((change) => change === "resumed").length >= 2);
    const page = await hosts.run("curl", "-sSk", `https://${FAR_ADDRESS}/`);
    assert.equal(page, "a page like any other");
  });
});

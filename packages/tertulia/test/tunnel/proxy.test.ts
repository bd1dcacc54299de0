import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { FAR_ADDRESS } from "../network.ts";
import { digest, forward, programHosts, whenListening } from "./program-hosts.ts";
import { nginx } from "./servers.ts";

describe("a tunnel behind nginx", { timeout: 180_000 }, () => {
  it("survives cuts, silence and new addresses on port 443, beside a web page", async (t) => {
    using hosts = programHosts(t, "nginx", "nginx", "curl", "socat");
    if (!hosts) return;
    await nginx(hosts);
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

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { connect as connectFromPage } from "../../src/io/browser.ts";
import { browserSuite } from "../../src/io/browser-suite.ts";
import { listen } from "../../src/io/listen.ts";
import { nodeSuite } from "../../src/io/node-suite.ts";
import { findPeer, hasPeers } from "../peers.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { errorOf, eventually, first, listening, numbered, texts } from "./linked.ts";

describe("the suite of browsers", () => {
  it("computes what Node's does", () => {
    const parts = [new Uint8Array([1, 2]), new Uint8Array(100).fill(7)];
    assert.deepEqual(browserSuite.sha256(...parts), new Uint8Array(nodeSuite.sha256(...parts)));
    const key = new Uint8Array(32).fill(3);
    assert.deepEqual(
      browserSuite.hmac(key, ...parts),
      new Uint8Array(nodeSuite.hmac(key, ...parts)),
    );
    const [here, there] = [browserSuite.keyPair(), nodeSuite.keyPair()];
    const [ours, theirs] = [here.agree(there.publicKey), there.agree(here.publicKey)];
    assert.deepEqual(ours, theirs && new Uint8Array(theirs));
    assert.equal(ours?.length, 32);
    assert.equal(browserSuite.random(16).length, 16);
  });

  it("agrees on nothing with a key that is none", () => {
    for (const suite of [browserSuite, nodeSuite]) {
      assert.equal(suite.keyPair().agree(new Uint8Array(32)), undefined);
      assert.equal(suite.keyPair().agree(new Uint8Array(5)), undefined);
    }
  });
});

describe("connect of tertulia/browser, on Node's own WebSocket", () => {
  it("establishes, breaks, resumes and releases", async () => {
    const { listener, address } = await listening("websocket");
    await using _ = listener;
    await using client = await connectFromPage(address, { limits: { backoffMs: 1 } });
    const server = await first(listener);
    await client.send("before");
    assert.deepEqual(await texts(server, 1), ["before"]);
    server.breakTransport();
    await eventually(() => client.state === "suspended" || client.machine.epoch > 0);
    await client.send("behind");
    assert.deepEqual(await texts(server, 1), ["behind"]);
    await client.release();
    assert.equal((await server.closed).outcome, "released");
  });

  it("says when nobody is there, and when there is no such address", async () => {
    assert.equal((await errorOf(connectFromPage("ws://127.0.0.1:1"))).code, "ERR_CLOSED");
    assert.equal((await errorOf(connectFromPage("nowhere at all"))).code, "ERR_ARGUMENT");
  });
});

describe("a page in Chromium", () => {
  it("loses nothing while the link is cut again and again", { timeout: 60_000 }, async (t) => {
    if (!hasPeers(t, "chromium")) return;
    const limits = { probeMs: 200, deadMs: 600 };
    const site = new Site();
    await using listener = await listen("tcp://127.0.0.1:0", { http: site.server, limits });
    await using proxy = await FaultProxy.to(listener.port);
    site.page = pageFor(`ws://127.0.0.1:${proxy.port}`);
    await using _ = new Chromium(`http://127.0.0.1:${listener.port}/`);

    const server = await Promise.race([first(listener), site.failure]);
    const heard: string[] = [];
    const hearing = server.consume((message) => {
      heard.push(message.toString());
    });
    let isOver = false;
    let said = 0;
    const speaking = (async () => {
      while (!isOver) {
        await server.send(`line ${said++}`);
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      await server.send("stop");
    })();
    const faults = [
      () => proxy.cut(),
      () => server.breakTransport(),
      () => proxy.swallow(),
      () => proxy.cut(),
    ];
    for (let round = 0; round < 12; round++) {
      const { length } = heard;
      await Promise.race([eventually(() => heard.length >= length + 20), site.failure]);
      const { epoch } = server.machine;
      faults[round % faults.length]?.();
      await eventually(() => server.machine.epoch > epoch);
    }
    isOver = true;
    await speaking;
    const result = await Promise.race([site.result, site.failure]);
    await hearing;
    assert.deepEqual(result, { outcome: "released", heard: numbered(0, said) });
    assert.deepEqual(heard, numbered(0, heard.length));
    assert.ok(heard.length >= 240);
  });
});

const dist = join(dirname(fileURLToPath(import.meta.url)), "../../src");

/** Where the page finds what it imports: the compiled modules as they are. */
const places: readonly (readonly [prefix: string, folder: string])[] = [
  ["/tertulia/", dist],
  ["/noble-curves/", packageFolder("@noble/curves/ed25519.js")],
  ["/noble-hashes/", packageFolder("@noble/hashes/sha2.js")],
  ["/cborg/", packageFolder("cborg")],
];

function packageFolder(module: string): string {
  return dirname(fileURLToPath(import.meta.resolve(module)));
}

function pageFor(address: string): string {
  const imports = {
    "@noble/curves/": "/noble-curves/",
    "@noble/hashes/": "/noble-hashes/",
    cborg: "/cborg/cborg.js",
  };
  return `<!doctype html><meta charset="utf-8"><title>Tertulia</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script>
  const report = (place, body) => fetch(place, { method: "POST", body: JSON.stringify(body) });
  addEventListener("error", ({ message }) => report("/failure", message));
  addEventListener("unhandledrejection", ({ reason }) => report("/failure", String(reason)));
</script>
<script type="module">
  import { connect } from "/tertulia/io/browser.js";
  const limits = { backoffMs: 1, backoffMsMax: 50 };
  const session = await connect(${JSON.stringify(address)}, { limits });
  const heard = [];
  let isOver = false;
  const speaking = (async () => {
    for (let i = 0; !isOver; i++) {
      await session.send("line " + i);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  })();
  for await (const message of session) {
    if (message.value === "stop") break;
    heard.push(message.value);
  }
  isOver = true;
  await speaking;
  await session.release();
  const { outcome } = await session.closed;
  report("/result", { outcome, heard });
</script>`;
}

/** Serves the page, and takes what it reports. */
class Site {
  page = "";
  readonly server: Server;
  readonly result: Promise<unknown>;
  readonly failure: Promise<never>;

  constructor() {
    const result = Promise.withResolvers<unknown>();
    const failure = Promise.withResolvers<never>();
    // The test may be over before anything fails.
    failure.promise.catch(() => {});
    this.result = result.promise;
    this.failure = failure.promise;
    this.server = createServer(async (request, response) => {
      const url = request.url ?? "/";
      if (request.method === "POST") {
        let body = "";
        for await (const piece of request) body += piece;
        response.end();
        if (url === "/result") result.resolve(JSON.parse(body));
        else failure.reject(new Error(`the page: ${body}`));
        return;
      }
      if (url === "/")
        return response.writeHead(200, { "Content-Type": "text/html" }).end(this.page);
      const place = places.find(([prefix]) => url.startsWith(prefix));
      if (place === undefined) return response.writeHead(404).end();
      const [prefix, folder] = place;
      const source = readFileSync(join(folder, url.slice(prefix.length)));
      return response.writeHead(200, { "Content-Type": "text/javascript" }).end(source);
    });
  }
}

/** Debian's Chromium without a window, on one page, with nothing of anybody's. */
class Chromium implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "tertulia-chromium-"));
  readonly #exit: Promise<unknown>;
  readonly #process: ReturnType<typeof spawn>;

  constructor(url: string) {
    const switches =
      "headless=new no-sandbox disable-gpu disable-quic no-first-run no-proxy-server disable-sync disable-dev-shm-usage disable-background-networking disable-component-update remote-debugging-port=0";
    this.#process = spawn(
      findPeer("chromium") ?? "chromium",
      [...switches.split(" ").map((name) => `--${name}`), `--user-data-dir=${this.#folder}`, url],
      { stdio: "ignore", detached: true },
    );
    this.#exit = new Promise((resolve) => this.#process.once("close", resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It is many processes, which have a group of their own.
    if (this.#process.pid !== undefined) process.kill(-this.#process.pid, "SIGKILL");
    await this.#exit;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

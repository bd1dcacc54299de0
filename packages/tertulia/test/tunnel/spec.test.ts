import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isAllowed,
  parseBind,
  parseForward,
  parseRule,
  parseTarget,
} from "../../src/tunnel/index.ts";

describe("parseForward", () => {
  it("reads all forms", () => {
    assert.deepEqual(parseForward("2222:host:22"), {
      bind: { host: "127.0.0.1", port: 2222 },
      target: { host: "host", port: 22 },
      isFtp: false,
    });
    assert.deepEqual(parseForward("[::1]:0:[2001:db8::1]:21"), {
      bind: { host: "::1", port: 0 },
      target: { host: "2001:db8::1", port: 21 },
      isFtp: true,
    });
    assert.equal(parseForward("ftp:2121:host:2021").isFtp, true);
  });

  it("listens where ssh does", () => {
    const hosts = ["*:", "0.0.0.0:", "[::]:", "[::1]:", "localhost:", ""];
    assert.deepEqual(
      hosts.map((host) => parseForward(`${host}2222:host:22`).bind),
      ["::", "0.0.0.0", "::", "::1", "localhost", "127.0.0.1"].map((host) => ({
        host,
        port: 2222,
      })),
    );
  });

  it("says what it wants instead of what it got", () => {
    for (const text of [
      "",
      "22",
      "22:host",
      "x:host:22",
      "1:host:70000",
      "1:2:3:4:5",
      "[::1:1:h:2",
    ]) {
      assert.throws(() => parseForward(text), { code: "ERR_ARGUMENT" }, text);
    }
    assert.throws(() => parseTarget("host"), /write HOST:PORT/);
  });
});

describe("parseBind", () => {
  it("reads a port, and an address in front of it", () => {
    assert.deepEqual(["1080", "*:1080", "[::1]:0"].map(parseBind), [
      { host: "127.0.0.1", port: 1080 },
      { host: "::", port: 1080 },
      { host: "::1", port: 0 },
    ]);
  });

  it("says what it wants instead of what it got", () => {
    for (const text of ["", "x", "host", "70000", "::1:1080", "1:2:3"]) {
      assert.throws(() => parseBind(text), { code: "ERR_ARGUMENT" }, text);
    }
  });
});

describe("isAllowed", () => {
  const rules = [
    "tcp:db.example:5432",
    "*.lan.example:22",
    "udp:localhost:53",
    "10.0.*:8000-8010@ana",
    "listen:127.0.0.1:*",
  ].map(parseRule);
  const allows = (protocol: "tcp" | "udp" | "listen", target: string, identity = "") =>
    isAllowed(rules, protocol, parseTarget(target), identity);

  it("allows what a rule names, and nothing else", () => {
    assert.equal(allows("tcp", "db.example:5432"), true);
    assert.equal(allows("tcp", "DB.example:5432"), true);
    assert.equal(allows("udp", "db.example:5432"), false);
    assert.equal(allows("tcp", "db.example:5433"), false);
    assert.equal(allows("tcp", "xdb.example:5432"), false);
    assert.equal(allows("tcp", "a.b.lan.example:22"), true);
    assert.equal(allows("tcp", "lan.example.evil:22"), false);
    assert.equal(allows("udp", "localhost:53"), true);
    assert.equal(allows("listen", "127.0.0.1:9"), true);
    assert.equal(allows("listen", "0.0.0.0:9"), false);
  });

  it("keeps a rule to the identity it is for", () => {
    assert.equal(allows("tcp", "10.0.3.4:8005", "ana"), true);
    assert.equal(allows("tcp", "10.0.3.4:8005", "ben"), false);
    assert.equal(allows("tcp", "10.0.3.4:8011", "ana"), false);
  });

  it("matches a pattern of an address with addresses only: a name may lead anywhere", () => {
    assert.equal(allows("tcp", "10.0.1.2:8000", "ana"), true);
    assert.equal(allows("tcp", "10.0.evil.example:8000", "ana"), false);
    assert.equal(allows("tcp", "10.0.1:8000", "ana"), false);
  });

  it("knows an IPv6 address however it is written", () => {
    const rules = ["[::1]:22", "[2001:DB8:0::*]:22"].map(parseRule);
    const allowsHost = (host: string) => isAllowed(rules, "tcp", { host, port: 22 }, "ana");
    const hosts = ["::1", "0:0:0:0:0:0:0:1", "0:0::0001", "::2", "::1.example"];
    assert.deepEqual(hosts.map(allowsHost), [true, true, true, false, false]);
  });

  it("allows nothing without rules", () => {
    assert.equal(isAllowed([], "tcp", { host: "localhost", port: 22 }, "ana"), false);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reasonOf } from "../../src/tunnel/reasons.ts";

describe("the reason of a link that is down", () => {
  it("is said in plain words, with what was said besides", () => {
    const said = [
      "Unexpected server response: 502",
      "Unexpected server response: 404",
      "Unexpected server response: 200",
      "connect ECONNREFUSED 192.0.2.1:7700",
      "connect ENETUNREACH 192.0.2.1:7700 - Local (0.0.0.0:0)",
      "getaddrinfo ENOTFOUND node.example",
      "no session within 10000 ms",
      "read ECONNRESET",
      "write EPIPE",
      "nothing was heard for 8 s",
    ];
    assert.deepEqual(
      said.map((message) => reasonOf(new Error(message))),
      [
        "the proxy there does not reach the node behind it (Unexpected server response: 502)",
        "the server there knows no node at this path (Unexpected server response: 404)",
        "the server there does not lead to a node (Unexpected server response: 200)",
        "nobody listens there (connect ECONNREFUSED 192.0.2.1:7700)",
        "the network is not there (connect ENETUNREACH 192.0.2.1:7700 - Local (0.0.0.0:0))",
        "the name is not found (getaddrinfo ENOTFOUND node.example)",
        "nobody answers there (no session within 10000 ms)",
        "the connection was cut from there (read ECONNRESET)",
        "the connection was cut from there (write EPIPE)",
        "nothing was heard for 8 s",
      ],
    );
  });
});

/**
 * Why there is no link, in words for people.
 *
 * @module
 */

import { messageOf } from "../exit.ts";

/** What a system or a proxy says, and what it means. */
const meanings: readonly (readonly [said: RegExp, meaning: string])[] = [
  [/server response: (502|503|504)\b/, "the proxy there does not reach the node behind it"],
  [/server response: 404\b/, "the server there knows no node at this path"],
  [/server response: (401|403|407)\b/, "the server there lets nobody through to the node"],
  [/server response: \d+/, "the server there does not lead to a node"],
  [/\bECONNREFUSED\b/, "nobody listens there"],
  [
    /:SSL routines:|EPROTO|TLS: (wrong version number|packet length too long)/,
    "what listens there does not speak TLS",
  ],
  [/^Parse Error/, "what listens there does not speak HTTP"],
  [/disconnected before secure TLS/, "the connection was cut from there"],
  [/\b(ECONNRESET|EPIPE)\b|socket hang up/, "the connection was cut from there"],
  [/\b(ENETUNREACH|EHOSTUNREACH|ENETDOWN|EADDRNOTAVAIL)\b/, "the network is not there"],
  [/\b(ENOTFOUND|EAI_AGAIN)\b/, "the name is not found"],
  [/\bETIMEDOUT\b|no session within/, "nobody answers there"],
];

/** What an error means, and what it says. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  const meaning = meanings.find(([said]) => said.test(message))?.[1];
  return meaning === undefined ? message : `${meaning} (${message})`;
}

/**
 * One side of a session as a process of its own: says numbered lines until its standard input ends,
 * and prints those it hears; the initiator then asks for the end.
 *
 *     node lines-process.js listen|connect ADDRESS
 *
 * On standard output: the lines. On standard error: what becomes of the session.
 *
 * @module
 */

import { connect, listen, type Session } from "../../src/index.ts";
import { certificate } from "./certificates.ts";

const [role = "", address = ""] = process.argv.slice(2);
// Loose enough for a machine that does much else besides.
const limits = { probeMs: 300, deadMs: 1200, backoffMs: 20, backoffMsMax: 200, handshakeMs: 4000 };

if (role === "listen") {
  const { key, cert } = certificate;
  const isTls = address.startsWith("tls:");
  const listener = await listen(address, { limits, ...(isTls && { tls: { key, cert } }) });
  console.error("listening");
  for await (const session of listener) {
    await talk(session);
    break;
  }
  await listener[Symbol.asyncDispose]();
} else {
  await talk(await connect(address, { limits, tls: { ca: certificate.cert } }));
}

async function talk(session: Session): Promise<void> {
  const watching = (async () => {
    for await (const { type } of session.changes()) console.error(type);
  })();
  const hearing = (async () => {
    for await (const message of session) process.stdout.write(`${message}\n`);
  })();
  let isToldToStop = false;
  process.stdin.resume().once("end", () => (isToldToStop = true));
  let said = 0;
  while (!isToldToStop) {
    await session.send(`line ${said++}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  console.error(`said ${said}`);
  if (role === "connect") await session.release();
  await hearing;
  await watching;
  console.error(`end ${(await session.closed).outcome}`);
}

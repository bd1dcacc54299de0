/**
 * The session protocol of ISO 8327: its codec, its tables, and data over a real transport.
 *
 * @module
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { decodeTsdu, encodeTsdu, SessionMachine, type Spdu } from "tertulia/iso8327";
import { connectCotp, connectDialogue } from "tertulia/osi";
import type { Case } from "../harness.ts";
import { DATA_OCTETS, MESSAGES, writeSlabs } from "./slab.ts";

const spdus: readonly (readonly Spdu[])[] = [
  [{ type: "GT" }, { type: "DT", userData: new Uint8Array(64) }],
  [{ type: "GT" }, { type: "MIP", syncTypeItem: 1, serialNumber: 1234 }],
  [{ type: "PT" }, { type: "MIA", serialNumber: 1234 }],
  [{ type: "GT", tokenItem: 0x45 }],
  [{ type: "FN", transportDisconnect: 1, userData: new Uint8Array(16) }],
  [
    {
      type: "CN",
      connectAcceptItem: { protocolOptions: 0, versionNumber: 2 },
      sessionUserRequirements: 2,
      callingSessionSelector: Uint8Array.of(0, 1),
      calledSessionSelector: Uint8Array.of(0, 1),
      userData: new Uint8Array(150),
    },
  ],
];
const tsdus = spdus.map((each) => encodeTsdu(...each));
const perTsdu = spdus.flat().length / spdus.length;

/** SPDUs per second of something done with each TSDU in turn. */
async function perSecond(work: (index: number) => void): Promise<number> {
  const rounds = 300_000;
  const start = performance.now();
  for (let i = 0; i < rounds; i++) work(i % tsdus.length);
  return (rounds * perTsdu * 1000) / (performance.now() - start);
}

/** Transitions per second: minor points asked for and confirmed, both ends in this process. */
async function transitions(): Promise<number> {
  const [one, other] = [new SessionMachine(), new SessionMachine()];
  const move = (from: SessionMachine, to: SessionMachine) => {
    for (let output = from.poll(); output; output = from.poll()) {
      if (output.type === "connect") {
        to.transportIndication(false, 0);
        from.transportConfirm(false, 0);
      }
      if (output.type !== "send") continue;
      const { head, octets } = output;
      const tsdu = new Uint8Array(head.length + octets.length);
      tsdu.set(head);
      tsdu.set(octets, head.length);
      to.receive(tsdu, 0);
    }
  };
  one.request({ type: "SCONreq", functionalUnits: ["duplex", "minor"] }, 0);
  move(one, other);
  other.request({ type: "SCONrsp+" }, 0);
  move(other, one);
  const rounds = 50_000;
  const userData = new Uint8Array(8);
  const start = performance.now();
  for (let i = 0; i < rounds; i++) {
    one.request({ type: "SDTreq", userData }, 0);
    move(one, other);
    one.request({ type: "SSYNmreq" }, 0);
    move(one, other);
    other.request({ type: "SSYNmrsp" }, 0);
    move(other, one);
  }
  // Each of the three is a transition at either end.
  return (rounds * 6 * 1000) / (performance.now() - start);
}

/** A process that receives in this way, and the port that it does it on. */
async function receiver(mode: "tertulia" | "slab") {
  const child = fork(new URL("./receiver.ts", import.meta.url), [mode]);
  // The first thing that it says is its port.
  const [port] = (await once(child, "message")) as [number];
  return { child, port };
}

async function tertulia(): Promise<number> {
  const { child, port } = await receiver("tertulia");
  try {
    const dialogue = await connectDialogue(await connectCotp({ port }));
    const userData = new Uint8Array(DATA_OCTETS).fill(1);
    const start = performance.now();
    for (let i = 0; i < MESSAGES; i++) {
      const sent = dialogue.data(userData);
      if (dialogue.mustWait) await sent;
    }
    await dialogue.next();
    const seconds = (performance.now() - start) / 1000;
    await dialogue[Symbol.asyncDispose]();
    return MESSAGES / seconds;
  } finally {
    child.disconnect();
  }
}

async function slab(): Promise<number> {
  const { child, port } = await receiver("slab");
  try {
    const socket = connect({ port, noDelay: true });
    await once(socket, "connect");
    const start = performance.now();
    await writeSlabs(socket);
    await once(socket, "data");
    const seconds = (performance.now() - start) / 1000;
    socket.destroy();
    return MESSAGES / seconds;
  } finally {
    child.disconnect();
  }
}

export const cases: readonly Case[] = [
  {
    name: "osi-encode",
    unit: "SPDU/s",
    better: "higher",
    columns: {
      tertulia: () => perSecond((i) => void encodeTsdu(...(spdus[i] ?? []))),
    },
  },
  {
    name: "osi-decode",
    unit: "SPDU/s",
    better: "higher",
    columns: {
      tertulia: () => perSecond((i) => void decodeTsdu(tsdus[i] ?? new Uint8Array())),
    },
  },
  {
    name: "osi-data-1024",
    unit: "S-DATA/s",
    better: "higher",
    columns: { tertulia, slab },
  },
  {
    name: "osi-transitions",
    unit: "transitions/s",
    better: "higher",
    columns: { tertulia: transitions },
  },
];

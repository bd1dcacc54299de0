import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { awaitDialogue, connectDialogue } from "../../src/dialogue/index.ts";
import { associate, awaitAssociation, MMS } from "../../src/osi/associate.ts";
import { type CotpConnection, connectCotp, listenCotp } from "../../src/osi/cotp.ts";
import { TpktFramer } from "../../src/pure/tpkt/tpkt.ts";
import { hasPeers } from "../peers.ts";
import { MMS_CONTEXT, mmsConversations, valueIn } from "./mms.ts";

interface Chunk {
  readonly direction: "I" | "O";
  readonly octets: Buffer;
}

/** What two peers say over TCP while they do something, with every chunk written down. */
async function overheard(
  call: (transport: CotpConnection) => Promise<void>,
  answer: (transport: CotpConnection) => Promise<void>,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  let answered: Promise<void> = Promise.resolve();
  await using server = await listenCotp({ port: 0 }, (transport) => {
    answered = answer(transport);
  });
  const relay = createServer((near) => {
    const far = connect(server.port, "127.0.0.1");
    near.on("data", (octets: Buffer) => chunks.push({ direction: "O", octets }));
    far.on("data", (octets: Buffer) => chunks.push({ direction: "I", octets }));
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  try {
    // A server that listens on TCP has an address of this kind.
    await call(await connectCotp({ port: (relay.address() as AddressInfo).port }));
    await answered;
  } finally {
    relay.close();
  }
  return chunks;
}

/** What tshark makes of the chunks of a TCP connection: a line for each frame with something. */
function dissect(
  chunks: readonly Chunk[],
  options: readonly string[],
  fields: readonly string[],
): string[] {
  const folder = mkdtempSync(join(tmpdir(), "tertulia-"));
  try {
    const text = join(folder, "chunks.txt");
    const hex = (octets: Buffer) => octets.toString("hex").replace(/../g, "$& ");
    const lines = chunks.map(({ direction, octets }) => `${direction}\n000000 ${hex(octets)}\n`);
    writeFileSync(text, lines.join("\n"));
    const capture = join(folder, "chunks.pcap");
    execFileSync("text2pcap", ["-q", "-D", "-T", "102,40000", text, capture], { stdio: "ignore" });
    const output = execFileSync(
      "tshark",
      ["-r", capture, ...options, "-T", "fields"].concat(fields.flatMap((each) => ["-e", each])),
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    return output.split("\n").filter((line) => line.trim() !== "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("our sessions on the wire, as tshark sees them", () => {
  it("are what they are, from CONNECT to DISCONNECT", async (t) => {
    if (!hasPeers(t, "tshark", "text2pcap")) return;
    const chunks = await overheard(
      async (transport) => {
        const dialogue = await connectDialogue(transport, {
          functionalUnits: ["duplex", "minor", "major", "resynchronize"],
        });
        await dialogue.data(Uint8Array.of(1, 2, 3));
        await dialogue.syncMinor().confirmed;
        await dialogue.syncMajor();
        await dialogue.resynchronize({ resyncType: "set", serialNumber: 50 });
        await dialogue.release();
      },
      async (transport) => {
        const { dialogue } = await awaitDialogue(transport, {});
        dialogue.accept();
        for await (const { type, serialNumber = 0 } of dialogue) {
          if (type === "S-SYNC-MINOR") dialogue.respondSyncMinor(serialNumber);
          if (type === "S-SYNC-MAJOR") dialogue.respondSyncMajor();
          if (type === "S-RESYNCHRONIZE") dialogue.respondResynchronize();
          if (type === "S-RELEASE") dialogue.respondRelease();
        }
      },
    );
    const seen = dissect(
      chunks,
      ["--disable-protocol", "pres", "-Y", "ses"],
      ["ses.type", "ses.serial_number", "_ws.expert.severity"],
    );
    assert.deepEqual(
      seen.map((line) => line.split("\t").slice(0, 2).join(" ").trim()),
      ["13", "14", "1,1,1,49 1", "2,50 1", "1,41 2", "2,42 2", "1,53 50", "2,34 50", "9", "10"],
    );
  });

  it("are MMS associations to it as well", async (t) => {
    if (!hasPeers(t, "tshark", "text2pcap")) return;
    const chunks = await overheard(
      async (transport) => {
        const association = await associate(transport, {
          applicationContext: MMS.applicationContext,
          contexts: [{ id: 3, abstractSyntax: MMS.abstractSyntax }],
          called: { apTitle: "1.1.1.999.1", aeQualifier: 12 },
          mechanism: "2.2.3.1",
          password: "secret",
        });
        await association.release();
      },
      async (transport) => {
        const request = await awaitAssociation(transport);
        for await (const _ of request.accept()) assert.fail();
      },
    );
    const seen = dissect(
      chunks,
      ["-Y", "acse"],
      ["ses.type", "pres.presentation_context_identifier", "acse.aSO_context_name", "acse.result"],
    );
    assert.deepEqual(
      seen.map((line) => line.trim().replaceAll("\t", " ")),
      ["13 1,3,1 1.0.9506.2.3", "14 1 1.0.9506.2.3 0", "9 1", "10 1"],
    );
  });

  it("carry MMS that is to it what a recorded device's is", async (t) => {
    if (!hasPeers(t, "tshark", "text2pcap")) return;
    const fields = ["mms.invokeID", "mms.domainId", "mms.itemId", "_ws.col.Info"];
    for (const { said, asked, answered } of mmsConversations()) {
      const chunks = await overheard(
        async (transport) => {
          const association = await associate(transport, asked);
          const values = association[Symbol.asyncIterator]();
          for (const { side, octets } of said.slice(2)) {
            if (side === "initiator") await association.send(MMS_CONTEXT, valueIn(octets));
            else await values.next();
          }
          await association.release();
        },
        async (transport) => {
          const association = (await awaitAssociation(transport)).accept(answered);
          const values = association[Symbol.asyncIterator]();
          for (const { side, octets } of said.slice(2)) {
            if (side === "initiator") await values.next();
            else await association.send(MMS_CONTEXT, valueIn(octets));
          }
          // The release comes behind them.
          await values.next();
        },
      );
      const recorded = said.map(({ side, octets }) => ({
        direction: side === "initiator" ? ("O" as const) : ("I" as const),
        octets: tpkts(octets),
      }));
      const theirs = dissect(recorded, ["-Y", "mms"], fields);
      assert.ok(theirs.length >= 4);
      assert.deepEqual(dissect(packets(chunks), ["-Y", "mms"], fields), theirs);
    }
  });
});

/** A chunk for each TPKT: tshark has one line for all that comes together. */
function packets(chunks: readonly Chunk[]): Chunk[] {
  const framers = { I: new TpktFramer(), O: new TpktFramer() };
  return chunks.flatMap(({ direction, octets }) => {
    const framer = framers[direction];
    const found: Chunk[] = [];
    framer.push(octets);
    for (let tpdu = framer.next(); tpdu; tpdu = framer.next()) {
      const size = tpdu.length + 4;
      const header = Uint8Array.of(3, 0, size >> 8, size & 0xff);
      found.push({ direction, octets: Buffer.concat([header, tpdu]) });
    }
    return found;
  });
}

/** A TSDU as TPKTs with TPDUs of 1,024 octets. */
function tpkts(tsdu: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < tsdu.length; at += 1000) {
    const part = tsdu.subarray(at, at + 1000);
    const size = part.length + 7;
    const end = at + part.length >= tsdu.length ? 0x80 : 0;
    parts.push(Uint8Array.of(3, 0, size >> 8, size & 0xff, 2, 0xf0, end), part);
  }
  return Buffer.concat(parts);
}

/**
 * `tertulia osi`: read what OSI peers said, and speak with them.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { bitsToUnits, type FunctionalUnit } from "tertulia/iso8327";
import { awaitDialogue, connectCotp, connectDialogue, listenCotp, MMS } from "tertulia/osi";
import { collect } from "../collect.ts";
import { type AssociateCommand, runAssociate } from "./osi-associate.ts";
import { converse, problemWith } from "./osi-converse.ts";
import { printDecoded } from "./osi-decode.ts";

interface PeerOptions {
  readonly units: readonly FunctionalUnit[];
  readonly do: readonly string[];
  readonly json?: boolean;
  readonly callingTsap?: Uint8Array;
  readonly calledTsap?: Uint8Array;
  readonly callingSelector?: Uint8Array;
  readonly calledSelector?: Uint8Array;
  readonly versions: readonly (1 | 2)[];
}

const details = `
  tertulia osi decode capture.pcap --ladder
  tertulia osi listen 10102 --units duplex,expedited
  tertulia osi connect localhost:10102 --do "S-DATA hello" --do S-RELEASE
  tertulia osi associate ied.example:102 --called-tsap 0001`;

/** `tertulia osi`. */
export function command(): Command {
  const osi = new Command("osi").addHelpText("after", details);

  osi
    .command("decode")
    .description("print each SPDU of a capture (pcap, pcapng) or of TSDUs in hex, one a line")
    .argument("<file>", "the file, or - for standard input")
    .addOption(new Option("--ladder", "as a ladder of who said what").conflicts("json"))
    .option("--json", "as one JSON value a line")
    .action(async (file: string, options: { ladder?: boolean; json?: boolean }) => {
      const octets = file === "-" ? await standardInput() : await readFile(file);
      printDecoded(
        octets,
        options,
        (line) => console.log(line),
        (line) => {
          console.error(line);
          process.exitCode = 1;
        },
      );
    });

  peerOptions(osi.command("connect"))
    .description("connect to a session peer, and say what is typed or given by --do")
    .argument(
      "<host:port>",
      "where the peer listens; a port alone is of this machine",
      parseAddress,
    )
    .action(async (address: Address, options: PeerOptions) => {
      const transport = await connectCotp({
        ...address,
        expedited: options.units.includes("expedited"),
        ...(options.callingTsap && { localSelector: options.callingTsap }),
        ...(options.calledTsap && { remoteSelector: options.calledTsap }),
      });
      const dialogue = await connectDialogue(transport, {
        functionalUnits: options.units,
        versions: options.versions,
        ...(options.callingSelector && { callingSelector: options.callingSelector }),
        ...(options.calledSelector && { calledSelector: options.calledSelector }),
      });
      console.log(`S-CONNECT confirm: ${dialogue.functionalUnits.join(", ")}`);
      await converse(dialogue, options.do, { json: options.json ?? false });
    });

  peerOptions(osi.command("listen"))
    .description("wait for a session peer, and say what is typed or given by --do")
    .argument("<[host:]port>", "where to listen; a port alone is for this machine", parseAddress)
    .option("--once", "leave after the first session")
    .action(async (address: Address, options: PeerOptions & { once?: boolean }) => {
      let finish: () => void = () => {};
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const server = await listenCotp(
        {
          ...address,
          ...(options.calledTsap && { localSelector: options.calledTsap }),
        },
        async (transport) => {
          const { dialogue, indication } = await awaitDialogue(transport, {
            versions: options.versions,
            ...(options.calledSelector && { selector: options.calledSelector }),
          });
          console.log(`S-CONNECT indication: ${indication.functionalUnits?.join(", ")}`);
          dialogue.accept();
          await converse(dialogue, options.do, { json: options.json ?? false, stays: true });
          if (!options.once) return;
          await server.close({ drop: true });
          finish();
        },
        (error) => console.error(String(error)),
      );
      console.log(`listening on port ${server.port}`);
      // The command is over when this is: it goes on until it is stopped.
      await finished;
    });

  selectorOptions(osi.command("associate"), [2])
    .description("associate with an application entity (ACSE), MMS by default, and release")
    .argument("<host:port>", "where it listens; a port alone is of this machine", parseAddress)
    .option("--context <oid>", "application context", MMS.applicationContext)
    .addOption(
      new Option("--syntax <oid>", "abstract syntax to propose, again for more")
        .default([], MMS.abstractSyntax)
        .argParser(collect),
    )
    .option("--calling-psel <hex>", "presentation selector of the caller (default: none)", parseHex)
    .option(
      "--called-psel <hex>",
      "presentation selector of the called side (default: none)",
      parseHex,
    )
    .option("--called-ap-title <oid>", "AP title of the called side (default: none)")
    .option(
      "--called-ae-qualifier <number>",
      "AE qualifier of the called side (default: none)",
      wholeNumber,
    )
    .option(
      "--info <hex>",
      "user information in the first context, as an initiate request (default: none)",
      parseHex,
    )
    .action(async (address: Address, options: AssociateCommand) => {
      const isAccepted = await runAssociate(address, options, (line) => console.log(line));
      if (!isAccepted) process.exitCode = 1;
    });
  return osi;
}

function peerOptions(command: Command): Command {
  return selectorOptions(command, [1, 2])
    .addOption(
      new Option("--units <names>", "functional units, separated by commas")
        .default(["duplex"], "duplex")
        .argParser(parseUnits),
    )
    .addOption(
      new Option("--do <request>", "a request to make, in the words of X.215, again for more")
        .default([], "what is typed")
        .argParser(collectRequest),
    )
    .option("--json", "print indications as one JSON value a line");
}

function selectorOptions(command: Command, versions: readonly number[]): Command {
  return command
    .option("--calling-tsap <hex>", "transport selector of the caller (default: none)", parseHex)
    .option(
      "--called-tsap <hex>",
      "transport selector of the called side (default: none)",
      parseHex,
    )
    .option("--calling-selector <hex>", "session selector of the caller (default: none)", parseHex)
    .option(
      "--called-selector <hex>",
      "session selector of the called side (default: none)",
      parseHex,
    )
    .addOption(
      new Option("--versions <list>", "protocol versions to offer or take")
        .default(versions, versions.join())
        .argParser((text) => text.split(",").map(parseVersion)),
    );
}

function collectRequest(line: string, all: readonly string[]): readonly string[] {
  const problem = problemWith(line);
  if (problem) throw new InvalidArgumentError(problem);
  return [...all, line];
}

function parseUnits(text: string): FunctionalUnit[] {
  const names: readonly string[] = bitsToUnits(0xffff);
  const wrong = text.split(",").find((name) => !names.includes(name));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`no functional unit ${wrong}; there are ${names.join(", ")}`);
  }
  return text.split(",") as FunctionalUnit[]; // Each is one of them.
}

function parseVersion(text: string): number {
  if (text !== "1" && text !== "2") throw new InvalidArgumentError("there are versions 1 and 2");
  return Number(text);
}

function parseHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new InvalidArgumentError("not octets in hex");
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("not a whole number");
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function parseAddress(text: string): Address {
  const at = text.lastIndexOf(":");
  const port = Number(/^\d{1,5}$/.exec(text.slice(at + 1))?.[0]);
  if (!(port <= 65_535)) {
    throw new InvalidArgumentError(`no port: ${text}`);
  }
  return { host: at < 0 ? "127.0.0.1" : text.slice(0, at), port };
}

async function standardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * `tertulia netbios`: who is on the LAN, by name; and datagrams and sessions with them.
 *
 * @module
 */

import { Command, InvalidArgumentError, Option } from "commander";
import { isAddress, parseName } from "tertulia/netbios";
import { messageOf } from "../exit.ts";
import { listNames, lookup, register, serveNames, status, watch } from "./netbios-names.ts";
import { call, listen, send } from "./netbios-sessions.ts";

export function command(): Command {
  const netbios = new Command("netbios").addHelpText(
    "after",
    `
Names are written ALICE, ALICE<20> or ALICE#20 (the suffix says what for: 20
file server, 03 messenger, 00 workstation), and ALICE<20>.SCOPE.ID in a scope.

Examples:
  tertulia netbios lookup FILESERVER#20
  tertulia netbios status 192.168.1.20
  tertulia netbios names 192.168.1.0/24
  tertulia netbios register ALICE BOB#03
  tertulia netbios listen ALICE              and elsewhere
  tertulia netbios call ALICE --from BOB
  tertulia netbios send ALICE hello --from BOB
  tertulia netbios watch --json
  tertulia netbios serve-names --database names.db --groups windows`,
  );
  netbios.addCommand(
    common(new Command("lookup"))
      .description("find the addresses of a name")
      .argument("<name>", "whose", nameOf)
      .option("--at <address>", "ask this node (default: everyone, or the name server)", endpointOf)
      .action(lookup),
  );
  netbios.addCommand(
    common(new Command("status"))
      .description("list the names of a node")
      .argument("<target>", "an address, or a name, which is found first")
      .action(status),
  );
  netbios.addCommand(
    common(new Command("names"))
      .description("list who is there: asks every address of a network for its names")
      .argument("[network]", "as 192.168.1.0/24; at most 1024 addresses (default: ours)")
      .action(listNames),
  );
  netbios.addCommand(
    serving(new Command("register"))
      .description("claim names and hold them until interrupted; say what happens to them")
      .argument("[name...]", "those to claim; with --front there may be none", listed(nameOf))
      .option("--group", "as group names")
      .option("--front <socket>", "let processes of this host listen behind our port 139")
      .addOption(
        new Option("--front-mode <mode>", "rights of that socket; 666 for everyone")
          .argParser(modeOf)
          .default(0o660, "660"),
      )
      .option("--session-port <port>", "port of the session service", portOf, 139)
      .action(register),
  );
  netbios.addCommand(
    serving(new Command("serve-names"))
      .description("be a NetBIOS name server (NBNS, WINS)")
      .option("--name <name>", "a name for the server itself (default: none)", nameOf)
      .option("--database <file>", "keep the names in this SQLite file (default: memory)")
      .option("--non-secured", "let claimants ask the old owner themselves")
      .addOption(
        new Option("--groups <how>", "what a query for a group says")
          .choices(["members", "windows"])
          .default("members"),
      )
      .option("--distribute", "be a datagram distribution server (NBDD), too")
      .option(
        "--hook <program>",
        "run this for every change: add|refresh|delete NAME SUFFIX TTL IP…",
      )
      .action(serveNames),
  );
  netbios.addCommand(
    serving(new Command("listen"))
      .description("take sessions of a name: print what comes, send what is typed")
      .argument("<name>", "what to be called by", nameOf)
      .option("--calling <name>", "only from this caller (default: any)", nameOf)
      .option("--echo", "send back what comes")
      .option("--once", "end after the first session")
      .option("--retarget <address:port>", "send callers there instead")
      .option("--behind <socket>", "on a port of our own, behind register --front: no privilege")
      .option("--session-port <port>", "port of the session service", portOf, 139)
      .action(listen),
  );
  netbios.addCommand(
    common(new Command("call"))
      .description("call a name: send what is typed, print what comes")
      .argument("<name>", "whom", nameOf)
      .option("--from <name>", "who is calling", nameOf, "TERTULIA")
      .option("--at <address>", "call this address (default: what the name is found to have)")
      .option("--real-name", "if the name is not there, ask the node for its name and call that")
      .option("--session-port <port>", "port of the session service", sharedPortOf, 139)
      .action(call),
  );
  netbios.addCommand(
    serving(new Command("send"))
      .description("send a datagram of up to 512 octets to a name")
      .argument("<name>", "to whom", nameOf)
      .argument("<text>", "what to send")
      .option("--from <name>", "who is sending", nameOf, "TERTULIA")
      .option("--group", "to all who share the name")
      .option("--datagram-port <port>", "port of the datagram service", sharedPortOf, 138)
      .action(send),
  );
  netbios.addCommand(
    new Command("watch")
      .description("show the broadcast name and datagram traffic of the LAN, decoded, live")
      .option(
        "--address <address>",
        "the interface with this address (default: the first)",
        addressOf,
      )
      .option("--port <port>", "port of the name service", sharedPortOf, 137)
      .option("--datagram-port <port>", "port of the datagram service", sharedPortOf, 138)
      .option("--json", "one line of JSON a packet")
      .action(watch),
  );
  return netbios;
}

/** What every command that asks others takes. */
function common(one: Command): Command {
  return one
    .option("--address <address>", "our own address (default: the first of this host)", addressOf)
    .option(
      "--broadcast <address>",
      "where broadcasts go (default: that of the interface)",
      addressOf,
    )
    .option(
      "--server <address>",
      "a name server, again for more: asked in their order (default: none)",
      listed(endpointOf),
    )
    .addOption(
      new Option(
        "--node-type <type>",
        "how names are found (default: H with a --server, else B)",
      ).choices(["B", "P", "M", "H"]),
    )
    .option("--port <port>", "port of the name service on all nodes", sharedPortOf, 137)
    .option("--json", "one line of JSON a result");
}

/** What every command that answers others takes besides. */
function serving(one: Command): Command {
  return common(one).option(
    "--bind <address>",
    "bind to another address than our own (default: ours)",
    addressOf,
  );
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("a port is a number from 0 to 65535");
}

/** A port that is the same on all nodes: nobody finds who has any that is free. */
function sharedPortOf(text: string): number {
  const port = portOf(text);
  if (port > 0) return port;
  throw new InvalidArgumentError("the port is that of all nodes, a number from 1 to 65535");
}

/** Passes on what can be read as a name. */
function nameOf(text: string): string {
  try {
    parseName(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** Passes on what is an address; RFC 1002 knows no others than these. */
function addressOf(text: string): string {
  if (isAddress(text)) return text;
  throw new InvalidArgumentError("an address is four numbers from 0 to 255, as 192.168.1.20");
}

/** The same with a port behind it, perhaps. */
function endpointOf(text: string): string {
  const [host = "", port, ...rest] = text.split(":");
  if (port !== undefined) sharedPortOf(port);
  addressOf(rest.length === 0 ? host : text);
  return text;
}

/** The same for each of several. */
function listed(check: (text: string) => string) {
  return (one: string, others: readonly string[] = []) => [...others, check(one)];
}

function modeOf(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new InvalidArgumentError("rights are three octal digits, as 660");
}

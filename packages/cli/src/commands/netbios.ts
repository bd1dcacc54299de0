/**
 * `tertulia netbios`: who is on the LAN, by name; and datagrams and sessions with them.
 *
 * @module
 */

import { Command, InvalidArgumentError, Option } from "commander";
import { isAddress, parseName } from "tertulia/netbios";
import { exitHelp, messageOf } from "../exit.ts";
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
  tertulia netbios listen ALICE              and elsewhere
  tertulia netbios call ALICE --from BOB
  tertulia netbios serve-names --database names.db --groups windows
${exitHelp}`,
  );
  netbios.addCommand(
    common(new Command("lookup"))
      .description("Find the addresses of a name")
      .argument("<name>", "", nameOf)
      .option("--at <address>", "ask this node instead of everyone or the name server", endpointOf)
      .action(lookup),
  );
  netbios.addCommand(
    common(new Command("status"))
      .description("List the names of a node")
      .argument("<target>", "an address, or a name, which is found first")
      .action(status),
  );
  netbios.addCommand(
    common(new Command("names"))
      .description("List who is there: asks every address of a network for its names")
      .argument("[network]", "as 192.168.1.0/24; at most 1024 addresses. Default: ours")
      .action(listNames),
  );
  netbios.addCommand(
    serving(new Command("register"))
      .description("Claim names and hold them until interrupted; say what happens to them")
      .argument("[name...]", "", listed(nameOf))
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
      .description("Be a NetBIOS name server (NBNS, WINS)")
      .option("--name <name>", "a name for the server itself", nameOf)
      .option("--database <file>", "keep the names in this SQLite file")
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
      .description("Take sessions of a name: print what comes, send what is typed")
      .argument("<name>", "", nameOf)
      .option("--calling <name>", "only from this caller", nameOf)
      .option("--echo", "send back what comes")
      .option("--once", "end after the first session")
      .option("--retarget <address:port>", "send callers there instead")
      .option("--behind <socket>", "on a port of our own, behind register --front: no privilege")
      .option("--session-port <port>", "port of the session service", portOf, 139)
      .action(listen),
  );
  netbios.addCommand(
    common(new Command("call"))
      .description("Call a name: send what is typed, print what comes")
      .argument("<name>", "", nameOf)
      .option("--from <name>", "who is calling", nameOf, "TERTULIA")
      .option("--at <address>", "call this address instead of finding the name")
      .option("--real-name", "if the name is not there, ask the node for its name and call that")
      .option("--session-port <port>", "port of the session service", portOf, 139)
      .action(call),
  );
  netbios.addCommand(
    serving(new Command("send"))
      .description("Send a datagram of up to 512 octets to a name")
      .argument("<name>", "", nameOf)
      .argument("<text>")
      .option("--from <name>", "who is sending", nameOf, "TERTULIA")
      .option("--group", "to all who share the name")
      .option("--datagram-port <port>", "port of the datagram service", portOf, 138)
      .action(send),
  );
  netbios.addCommand(
    new Command("watch")
      .description("Show the broadcast name and datagram traffic of the LAN, decoded, live")
      .option("--address <address>", "the interface with this address", addressOf)
      .option("--port <port>", "port of the name service", portOf, 137)
      .option("--datagram-port <port>", "port of the datagram service", portOf, 138)
      .option("--json", "one line of JSON a packet")
      .action(watch),
  );
  return netbios;
}

/** What every command that asks others takes. */
function common(one: Command): Command {
  return one
    .option("--address <address>", "our own address. Default: the first of this host", addressOf)
    .option(
      "--broadcast <address>",
      "where broadcasts go. Default: that of the interface",
      addressOf,
    )
    .option(
      "--server <address>",
      "a name server; several are asked in their order",
      listed(endpointOf),
    )
    .addOption(
      new Option("--node-type <type>", "how names are found: B, P, M or H").choices([
        "B",
        "P",
        "M",
        "H",
      ]),
    )
    .option("--port <port>", "port of the name service on all nodes", portOf, 137)
    .option("--json", "one line of JSON a result");
}

/** What every command that answers others takes besides. */
function serving(one: Command): Command {
  return common(one).option("--bind <address>", "bind to another address than our own", addressOf);
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError("a port is a number from 0 to 65535");
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
  if (port !== undefined) portOf(port);
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

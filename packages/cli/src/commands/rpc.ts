/**
 * `tertulia rpc`: make TypeScript of `.x` files, ask and call RPC servers, be the port mapper.
 *
 * @module
 */

import { Command } from "commander";
import { startRpcbind } from "tertulia/rpc";
import { type PingCommand, runDump, runInfo, runPing } from "./rpc-ask.ts";
import { runCall } from "./rpc-call.ts";
import { type FileOptions, fileOptions, type GenerateCommand, runGenerate } from "./rpc-files.ts";
import {
  count,
  type Host,
  type HostOptions,
  hostArgument,
  hostOptions,
  listeningPort,
  number,
  placeOf,
} from "./rpc-host.ts";

const details = `
  tertulia rpc generate clock.x --doc clock.md
  tertulia rpc dump nfs.example
  tertulia rpc info nfs.example 100003
  tertulia rpc ping nfs.example 100003 3
  tertulia rpc call nfs.example mount.x MOUNTPROC3_MNT '"/srv"'
  tertulia rpc portmap --port 0`;

/** `tertulia rpc`. */
export function command(): Command {
  const rpc = new Command("rpc").addHelpText("after", details);

  fileOptions(rpc.command("generate"))
    .description("make TypeScript of a .x file: types, codecs, clients, handlers, fakes")
    .argument("<file.x>", "the description of types and programs, as rpcgen takes it")
    .option(
      "-o, --output <file>",
      "where to write; - is standard output (default: beside it, with .ts)",
    )
    .option("--doc <file>", "write a documentation page, too")
    .option("--runtime <module>", "what the output imports", "tertulia/xdr")
    .option("--watch", "do it again whenever the file changes")
    .action((file: string, options: FileOptions & GenerateCommand) => runGenerate(file, options));

  hostOptions(rpc.command("dump"))
    .description("list what is registered with a host's rpcbind")
    .argument("<host>", "the host, or HOST:PORT; of IPv6 [ADDRESS]:PORT", hostArgument)
    .action((host: Host, options: HostOptions) => runDump(host, options));

  hostOptions(rpc.command("info"))
    .description("say where a program is, and which versions of it answer")
    .argument("<host>", "the host, or HOST:PORT; of IPv6 [ADDRESS]:PORT", hostArgument)
    .argument("<program>", "its number", number)
    .action((host: Host, program: number, options: HostOptions) => runInfo(host, program, options));

  hostOptions(rpc.command("ping"))
    .description("call a program's procedure 0, and say how long it took")
    .argument("<host>", "the host, or HOST:PORT; of IPv6 [ADDRESS]:PORT", hostArgument)
    .argument("<program>", "its number", number)
    .argument("[version]", "its version", number, 1)
    .option("-c, --count <n>", "how often", count, 4)
    .action((host: Host, program: number, version: number, options: PingCommand) =>
      runPing(host, program, version, options),
    );

  fileOptions(hostOptions(rpc.command("call")))
    .description("call a procedure with arguments in JSON, and print the result as JSON")
    .argument("<host>", "the host, or HOST:PORT; of IPv6 [ADDRESS]:PORT", hostArgument)
    .argument("<file.x>", "the description of the program")
    .argument("<procedure>", "its name, as the file has it")
    .argument("[arguments...]", "each argument as JSON: hypers as texts, opaque data in hex")
    .option(
      "--program-version <n>",
      "of several versions, this one (default: the last in the file)",
      number,
    )
    .option("--sys", "say who we are: AUTH_SYS")
    .action(runCall);

  rpc
    .command("portmap")
    .description("be the port mapper: rpcbind versions 2, 3 and 4")
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("-p, --port <port>", "TCP and UDP port; 0: any that is free", listeningPort, 111)
    .option(
      "--path <path>",
      "listen on this Unix socket, too, as libtirpc at /run/rpcbind.sock (default: none)",
    )
    .option("--pass-calls-on", "pass calls on to local services (CALLIT, BCAST, INDIRECT)")
    .option("--json", "say where as JSON")
    .addHelpText(
      "after",
      "\nOnly this machine may register. Over UDP, lists go to this machine only.",
    )
    .action(async (options: PortmapCommand) => {
      const { host, port, path, passCallsOn = false, json } = options;
      const server = await startRpcbind({
        host,
        port,
        passesCallsOn: passCallsOn,
        ...(path !== undefined && { path }),
      });
      const at = server.listening[0]?.port ?? port;
      console.log(
        json ? JSON.stringify({ host, port: at, path }) : `port mapper at ${placeOf(host, at)}`,
      );
      await new Promise((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
      });
      await server.stop(1000);
    });

  return rpc;
}

interface PortmapCommand {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly passCallsOn?: boolean;
  readonly json?: boolean;
}

/**
 * `tertulia rpc`: make TypeScript of `.x` files, ask and call RPC servers, be the port mapper.
 *
 * @module
 */

import { existsSync, readFileSync, watch, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import {
  authSys,
  type Caller,
  connect,
  connectUdp,
  lookup,
  type Procedure,
  RpcbindClient,
  RpcError,
  startRpcbind,
} from "tertulia/rpc";
import {
  compile,
  decodeJson,
  documentModel,
  encodeJson,
  generate,
  IdlError,
  type LexerOptions,
  type Model,
} from "tertulia/rpc/idl";
import { CommandError, exitCodes, exitHelp } from "../exit.ts";

interface FileOptions {
  readonly include: readonly string[];
  readonly define: readonly string[];
}

interface HostOptions {
  readonly port?: number;
  readonly udp?: boolean;
  readonly timeout: number;
  readonly json?: boolean;
  readonly rpcbind: number;
}

/** `tertulia rpc`. */
export function command(): Command {
  const rpc = new Command("rpc").addHelpText("after", exitHelp);

  fileOptions(rpc.command("generate"))
    .description("make TypeScript of a .x file: types, codecs, clients, handlers, fakes")
    .argument("<file.x>", "the description of types and programs, as rpcgen takes it")
    .option(
      "-o, --output <file>",
      "where to write; default: beside it, with .ts; - for standard output",
    )
    .option("--doc <file>", "write a documentation page, too")
    .option("--runtime <module>", "what the output imports", "tertulia/xdr")
    .option("--watch", "do it again whenever the file changes")
    .action((file: string, options: FileOptions & GenerateCommand) => runGenerate(file, options));

  hostOptions(rpc.command("dump"))
    .description("list what is registered with a host's rpcbind")
    .argument("<host>", "the host")
    .action((host: string, options: HostOptions) => runDump(host, options));

  hostOptions(rpc.command("info"))
    .description("say where a program is, and which versions of it answer")
    .argument("<host>", "the host")
    .argument("<program>", "its number", number)
    .action((host: string, program: number, options: HostOptions) =>
      runInfo(host, program, options),
    );

  hostOptions(rpc.command("ping"))
    .description("call a program's procedure 0, and say how long it took")
    .argument("<host>", "the host")
    .argument("<program>", "its number", number)
    .argument("[version]", "its version", number, 1)
    .option("-c, --count <n>", "how often", number, 4)
    .action((host: string, program: number, version: number, options: PingCommand) =>
      runPing(host, program, version, options),
    );

  fileOptions(hostOptions(rpc.command("call")))
    .description("call a procedure with arguments in JSON, and print the result as JSON")
    .argument("<host>", "the host")
    .argument("<file.x>", "the description of the program")
    .argument("<procedure>", "its name, as the file has it")
    .argument("[arguments...]", "each argument as JSON: hypers as texts, opaque data in hex")
    .option("--program-version <n>", "of several versions, this one", number)
    .option("--sys", "say who we are: AUTH_SYS")
    .addHelpText(
      "after",
      `\nFor example:\n  tertulia rpc call 127.0.0.1 mount.x MOUNTPROC3_MNT '"/srv"'`,
    )
    .action(runCall);

  rpc
    .command("portmap")
    .description("be the port mapper: rpcbind versions 2, 3 and 4")
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("-p, --port <port>", "TCP and UDP port", number, 111)
    .option("--path <path>", "listen on this Unix socket, too; libtirpc looks at /run/rpcbind.sock")
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
      console.log(json ? JSON.stringify({ host, port, path }) : `port mapper at ${host}:${port}`);
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

interface GenerateCommand {
  readonly output?: string;
  readonly doc?: string;
  readonly runtime: string;
  readonly watch?: boolean;
}

async function runGenerate(file: string, options: FileOptions & GenerateCommand): Promise<void> {
  const { output = `${file.replace(/\.x$/, "")}.ts`, doc, runtime } = options;
  const once = (): void => {
    const model = modelOf(file, options);
    const text = generate(model, { source: basename(file), runtime });
    if (output === "-") process.stdout.write(text);
    else writeFileSync(output, text);
    if (doc !== undefined) writeFileSync(doc, documentModel(model, basename(file)));
  };
  if (!options.watch) {
    once();
    return;
  }
  const again = (): void => {
    try {
      once();
      console.error(`${output} is new`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  // Editors replace files: the folder is what stays. It is watched before the file is read, so that no
  // change comes in between.
  const watcher = watch(dirname(file), (_, changed) => {
    if (changed !== null && !changed.endsWith(".x")) return;
    clearTimeout(timer);
    timer = setTimeout(again, 50);
  });
  again();
  await new Promise((resolve) => process.once("SIGINT", resolve));
  watcher.close();
}

async function runDump(host: string, options: HostOptions): Promise<void> {
  await using caller = await callerAt(host, options.port ?? options.rpcbind, options);
  const all = await new RpcbindClient(caller).dump({ timeoutMs: options.timeout });
  if (options.json) {
    for (const one of all) console.log(JSON.stringify(one));
    return;
  }
  console.log("   program version netid    address                owner");
  for (const { program, version, netid, address, owner } of all) {
    console.log(
      `${String(program).padStart(10)} ${String(version).padStart(7)} ${netid.padEnd(8)} ${address.padEnd(22)} ${owner}`,
    );
  }
}

async function runInfo(host: string, program: number, options: HostOptions): Promise<void> {
  const port = await portOf(host, program, 1, options);
  await using caller = await callerAt(host, port, options);
  const answers: number[] = [];
  let range: { low: number; high: number } | undefined;
  try {
    // No program has this version; the refusal says which it has.
    await callNull(caller, program, 0xffff_fffe, options.timeout);
  } catch (error) {
    if (!(error instanceof RpcError) || error.low === undefined) throw error;
    range = { low: error.low, high: error.high ?? error.low };
  }
  const last = Math.min(range?.high ?? 0, (range?.low ?? 0) + 63);
  for (let version = range?.low ?? 1; version <= last; version++) {
    try {
      await callNull(caller, program, version, options.timeout);
      answers.push(version);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
    }
  }
  if (options.json) console.log(JSON.stringify({ host, program, port, versions: answers }));
  else console.log(`program ${program} at ${host}:${port}, versions ${answers.join(", ")}`);
}

interface PingCommand extends HostOptions {
  readonly count: number;
}

async function runPing(
  host: string,
  program: number,
  version: number,
  options: PingCommand,
): Promise<void> {
  const port = await portOf(host, program, version, options);
  await using caller = await callerAt(host, port, options);
  for (let i = 0; i < options.count; i++) {
    const start = performance.now();
    await callNull(caller, program, version, options.timeout);
    const ms = Number((performance.now() - start).toFixed(3));
    if (options.json) console.log(JSON.stringify({ host, port, program, version, ms }));
    else console.log(`program ${program} version ${version} at ${host}:${port} answered: ${ms} ms`);
  }
}

interface CallCommand extends FileOptions, HostOptions {
  readonly programVersion?: number;
  readonly sys?: boolean;
}

async function runCall(
  host: string,
  file: string,
  name: string,
  texts: readonly string[],
  options: CallCommand,
): Promise<void> {
  const model = modelOf(file, options);
  const found = model.programs.flatMap((program) =>
    program.versions
      .filter(({ number: one }) => [undefined, one].includes(options.programVersion))
      .flatMap((version) =>
        version.procedures
          .filter((procedure) => procedure.name === name)
          .map((procedure) => ({ program, version, procedure })),
      ),
  );
  const chosen = found.at(-1);
  if (chosen === undefined) {
    throw new CommandError(exitCodes.usage, `${file} has no procedure ${name}`);
  }
  const { program, version, procedure: described } = chosen;
  if (texts.length !== described.arguments.length) {
    const many = described.arguments.length;
    throw new CommandError(exitCodes.usage, `${name} takes ${many} arguments, not ${texts.length}`);
  }
  const values = texts.map((text, index) => jsonOf(text, `argument ${index + 1}`));
  const procedure: Procedure<readonly unknown[], unknown> = {
    name,
    number: described.number,
    isIdempotent: described.isIdempotent,
    encodeArgument: (writer, list) => {
      for (const [index, type] of described.arguments.entries()) {
        encodeJson(type, list[index], writer, `argument ${index + 1}`);
      }
    },
    decodeArgument: () => [],
    encodeResult: () => {},
    decodeResult: (reader) => decodeJson(described.result, reader),
  };
  const port = await portOf(host, program.number, version.number, options);
  await using caller = await callerAt(host, port, options);
  const target = { name: program.name, program: program.number, version: version.number };
  const result = await caller.call(target, procedure, values, { timeoutMs: options.timeout });
  console.log(JSON.stringify(result, undefined, options.json ? undefined : 2));
}

const nullProcedure: Procedure<void, void> = {
  name: "NULL",
  number: 0,
  isIdempotent: true,
  encodeArgument: () => {},
  decodeArgument: () => {},
  encodeResult: () => {},
  decodeResult: () => {},
};

async function callNull(
  caller: Caller,
  program: number,
  version: number,
  timeoutMs: number,
): Promise<void> {
  await caller.call({ name: "", program, version }, nullProcedure, undefined, { timeoutMs });
}

async function callerAt(
  host: string,
  port: number,
  { udp, timeout, sys }: HostOptions & { readonly sys?: boolean },
): Promise<Caller & AsyncDisposable> {
  const auth = sys ? { auth: authSys() } : {};
  if (udp) return await connectUdp({ host, port, ...auth });
  return await connect({ host, port, connectMs: timeout, reconnect: false, ...auth });
}

/** The port that was given, or what rpcbind says. */
async function portOf(
  host: string,
  program: number,
  version: number,
  { port, udp, timeout, rpcbind }: HostOptions,
): Promise<number> {
  if (port !== undefined) return port;
  const transport = udp ? "udp" : "tcp";
  const place = await lookup({
    host,
    program,
    version,
    transport,
    rpcbindPort: rpcbind,
    timeoutMs: timeout,
  });
  if (place !== undefined) return place.port;
  throw new CommandError(
    exitCodes.refused,
    `${host} has not registered ${program} on ${transport}`,
  );
}

function modelOf(file: string, { include, define }: FileOptions): Model {
  const options: LexerOptions = {
    defines: Object.fromEntries(
      define.map((text) => {
        const [name = "", value = "1"] = text.split("=", 2);
        return [name, value];
      }),
    ),
    include: (name, from, isSystem) => {
      const folders = [...(isSystem ? [] : [dirname(from)]), ...include, dirname(from)];
      const path = folders.map((folder) => join(folder, name)).find((one) => existsSync(one));
      return path === undefined ? undefined : { file: path, text: readFileSync(path, "utf8") };
    },
  };
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(exitCodes.usage, `cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return compile(file, text, options);
  } catch (error) {
    if (error instanceof IdlError) throw new CommandError(exitCodes.failed, error.message);
    throw error;
  }
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(exitCodes.usage, `${what} is not JSON: ${(error as Error).message}`);
  }
}

function fileOptions(one: Command): Command {
  return one
    .option("-I, --include <folder>", "where to look for included files", collect, [])
    .option("-D, --define <name=value>", "define a name, as for C", collect, []);
}

function hostOptions(one: Command): Command {
  return one
    .option("-p, --port <port>", "the port; default: what rpcbind says", number)
    .option("--rpcbind <port>", "rpcbind's port", number, 111)
    .option("--udp", "over UDP")
    .option("--timeout <ms>", "how long to wait for each answer", number, 5000)
    .option("--json", "for scripts: one JSON value a line");
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function number(text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new InvalidArgumentError("expected a number, decimal or 0x…");
  }
  return value;
}

/**
 * Standard input and output as a transport: a session with a program that was started, over ssh or
 * here, and the other half of it.
 *
 * @module
 */

import { type SpawnOptions, spawn } from "node:child_process";
import { Duplex, type Readable, type Writable } from "node:stream";
import { SessionError } from "../pure/errors.ts";
import { DuplexTransport } from "./duplex-transport.ts";
import type { Dial, Transport } from "./transport.ts";

/**
 * This process's own standard input and output. Nothing else may read the one or print on the other
 * from then on: `console.error` is still free.
 *
 * @example
 * const listener = new Listener(nodeRuntime());
 * listener.receive(stdioTransport());
 */
export function stdioTransport(): Transport {
  return new DuplexTransport("stdio", joined(process.stdin, process.stdout));
}

/** What `dialProcess` may be told besides the command: as `spawn` of `node:child_process` has it. */
export type ProcessOptions = Pick<SpawnOptions, "cwd" | "env">;

/**
 * Opens a transport by starting a program, to whose standard input and output it leads. Its standard
 * error is ours. When the transport ends the program's input ends; if that does not end the program
 * within two seconds, or when the transport is dropped, it gets SIGTERM. After a break the program
 * is started again: the session behind it has to be somewhere that survives it, as with
 * `ssh HOST nc -U SOCKET`.
 *
 * @throws {SessionError} from the dial: `ERR_CLOSED` when the program cannot be started.
 *
 * @example
 * const session = await connect(dialProcess("ssh", ["host", "nc", "-U", "/run/tertulia.sock"]));
 */
export function dialProcess(
  command: string,
  parameters: readonly string[] = [],
  { cwd, env }: ProcessOptions = {},
): Dial {
  return (signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<Transport>();
    if (signal.aborted) {
      reject(signal.reason);
      return promise;
    }
    const child = spawn(command, parameters, { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
    child.once("error", (error) => {
      reject(new SessionError("ERR_CLOSED", `cannot start ${command}`, { cause: error }));
    });
    child.once("spawn", () => {
      const stream = joined(child.stdout, child.stdin);
      stream.once("close", () => child.kill());
      resolve(new DuplexTransport("stdio", stream));
    });
    return promise;
  };
}

/** One duplex of two pipes. */
function joined(readable: Readable, writable: Writable): Duplex {
  const duplex = new Duplex({
    read() {
      readable.resume();
    },
    write(octets, encoding, done) {
      if (writable.write(octets, encoding)) done();
      else writable.once("drain", done);
    },
    final(done) {
      writable.end(done);
    },
    destroy(error, done) {
      readable.destroy();
      writable.destroy();
      done(error);
    },
  });
  readable.on("data", (octets) => {
    if (!duplex.push(octets)) readable.pause();
  });
  readable.on("end", () => duplex.push(null));
  // A pipe that breaks takes its neighbour with it.
  for (const pipe of [readable, writable]) {
    pipe.on("error", (error) => duplex.destroy(error));
    pipe.on("close", () => {
      if (pipe === writable && !writable.writableFinished) duplex.destroy();
    });
  }
  return duplex;
}

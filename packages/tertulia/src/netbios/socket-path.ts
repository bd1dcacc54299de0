/**
 * A Unix socket at a path, with rights that hold from its first moment.
 *
 * @module
 */

import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { SessionError } from "../pure/errors.ts";

/**
 * Listens at a path. The socket of a process that died is replaced; one that lives is not, and
 * nothing else either.
 *
 * @throws {SessionError} `ERR_REFUSED`.
 */
export async function listenAtPath(server: Server, path: string, mode: number): Promise<void> {
  if (await isServed(path)) {
    throw new SessionError("ERR_REFUSED", `another process serves at ${path}`);
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isSocket()) {
    throw new SessionError("ERR_REFUSED", `${path} is there, and no socket`);
  }
  let folder: string | undefined;
  try {
    // Bound in a folder that nobody else can enter, so that nobody connects before it has its
    // rights. In a folder that is set-group-id, ours is, and so the socket is the group's.
    folder = mkdtempSync(join(dirname(path), ".tertulia-"));
    const hidden = join(folder, "socket");
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(hidden, () => {
        server.off("error", reject);
        resolve();
      });
    });
    chmodSync(hidden, mode);
    renameSync(hidden, path);
  } catch (cause) {
    server.close();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SessionError("ERR_REFUSED", `no socket at ${path}: ${message}`, { cause });
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function isServed(path: string): Promise<boolean> {
  const socket = connect(path);
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  return connected;
}

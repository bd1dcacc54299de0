/**
 * The folder of what its owner alone may read.
 *
 * @module
 */

import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { SessionError } from "../pure/errors.ts";

/**
 * Creates a folder, and those it is in, unless it is there. Not by `recursive` of Node's `mkdir`: that
 * goes on for ever where the system has a folder and lets nobody add to it, as in `/proc`.
 *
 * @throws {SessionError} `ERR_ARGUMENT` when it cannot be.
 */
export async function ensureFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await ensureFolder(parent);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    // Somebody else may have been quicker.
    if (await isFolder(path)) return;
    const { message } = cause as Error; // of `mkdir`
    throw new SessionError("ERR_ARGUMENT", `the folder cannot be created: ${message}`, { cause });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

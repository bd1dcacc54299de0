/**
 * Why a port cannot be had, in words that help: which process has it, or which right is missing.
 *
 * @module
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { SessionError } from "../pure/errors.ts";

/** Which of the three services a port is for. */
export type NetbiosService = "names" | "datagrams" | "sessions";

/** What sets the port of each: in code, and on the command line. */
const OPTIONS: Readonly<Record<NetbiosService, string>> = {
  names: "namePort, --port",
  datagrams: "datagramPort, --datagram-port",
  sessions: "sessionPort, --session-port; or listen behind who has it: listenBehind, --behind",
};

/** The error of a bind, with what to do about it. */
export function bindError(
  cause: NodeJS.ErrnoException,
  service: NetbiosService,
  protocol: "udp" | "tcp",
  address: string,
  port: number,
): SessionError {
  const what = `${protocol.toUpperCase()} port ${port} of ${address}`;
  const other = `or use another port on all nodes (${OPTIONS[service]})`;
  switch (cause.code) {
    case "EADDRINUSE": {
      const holder = portHolder(protocol, port);
      const by = holder ? `in use by ${holder}: stop it` : "in use: stop what has it";
      return new SessionError("ERR_REFUSED", `${what} is ${by}, ${other}`, { cause });
    }
    case "EACCES": {
      const right = "run as root, give Node the capability CAP_NET_BIND_SERVICE";
      return new SessionError("ERR_REFUSED", `${what} needs a privilege: ${right}, ${other}`, {
        cause,
      });
    }
    case "EADDRNOTAVAIL": {
      const hint = "set bindAddress (--bind) if others reach this host by it (a container, NAT)";
      return new SessionError(
        "ERR_ARGUMENT",
        `${address} is not an address of this host: ${hint}`,
        {
          cause,
        },
      );
    }
    default:
      return new SessionError("ERR_REFUSED", `${what}: ${cause.message}`, { cause });
  }
}

/** Name and id of the process that has a port, if this process may know. Linux only. */
export function portHolder(protocol: "udp" | "tcp", port: number): string | undefined {
  const inodes = socketInodes(protocol, port);
  if (inodes.size === 0) return undefined;
  for (const pid of entries("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    for (const descriptor of entries(`/proc/${pid}/fd`)) {
      const target = linkTarget(`/proc/${pid}/fd/${descriptor}`);
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      return `${text(`/proc/${pid}/comm`).trim()} (pid ${pid})`;
    }
  }
  return undefined;
}

function socketInodes(protocol: "udp" | "tcp", port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const inodes = new Set<string>();
  for (const table of [protocol, `${protocol}6`]) {
    for (const line of text(`/proc/net/${table}`).split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(suffix) && fields[9]) inodes.add(fields[9]);
    }
  }
  return inodes;
}

// What cannot be read is another user's, or gone meanwhile: then there is nothing to say of it.
function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

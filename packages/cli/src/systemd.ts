/**
 * A unit of systemd for a command line of ours.
 *
 * @module
 */

import { realpathSync } from "node:fs";
import { exitCodes } from "./exit.ts";

export interface UnitOptions {
  readonly description: string;
  /** The command and its options, behind `tertulia`. */
  readonly words: readonly string[];
  /** A service of the machine, under a user of its own; else of who installs it. */
  readonly isSystem: boolean;
}

/** Where a service of the machine keeps its identity: systemd makes the folder. */
export const SERVICE_HOME = "/var/lib/tertulia";

/** What to write into `/etc/systemd/system` or `~/.config/systemd/user`. */
export function systemdUnit({ description, words, isSystem }: UnitOptions): string {
  const program = [process.execPath, realpathSync(process.argv[1] ?? "")];
  return `\
[Unit]
Description=${description}
Documentation=man:systemd.service(5)
${isSystem ? "After=network-online.target\nWants=network-online.target\n" : ""}
[Service]
Type=exec
ExecStart=${[...program, ...words].map(quoted).join(" ")}
Restart=on-failure
RestartSec=2
KillSignal=SIGTERM
SuccessExitStatus=${exitCodes.interrupted}
TimeoutStopSec=15
LimitNOFILE=65536
NoNewPrivileges=yes
${isSystem ? system : ""}
[Install]
WantedBy=${isSystem ? "multi-user.target" : "default.target"}
`;
}

const system = `\
DynamicUser=yes
StateDirectory=tertulia
StateDirectoryMode=0700
ProtectHome=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
`;

/** systemd.service(5): "%" begins a specifier, "$" a variable; words are quoted as in C. */
function quoted(word: string): string {
  const plain = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[\w@%$+=:,./[\]-]+$/.test(plain)) return plain;
  return `"${plain.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/**
 * Servers of other people on the far host, each with a configuration of our own.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findPeer } from "../peers.ts";
import { type ProgramHosts, whenListening } from "./program-hosts.ts";

/** An sshd on port 2022; the options that its clients need. */
export async function sshd(hosts: ProgramHosts): Promise<string[]> {
  mkdirSync("/run/sshd", { recursive: true });
  for (const name of ["host", "user"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hosts.path(name)]);
  }
  hosts.write("authorized_keys", readFileSync(hosts.path("user.pub")));
  const config = hosts.write(
    "sshd_config",
    [
      "Port 2022",
      `ListenAddress 127.0.0.1`,
      `HostKey ${hosts.path("host")}`,
      `AuthorizedKeysFile ${hosts.path("authorized_keys")}`,
      `PidFile ${hosts.path("sshd.pid")}`,
      "PermitRootLogin yes",
      "StrictModes no",
      "UsePAM no",
      "Subsystem sftp internal-sftp",
    ].join("\n"),
  );
  hosts.start("far", findPeer("sshd")!, "-D", "-f", config);
  await whenListening(hosts, 2022);
  return sshOptions(hosts);
}

function sshOptions(hosts: ProgramHosts): string[] {
  const options = ["StrictHostKeyChecking=no", `UserKnownHostsFile=${hosts.path("known")}`];
  options.push("LogLevel=ERROR", `IdentityFile=${hosts.path("user")}`, "ServerAliveInterval=0");
  return ["-F", "none", ...options.flatMap((option) => ["-o", option])];
}

/** A vsftpd on port 2021, whose folder `ftp/pub` anybody may write. */
export async function vsftpd(hosts: ProgramHosts): Promise<void> {
  mkdirSync(hosts.path("ftp/pub"), { recursive: true, mode: 0o755 });
  execFileSync("chmod", ["755", hosts.folder, hosts.path("ftp")]);
  execFileSync("chmod", ["777", hosts.path("ftp/pub")]);
  mkdirSync("/var/run/vsftpd/empty", { recursive: true });
  const config = hosts.write(
    "vsftpd.conf",
    [
      "listen=YES",
      "listen_address=127.0.0.1",
      "listen_port=2021",
      "background=NO",
      "anonymous_enable=YES",
      "no_anon_password=YES",
      `anon_root=${hosts.path("ftp")}`,
      "write_enable=YES",
      "anon_upload_enable=YES",
      "anon_umask=022",
      "secure_chroot_dir=/var/run/vsftpd/empty",
      "seccomp_sandbox=NO",
      "connect_from_port_20=NO",
      "",
    ].join("\n"),
  );
  hosts.start("far", findPeer("vsftpd")!, config);
  await whenListening(hosts, 2021);
}

/** PostgreSQL on port 5432, and Redis on 6379. */
export async function databases(hosts: ProgramHosts): Promise<ChildProcess> {
  const postgres = spawnSync("sh", ["-c", "ls -d /usr/lib/postgresql/*/bin"], { encoding: "utf8" });
  const bin = postgres.stdout.trim().split("\n").at(-1) ?? "";
  assert.ok(bin, "postgresql is not installed: run scripts/peers.sh");
  execFileSync("chmod", ["777", hosts.folder]);
  const data = hosts.path("pg");
  const asPostgres = ["runuser", "-u", "postgres", "--"];
  const [runuser = "", ...as] = asPostgres;
  execFileSync(runuser, [...as, join(bin, "initdb"), "-D", data, "-A", "trust", "-N"], {
    stdio: "ignore",
  });
  const settings = ["-D", data, "-p", "5432", "-k", hosts.folder, "-h", "127.0.0.1"];
  const server = hosts.start("far", ...asPostgres, join(bin, "postgres"), ...settings);
  hosts.start("far", "redis-server", "--port", "6379", "--save", "", "--bind", "127.0.0.1");
  await whenListening(hosts, 5432);
  await whenListening(hosts, 6379);
  return server;
}

/**
 * Servers of other people on the far host, each with a configuration of our own.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { certificate } from "../io/certificates.ts";
import { FAR_ADDRESS } from "../network.ts";
import { findPeer } from "../peers.ts";
import { type ProgramHosts, whenListening } from "./program-hosts.ts";

const LOOPBACK = "127.0.0.1";

/** An sshd on port 2022; the options that its clients need. */
export async function sshd(hosts: ProgramHosts, at: string = LOOPBACK): Promise<string[]> {
  mkdirSync("/run/sshd", { recursive: true });
  for (const name of ["host", "user"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hosts.path(name)]);
  }
  hosts.write("authorized_keys", readFileSync(hosts.path("user.pub")));
  const config = hosts.write(
    "sshd_config",
    [
      "Port 2022",
      `ListenAddress ${at}`,
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
export async function vsftpd(
  hosts: ProgramHosts,
  at: string = LOOPBACK,
  octetsPerSecond?: number,
): Promise<void> {
  mkdirSync(hosts.path("ftp/pub"), { recursive: true, mode: 0o755 });
  execFileSync("chmod", ["755", hosts.folder, hosts.path("ftp")]);
  execFileSync("chmod", ["777", hosts.path("ftp/pub")]);
  mkdirSync("/var/run/vsftpd/empty", { recursive: true });
  const config = hosts.write(
    "vsftpd.conf",
    [
      "listen=YES",
      `listen_address=${at}`,
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
      // Or a process for a connection has a network of its own, and outlives the hosts.
      "isolate_network=NO",
      "connect_from_port_20=NO",
      ...(octetsPerSecond ? [`anon_max_rate=${octetsPerSecond}`] : []),
      "",
    ].join("\n"),
  );
  hosts.start("far", findPeer("vsftpd")!, config);
  await whenListening(hosts, 2021);
}

/** PostgreSQL on port 5432, and Redis on 6379. */
export async function databases(hosts: ProgramHosts, at: string = LOOPBACK): Promise<ChildProcess> {
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
  // Whoever gets here comes from the other host of the test.
  writeFileSync(join(data, "pg_hba.conf"), "local all all trust\nhost all all all trust\n");
  const settings = ["-D", data, "-p", "5432", "-k", hosts.folder, "-h", at];
  const server = hosts.start("far", ...asPostgres, join(bin, "postgres"), ...settings);
  const open = ["--bind", at, "--protected-mode", "no"];
  hosts.start("far", "redis-server", "--port", "6379", "--save", "", ...open);
  // It listens before it has started up.
  const asked = ["-h", hosts.folder, "-p", "5432"];
  while (spawnSync(join(bin, "pg_isready"), asked).status !== 0) await sleep(30);
  await whenListening(hosts, 6379);
  return server;
}

/** What an nginx is to do otherwise than usual. */
interface NginxOptions {
  /** Where it finds the node. Default: 7700. */
  readonly port?: number;
  /** How long its old processes may go on with what they have, once it reads its settings anew. */
  readonly shutdownTimeout?: string;
}

/** An nginx on port 443 in front of a node. */
export async function nginx(
  hosts: ProgramHosts,
  options: NginxOptions = {},
): Promise<ChildProcess> {
  const config = nginxConfig(hosts, options);
  const server = hosts.start("far", findPeer("nginx")!, "-c", config, "-p", hosts.folder);
  await whenListening(hosts, 443);
  return server;
}

/** Writes its settings: those of docs/guide/tunnel.md, with what a test has to say besides. */
export function nginxConfig(
  hosts: ProgramHosts,
  { port = 7700, shutdownTimeout }: NginxOptions = {},
): string {
  const cert = hosts.write("cert.pem", certificate.cert);
  const key = hosts.write("key.pem", certificate.key);
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const text = `
    daemon off;
    user root;
    ${shutdownTimeout ? `worker_shutdown_timeout ${shutdownTimeout};` : ""}
    pid ${hosts.path("nginx.pid")};
    error_log stderr;
    events {}
    http {
      access_log off;
      ${folders.map((name) => `${name}_temp_path ${hosts.path(name)};`).join("\n")}
      server {
        listen ${FAR_ADDRESS}:443 ssl;
        ssl_certificate ${cert};
        ssl_certificate_key ${key};
        location / { return 200 "a page like any other"; }
        location /tertulia {
          proxy_pass http://127.0.0.1:${port};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection "upgrade";
          proxy_read_timeout 1h;
          proxy_send_timeout 1h;
          proxy_buffering off;
        }
      }
    }`;
  return hosts.write("nginx.conf", text);
}

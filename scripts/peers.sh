#!/usr/bin/env bash
# Installs what the tests and benches run against, from Debian's packages. Run as root. Safe to repeat.
set -euo pipefail
packages=(
  iproute2            # network namespaces
  tshark              # dissectors as an independent judge
  python3-cryptography  # a stranger who has read docs/protocol.md
  strace              # what is synced before what is said
  tmux                # the chat in a real terminal
  systemd             # systemd-analyze, for the units that we print
  nats-server         # JetStream, for npm run bench -- durable
  openssh-server openssh-client vsftpd lftp curl rsync git socat postgresql postgresql-client redis-server redis-tools nginx-light  # tunnels
  chromium            # the browser client
  samba smbclient samba-testsuite nbtscan winbind   # NetBIOS
  rpcbind rpcsvc-proto libtirpc-dev libtirpc-common gcc libc6-dev libnfs-utils nfs-ganesha nfs-ganesha-vfs # ONC RPC
)
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ]; then
  echo "peers.sh: needs root to install: ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# The packages' own daemons must not start here: the tests start what they need, on ports of their own.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.tertulia
chmod +x /usr/sbin/policy-rc.d.tertulia
[ -e /usr/sbin/policy-rc.d ] || { mv /usr/sbin/policy-rc.d.tertulia /usr/sbin/policy-rc.d; made=1; }
trap '[ "${made:-}" = 1 ] && rm -f /usr/sbin/policy-rc.d; rm -f /usr/sbin/policy-rc.d.tertulia' EXIT
apt-get install -y -qq --no-install-recommends "${missing[@]}"

#!/usr/bin/env bash
# Installs the Debian packages that building, showing and testing pg_weir need, and only those that
# are missing: says nothing when all are there. Needs root only when something is missing.
set -euo pipefail

# A server of one's own, named by PG_CONFIG, needs no packages of Debian's.
server_is_there() {
  local pg_config=${PG_CONFIG:-pg_config}
  command -v "$pg_config" >/dev/null && [ -f "$("$pg_config" --pgxs)" ] &&
    [ -x "$("$pg_config" --bindir)/postgres" ]
}

wanted=(g++ make cmake perl libkrb5-dev libgtest-dev libbenchmark-dev libipc-run-perl clang clang-format
  clang-tidy libpq-dev libfmt-dev nlohmann-json3-dev libcli11-dev)
# The page of a simulation is opened in a browser where there is one, and in the long tier.
[ -z "${WEIR_LONG:-}" ] || wanted+=(chromium)
server_is_there || wanted+=(postgresql-15 postgresql-client-15 postgresql-server-dev-15)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "deps: not a Debian system; what is needed here is called there: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "deps: these packages are missing: ${missing[*]}" >&2
  echo "deps: run \"sudo make deps\" once, then go on as before" >&2
  exit 1
fi

# Installing the server's package makes a cluster "main" and starts every cluster of the machine.
# Both are switched off while apt runs: what is there stays as it is, and nothing is added.
cluster_conf=/etc/postgresql-common/createcluster.d/pg_weir.conf
policy=/usr/sbin/policy-rc.d
made_policy=
restore_machine() {
  rm -f "$cluster_conf"
  rmdir --ignore-fail-on-non-empty "$(dirname "$cluster_conf")" 2>/dev/null || true
  [ -z "$made_policy" ] || rm -f "$policy"
}
trap restore_machine EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$(dirname "$cluster_conf")"
echo 'create_main_cluster = false' >"$cluster_conf"
if [ ! -e "$policy" ]; then
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
install_missing() {
  apt-get install -y -q --no-install-recommends "${missing[@]}" >"$log" 2>&1
}
echo "deps: installing ${missing[*]}"
# Fresh or stale package lists make the first attempt fail, and are worth fetching only then.
if ! install_missing && ! { apt-get update -q >>"$log" 2>&1 && install_missing; }; then
  tail -n 20 "$log" >&2
  rm -f "$log"
  echo "deps: could not install the packages above" >&2
  exit 1
fi
rm -f "$log"

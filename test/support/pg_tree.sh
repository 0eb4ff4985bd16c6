#!/usr/bin/env bash
# Copies the PostgreSQL installation that PG_CONFIG names into DIR, so that a build can be installed
# and tried without touching the system's server. The server finds its files relative to its own
# executable, so the copy is complete in itself.
#
# Usage: pg_tree.sh DIR      prints the copy's pg_config, for PG_CONFIG=... make install
set -euo pipefail

dir=$1
pg_config=${PG_CONFIG:-pg_config}
mkdir -p "$dir"
for what in bindir sharedir pkglibdir; do
  path=$("$pg_config" --"$what")
  mkdir -p "$dir$path"
  cp -a "$path/." "$dir$path/"
done
# Headers are only read: a link will do.
include=$("$pg_config" --includedir)
mkdir -p "$dir$(dirname "$include")"
ln -sfn "$include" "$dir$include"

bindir=$("$pg_config" --bindir)
# Debian's pg_config is a wrapper outside bindir in some releases; the real one sits beside initdb.
[ -x "$dir$bindir/pg_config" ] || cp -a "$(readlink -f "$(command -v "$pg_config")")" "$dir$bindir/pg_config"
echo "$dir$bindir/pg_config"

#!/usr/bin/env bash
# Prints the directory of PostgreSQL's own regression suite. Debian ships it in the source package only, which
# is fetched into build/postgresql-source and never unpacked elsewhere; WEIR_PG_SOURCE names a source tree that
# is there already.
#
# The newest version of the installed major release that the mirror still has will do: the suite's output is
# compared with that of the same server without the library, never with another version's.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ -n "${WEIR_PG_SOURCE:-}" ]; then
  [ -f "$WEIR_PG_SOURCE/src/test/regress/regress.c" ] || { echo "no regression suite in $WEIR_PG_SOURCE" >&2; exit 1; }
  echo "$WEIR_PG_SOURCE/src/test/regress"
  exit 0
fi

major=$("${PG_CONFIG:-pg_config}" --version | grep -oE '[0-9]+' | head -n 1)
cache=$root/build/postgresql-source
suite=$cache/$major/src/test/regress
[ ! -f "$suite/regress.c" ] || { echo "$suite"; exit 0; }

# apt that knows the machine's mirrors as sources of source packages, and keeps its state in the cache.
mkdir -p "$cache/lists/partial" "$cache/archives/partial"
: >"$cache/status"
{ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
  grep -vE '^ *#' | grep -oE '(https?|file|copy)://[^] ]+' | grep -E '/debian(-security)?/?$' | sort -u |
  while read -r mirror; do
    suffix=
    case $mirror in *-security*) suffix=-security ;; esac
    # shellcheck disable=SC1091
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $(. /etc/os-release && echo "$VERSION_CODENAME")$suffix main"
  done >"$cache/sources.list"
private_apt() {
  "$@" -q -o Dir::Etc::sourcelist="$cache/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$cache" \
    -o Dir::State::status="$cache/status" -o Dir::Cache="$cache/archives" -o APT::Sandbox::User= \
    -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=60
}

cd "$cache"
private_apt apt-get update >"$cache/log" 2>&1 || { tail -n 5 "$cache/log" >&2; exit 1; }
private_apt apt-cache showsrc "postgresql-$major" | sed -n 's/^Version: //p' | sort -rV >versions
while read -r version; do
  private_apt apt-get source --download-only "postgresql-$major=$version" >>"$cache/log" 2>&1 || continue
  archive=$(find . -maxdepth 1 -name "postgresql-${major}_${version%%-*}.orig.tar.*" | head -n 1)
  [ -n "$archive" ] || continue
  mkdir -p "$major" && tar -xf "$archive" -C "$major" --strip-components=1 --wildcards '*/src/test/regress'
  [ -f "$suite/regress.c" ] && echo "$suite" && exit 0
done <versions
tail -n 5 "$cache/log" >&2
echo "the source of PostgreSQL $major cannot be fetched; WEIR_PG_SOURCE=/path/to/source helps" >&2
exit 1

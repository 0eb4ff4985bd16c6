#!/usr/bin/env bash
# Compiles the sources, syntax only, against the server headers of newer PostgreSQL versions, which are
# fetched as packages of newer Debian suites into build/headers and never installed. The mirror is the
# one this machine uses. Ends in "headers: N passed, N failed, N skipped", counted in versions.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

passed=0
failed=0
skipped=0
cxx=${CXX:-g++}

# Those suites' C library has functions that this one may lack; their headers count on them.
libc_shim=build/headers/libc.h
mkdir -p build/headers
cat >"$libc_shim" <<'SHIM'
#include <stddef.h>
extern "C" size_t strlcpy(char *, const char *, size_t) noexcept;
extern "C" size_t strlcat(char *, const char *, size_t) noexcept;
SHIM

# The first Debian archive among the machine's apt sources, in either format.
mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    grep -vE '^ *#' | grep -oE '(https?|file|copy)://[^] ]+' | grep -E '/debian/?$' | head -n 1
}

# apt that knows one suite and keeps its state in a directory of its own.
suite_apt() {
  local state=$1
  shift
  "$@" -q -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
    -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=30
}

fetch() {
  local version=$1 suite=$2 target=$3 state from
  from=$(mirror)
  [ -n "$from" ] && command -v apt-get >/dev/null || return 1
  state=$PWD/build/headers/apt-$suite
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  : >"$state/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $suite main" >"$state/sources.list"
  (
    [ -n "$(find "$state/lists" -name '*Packages*' -mmin -1440 2>/dev/null)" ] || suite_apt "$state" apt-get update
    cd "$state" && rm -f ./*.deb && suite_apt "$state" apt-get download "postgresql-server-dev-$version"
  ) >"$state/log" 2>&1
  local deb
  deb=$(find "$state" -maxdepth 1 -name "postgresql-server-dev-${version}_*.deb" | head -n 1)
  [ -n "$deb" ] && rm -rf "$target" && mkdir -p "$target" && dpkg -x "$deb" "$target"
}

check() {
  local version=$1 suite target=build/headers/$1 include bad=0
  shift
  include=$target/usr/include/postgresql/$version/server
  for suite in "$@"; do
    [ -d "$include" ] || fetch "$version" "$suite" "$target"
  done
  if [ ! -d "$include" ]; then
    echo "skipped: no server headers of PostgreSQL $version could be had from here"
    skipped=$((skipped + 1))
    return
  fi
  find src -name '*.cpp' | sort | xargs -P "$(nproc)" -I '{}' sh -c '"$@" "{}" || { echo "FAILED: {} with PostgreSQL '"$version"'"; exit 1; }' \
    check "$cxx" -std=gnu++20 -fsyntax-only -fno-rtti -Wall -Wextra -Werror -Wno-missing-field-initializers \
    -Wno-unused-parameter -include "$libc_shim" -isystem "$include" -Isrc || bad=1
  if [ "$bad" -eq 0 ]; then
    echo "ok: $(sed -n 's/^#define PG_VERSION "\(.*\)"/PostgreSQL \1/p' "$include/pg_config.h")"
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
}

check 17 trixie
check 18 forky sid
echo "headers: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

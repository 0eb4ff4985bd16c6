#!/usr/bin/env bash
# Builds the simulation into build/weirsim, and what else is named: build.sh [TARGET...]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
mkdir -p "$root/build"
# The lock keeps two scripts from writing the same files.
build() {
  exec 9>"$root/build/.sim-lock" && flock 9 &&
    cmake -S "$root" -B "$root/build/sim-cmake" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE='-O1' &&
    cmake --build "$root/build/sim-cmake" --parallel "${JOBS:-$(nproc)}" --target weirsim "$@" &&
    cp "$root/build/sim-cmake/weirsim" "$root/build/weirsim.part" &&
    mv "$root/build/weirsim.part" "$root/build/weirsim"
}
if ! build "$@" >"$log" 2>&1; then
  tail -n 60 "$log" >&2
  exit 1
fi

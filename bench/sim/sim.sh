#!/usr/bin/env bash
# Builds the extension and the simulation, and runs weirsim on a throw-away server of a private copy of
# PostgreSQL: nothing of the machine's is touched. The results go to build/sim.
#
# Usage: sim.sh [weirsim's options of "run"]
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../../test/support/server.sh"

scratch_begin
echo 'building the extension and the simulation ...'
"$root/bench/sim/build.sh" || fail 'the simulation could not be built'
build_variant release && install_variant release || fail 'the extension could not be built'
machine
"$root/build/weirsim" run --embedded --bindir "$bindir" --out "$root/build/sim" "$@"

#!/usr/bin/env bash
# Builds the differential tester and the extension, and runs the one against a throw-away server with the
# other. Ends in "differential: N passed, N failed".
#
# Usage: run.sh        SEED=n repeats a run; COUNT=n sets the number of queries (10000);
#                      WINDOWS=1 draws queries over windows;
#                      FINDINGS=dir keeps a script of each distinct failure.
set -uo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/../support/server.sh"

scratch_begin
tester=$root/build/differential/tester
"$root/test/differential/build.sh" "$tester" || fail "the differential tester does not build"
build_variant "${VARIANT:-failpoints}" && install_variant "${VARIANT:-failpoints}" ||
  fail "the extension does not build"
server_start differential weir.capture=off autovacuum=off ||
  fail "no server for the differential tester"

SEED=${SEED:-} COUNT=${COUNT:-10000} WINDOWS=${WINDOWS:-} STOCK_PATIENCE=${STOCK_PATIENCE:-} FINDINGS=${FINDINGS:-} "$tester"
status=$?
server_stop "$scratch/differential"
if grep -E 'PANIC:|TRAP:|terminated by (signal|exception)' "$scratch/log/server-differential.log"; then
  status=1
fi
exit "$status"
